"""Bugs of the end of sales: what outlives it, and who says when it is."""

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant

RULES = ("tests/inventory/test_seat_rules.py",)
END = ("tests/booking/test_end_of_sales.py",)

MUTANTS = (
    Mutant(
        "a hold outlives sales",
        "Hold.apply",
        "show.until(now + rules.hold)",
        "now + rules.hold",
        SEATS,
        RULES,
    ),
    Mutant(
        "a reservation outlives sales",
        "Reserve.apply",
        "show.until(now + min(self.ttl, rules.reservation_max))",
        "now + min(self.ttl, rules.reservation_max)",
        SEATS,
        RULES,
    ),
    Mutant(
        "an extension passes the end of sales",
        "Extend.apply",
        "show.until(min(now + self.ttl, known.reserved_at + rules.reservation_max))",
        "min(now + self.ttl, known.reserved_at + rules.reservation_max)",
        SEATS,
        RULES,
    ),
    Mutant(
        "a claim that is alive is extended after the end of sales",
        "Extend.apply",
        "known is None or not known.is_alive(now) or (not show.sells(now))",
        "known is None or not known.is_alive(now)",
        SEATS,
        RULES,
    ),
    Mutant(
        "a claim that is alive is confirmed after the end of sales",
        "Confirm.apply",
        "not show.sells(now) or not (known.is_alive(now) or self._may_revive(show, known.user_id, seats, now, rules))",
        "not (known.is_alive(now) or (show.sells(now) and self._may_revive(show, known.user_id, seats, now, rules)))",
        MONEY,
        RULES,
    ),
    Mutant(
        "seats are sold after the end of sales",
        "check_on_sale",
        "if not show.sells(now):\n    raise SalesEnded()",
        "",
        SEATS,
        RULES,
    ),
    Mutant(
        "the last instant of sales is one too many",
        "LockedShow.sells",
        "now < self.sales_end_at",
        "now <= self.sales_end_at",
        SEATS,
        RULES,
    ),
    Mutant(
        "a show without an end of sales sells for ever",
        "LOCK_SHOWS",
        "SELECT show_id, starts_at, coalesce(sales_end_at, starts_at) AS sales_end_at,",
        "SELECT show_id, starts_at, coalesce(sales_end_at, 'infinity') AS sales_end_at,",
        SEATS,
        END,
    ),
    Mutant(
        "a booking has the end of sales that booking remembers",
        "Booking.created",
        "reservation.sales_end(show.sales_end_at, show.show_revision)",
        "show.sales_end_at",
        REQUESTS,
        END,
    ),
    Mutant(
        "a session outlives sales",
        "choose_session",
        "min(booking.expires_at, booking.sales_end_at)",
        "booking.expires_at",
        MONEY,
        ("tests/payment/test_payment_domain.py",),
    ),
)
