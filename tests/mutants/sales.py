"""Bugs of the end of sales: what outlives it, and who says when it is."""

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant

COMMANDS = "services/inventory/domain/commands.py"
SEATS_SQL = "services/inventory/queries/seats.py"

RULES = ("tests/inventory/test_seat_rules.py",)
END = ("tests/booking/test_end_of_sales.py",)

MUTANTS = (
    Mutant(
        "a hold outlives sales",
        COMMANDS,
        "until = show.until(now + rules.hold)",
        "until = now + rules.hold",
        SEATS,
        RULES,
    ),
    Mutant(
        "a reservation outlives sales",
        COMMANDS,
        "until = show.until(now + min(self.ttl, rules.reservation_max))",
        "until = now + min(self.ttl, rules.reservation_max)",
        SEATS,
        RULES,
    ),
    Mutant(
        "an extension passes the end of sales",
        COMMANDS,
        "max(known.expires_at, show.until(min(now + self.ttl, known.reserved_at + rules.reservation_max)))",
        "max(known.expires_at, min(now + self.ttl, known.reserved_at + rules.reservation_max))",
        SEATS,
        RULES,
    ),
    Mutant(
        "a claim that is alive is extended after the end of sales",
        COMMANDS,
        "if known is None or not known.is_alive(now) or not show.sells(now):",
        "if known is None or not known.is_alive(now):",
        SEATS,
        RULES,
    ),
    Mutant(
        "a claim that is alive is confirmed after the end of sales",
        COMMANDS,
        "if not show.sells(now) or not (known.is_alive(now) or self._may_revive(",
        "if not (known.is_alive(now) or show.sells(now) and self._may_revive(",
        MONEY,
        RULES,
    ),
    Mutant(
        "seats are sold after the end of sales",
        COMMANDS,
        "    if not show.sells(now):\n        raise SalesEnded()\n",
        "",
        SEATS,
        RULES,
    ),
    Mutant(
        "the last instant of sales is one too many",
        "services/inventory/domain/seats.py",
        "return now < self.sales_end_at",
        "return now <= self.sales_end_at",
        SEATS,
        RULES,
    ),
    Mutant(
        "a show without an end of sales sells for ever",
        SEATS_SQL,
        "SELECT show_id, starts_at, coalesce(sales_end_at, starts_at) AS sales_end_at,",
        "SELECT show_id, starts_at, coalesce(sales_end_at, 'infinity') AS sales_end_at,",
        SEATS,
        END,
    ),
    Mutant(
        "a booking has the end of sales that booking remembers",
        "services/booking/saga.py",
        "answer.sales_end_at or command.show.sales_end_at,",
        "command.show.sales_end_at,",
        REQUESTS,
        END,
    ),
    Mutant(
        "a session outlives sales",
        "services/payment/domain/payments.py",
        "expires_at = min(booking.expires_at, booking.sales_end_at) - margin",
        "expires_at = booking.expires_at - margin",
        MONEY,
        ("tests/payment/test_payment_domain.py",),
    ),
)
