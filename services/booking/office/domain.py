"""What was sold: lines by day, tier and kind, and what they come to. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Days:
    """From a day to another, both inclusive; None: no bound."""

    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class SalesLine:
    """What was sold, and given back, of one tier and kind on one day; tier and kind are empty where it is no seat's."""

    day: date
    currency: str
    tier: str
    kind: str
    seats: int
    guest_seats: int
    amount: int
    refunded_seats: int
    refunded_amount: int

    @property
    def key(self) -> tuple[date, str, str, str]:
        """What there is one line of."""
        return (self.day, self.currency, self.tier, self.kind)

    def __add__(self, other: "SalesLine") -> "SalesLine":
        """Return what both come to, as a line of the first one's day, tier and kind."""
        return SalesLine(
            *self.key,
            seats=self.seats + other.seats,
            guest_seats=self.guest_seats + other.guest_seats,
            amount=self.amount + other.amount,
            refunded_seats=self.refunded_seats + other.refunded_seats,
            refunded_amount=self.refunded_amount + other.refunded_amount,
        )


def added_up(lines: Iterable[SalesLine]) -> list[SalesLine]:
    """Return lines of several shows as one line for each day, currency, tier and kind, in this order."""
    sums: dict[tuple[date, str, str, str], SalesLine] = {}
    for line in lines:
        sums[line.key] = sums[line.key] + line if line.key in sums else line
    return [sums[key] for key in sorted(sums)]


def totals(lines: Iterable[SalesLine]) -> dict[str, SalesLine]:
    """Return what lines come to, by currency."""
    sums: dict[str, SalesLine] = {}
    for line in lines:
        sums[line.currency] = sums[line.currency] + line if line.currency in sums else line
    return dict(sorted(sums.items()))
