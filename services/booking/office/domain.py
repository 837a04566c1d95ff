"""What was sold, by day, tier and kind; what bookings are searched by; what an export has of them. No I/O."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.chassis.errors import InvalidField
from services.chassis.values.words import words_of

NUMBER = "[2-9A-HJKMNP-Z]{10}"
"""Of a booking, as new_booking_number draws it."""

LETTERS = 3
"""So many of a word are typed at least: fewer would find half of all customers."""

MAX_WORDS = 5


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody searches bookings by."""

    number: str | None
    """The number of a booking that it may be."""
    words: Sequence[str]
    """The beginnings of words of a name, the longest first; empty where it can be no name."""


def parse_wanted(text: str) -> Wanted:
    """Return what a text may stand for; raise InvalidField where it is neither a number nor a name."""
    number = "".join(text.split()).replace("-", "").upper()
    words = sorted(dict.fromkeys(words_of(text)), key=len, reverse=True)
    is_number = re.fullmatch(NUMBER, number) is not None
    if not is_number and (not words or len(words[0]) < LETTERS):
        raise InvalidField(("q", f"must be the number of a booking, or have {LETTERS} letters of a word of a name"))
    if len(words) > MAX_WORDS:
        raise InvalidField(("q", f"must have {MAX_WORDS} words at most"))
    return Wanted(number if is_number else None, words if words and len(words[0]) >= LETTERS else [])


@dataclass(frozen=True, slots=True)
class ExportedBooking:
    """A booking as an export tells of it."""

    id: UUID
    user_id: UUID
    booking_number: str
    status: str
    created_at: datetime
    confirmed_at: datetime | None
    guest_name: str | None
    seats: str
    """Those that are left."""
    refunded_seats: str
    currency: str
    paid_amount: int
    refunded_amount: int


@dataclass(frozen=True, slots=True)
class Export:
    """An export of bookings, as it is kept."""

    id: UUID
    show_id: UUID
    exported_by: UUID | None
    """None: unverified."""
    with_contacts: bool
    bookings: int
    began_at: datetime | None
    """None: it is about to begin."""
    completed_at: datetime | None
