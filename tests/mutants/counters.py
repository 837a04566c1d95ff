"""Bugs of the box office in the shop: pages for whom they are not, and refunds that were not seen."""

from tests.mutants.mutant import MONEY, REQUESTS, Mutant

ACTING = ("tests/web/test_office_acting.py",)
PAGES = ("tests/web/test_office.py",)

MUTANTS = (
    Mutant(
        "an officer acts for an organization in which they are no member",
        "acting_for",
        "not role and not visit.claims.is_admin",
        "False",
        REQUESTS,
        ACTING,
    ),
    Mutant(
        "every member may do what a role may",
        "Acting.need",
        "not self.may(roles)",
        "False",
        REQUESTS,
        ACTING,
    ),
    Mutant(
        "an officer refunds another amount than was shown",
        "office:refund",
        'form.get("agreed") != f"{seen.refund_amount}"',
        "False",
        MONEY,
        PAGES,
    ),
    Mutant(
        "a refund of nothing is shown as what the time gives",
        "office:_missing",
        "1 <= percentage <= 100",
        "percentage <= 100",
        MONEY,
        PAGES,
    ),
    Mutant(
        "a look at a granted refund shows what the time gives",
        "RefundMethods.PreviewRefund",
        "granted is not None and cause != RefundCause.SHOW_CANCELLED",
        "False",
        MONEY,
        ("tests/booking/test_refunds_of_seats.py",),
    ),
    Mutant(
        "all stuck refunds are tried again where some are named",
        "REDRIVE_SOME",
        "AND id = ANY(%(ids)s)",
        "AND %(ids)s::uuid[] IS NOT NULL",
        MONEY,
        ("tests/payment/test_stuck_refunds.py",),
    ),
)
