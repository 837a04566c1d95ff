"""Bugs of what bookings cost: tax, invoices and credit notes, coupons, free bookings."""

from tests.mutants.mutant import MONEY, REQUESTS, Mutant

INVOICE_RULES = ("tests/booking/test_invoice_rules.py",)
INVOICES = ("tests/booking/test_invoices.py",)
NOTES = ("tests/booking/test_credit_notes.py",)
TAX_RULES = ("tests/booking/test_tax_rules.py",)
FREE = ("tests/booking/test_free_bookings.py",)
COUPONS = ("tests/booking/test_coupon_uses.py",)

MUTANTS = (
    Mutant(
        "a new financial year goes on with the numbers of the old one",
        "Series.next",
        "self.last_number + 1 if year == self.year else 1",
        "self.last_number + 1",
        MONEY,
        INVOICE_RULES,
    ),
    Mutant(
        "a clock that is set back dates an invoice before the one before",
        "Series.next",
        "now if self.last_at is None else max(now, self.last_at)",
        "now",
        MONEY,
        INVOICE_RULES,
    ),
    Mutant(
        "a financial year begins with May",
        "financial_year",
        "local.month >= 4",
        "local.month > 4",
        MONEY,
        INVOICE_RULES,
    ),
    Mutant(
        "a financial year is that of Greenwich",
        "financial_year",
        "at.astimezone(ZoneInfo(zone))",
        "at",
        MONEY,
        INVOICE_RULES,
    ),
    Mutant(
        "the series is not written back",
        "issue",
        "await tx.send(*numbers.advanced())",
        "pass",
        MONEY,
        INVOICES,
    ),
    Mutant("series are not locked", "LOCK_SERIES", " FOR UPDATE OF s", "", MONEY, INVOICES),
    Mutant(
        "a refund of some seats has no credit note",
        "BeginRefunds.write",
        "await invoices.correct(tx, [_given_back(refund, state) for refund in state.begun])",
        "pass",
        MONEY,
        NOTES,
    ),
    Mutant(
        "the note of a seat names all seats",
        "refunds:_given_back",
        "(seat.refund_amount or 0) * (seat.refund_id == refund.id)",
        "seat.refund_amount or 0",
        MONEY,
        NOTES,
    ),
    Mutant(
        "of included tax, the invoice shows the price as taxable",
        "ISSUE_LINES",
        "CASE WHEN b.prices_include_tax THEN s.tax ELSE 0 END",
        "0",
        MONEY,
        INVOICES,
    ),
    Mutant(
        "in another state CGST and SGST are taken",
        "ISSUE_LINES",
        "seller.country = 'IN' AND seller.state = b.place_of_supply AS halves",
        "seller.country = 'IN' AS halves",
        MONEY,
        INVOICES,
    ),
    Mutant(
        "who has no tax number takes tax",
        "Terms.rates",
        "if not self.seller.tax_number:\n    return ()",
        "",
        MONEY,
        TAX_RULES,
    ),
    Mutant("a rule holds after its end", "TaxRule.is_valid", "now < self.valid_until", "True", MONEY, TAX_RULES),
    Mutant(
        "of several rates the dearest tickets' counts",
        "rules_at",
        "(rule.up_to is None, rule.up_to or 0)",
        "(rule.up_to is not None, -(rule.up_to or 0))",
        MONEY,
        TAX_RULES,
    ),
    Mutant("of two kinds of tax one is taken", "_taxes", "rules.tax_parts * part", "part", MONEY, TAX_RULES),
    Mutant(
        "a free booking waits for a payment",
        "finish_bookings",
        "free = [one for one in priced if one.booking.is_free]",
        "free: list[Priced] = []\nto_pay = list(priced)",
        MONEY,
        FREE,
    ),
    Mutant(
        "a free booking's answer is not kept",
        "FinishConfirming.write",
        "if kept := self._answers(state):\n    await answers.keep(tx, *kept)",
        "",
        REQUESTS,
        FREE,
    ),
    Mutant(
        "a refund of nothing goes to payment",
        "Refunds.carry_out",
        "refund.amount == 0",
        "False",
        MONEY,
        FREE,
    ),
    Mutant(
        "a day's free bookings are not counted",
        "count_free",
        "made[booking.user_id] += 1",
        "pass",
        REQUESTS,
        FREE,
    ),
    Mutant(
        "free bookings of yesterday count",
        "LOCK_FREE_BOOKINGS",
        "CASE WHEN known.day = excluded.day THEN known.made ELSE 0 END",
        "known.made",
        REQUESTS,
        FREE,
    ),
    Mutant(
        "who made too many free bookings keeps the seats",
        "CreateBookings._finish",
        "await self._give_up([(booking.id, booking.show.show_id) for booking in too_many])",
        "pass",
        REQUESTS,
        FREE,
    ),
)
