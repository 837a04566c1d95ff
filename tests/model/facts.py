"""What the model is made of: the rules' numbers, bookings, claims and payments, what is asked for and what is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from tests.model.money import Line, Refund

SEATS, PLACES = 8, 4
"""Seats of the show's one row, and places of its area, which are numbered behind them."""
CAP = 4
HOLD, EXPIRY, EXTENSION, LIFE, MARGIN, LEAST_SESSION = 300, 900, 300, 1800, 120, 5
HOLD_LIFE, HOLD_BUDGET, HOLD_WINDOW = 720, 40, 3600
"""How long a hold may last in all; how many minutes of seats may be held in vain, in what time."""
LASTS = 120 * 60
CODE, CODE_SEATS = "FRIENDS", 2
"""The access code of the show, and how many blocked seats may be had by it at once."""
NOTICE, FULL_REFUND = 3600, 168 * 3600
"""How long before its start a show is not rescheduled any more, and how long all comes back after that it was."""
LATE = 1200
"""How long after a payment began it is decided, where the bank takes its time."""
REFUNDS: Final = ((24 * 3600, 100), (2 * 3600, 50))
SESSIONS, ROUNDS = 10, 3
OVER = ("CANCELLED", "EXPIRED", "REFUNDED")
"""The states in which a booking uses its coupon no more."""

Answer = tuple[Any, ...]
LOST: Answer = ("LOST",)
"""No answer came: what became of the request is not known."""
Seats = frozenset[int]


class Chosen(NamedTuple):
    """What an answer names of places of the area, as its last part."""

    places: tuple[int, ...]


DECLINES = ("pm_decline", "card_decline", "upi_decline", "upi_silent", "netbanking_decline")
DECIDES_AFTER = {"pm_late": LATE, "netbanking_late": LATE, "upi_succeed": 3, "upi_decline": 3, "upi_silent": 60}
ASKS_CODE = "card_3ds"
"""Without a code nothing comes of it."""
UNTOLD = ("pm_never_answer",)
LIES = ("pm_tamper_amount", "pm_tamper_payment")
NO_REFUNDS = "pm_refund_declined"

LEARN: Final = {
    ("PENDING", "CAPTURED"): "SUCCESS",
    ("PENDING", "DECLINED"): "FAILED",
    ("PENDING", "CLOSED"): "FAILED",
    ("PENDING", "EXPIRED"): "EXPIRED",
    ("FAILED", "CAPTURED"): "SUCCESS",
    ("EXPIRED", "CAPTURED"): "SUCCESS",
}
"""What a payment becomes by what its session at the bank has come to."""


@dataclass(frozen=True)
class Claim:
    """A booking's claim on seats, as inventory knows it. One that has lapsed is RESERVED still."""

    user: int
    seats: Seats
    state: str
    since: int
    until: int
    prices: tuple[int, ...] = ()
    """What its seats cost when it was made, in their order."""
    gone: Seats = frozenset()
    """Seats that it was confirmed for, and that were given back."""
    rights: tuple[str, ...] = ()
    """By which it was made on its seats, in their order."""
    order: tuple[int, ...] = ()
    """Its seats as they were asked for; empty: by their numbers."""

    @property
    def in_order(self) -> tuple[int, ...]:
        return self.order or tuple(sorted(self.seats))

    @property
    def left(self) -> Seats:
        return self.seats - self.gone

    def price(self, seat: int) -> int:
        return self.prices[self.in_order.index(seat)]

    def right(self, seat: int) -> str:
        return self.rights[self.in_order.index(seat)]

    def lives(self, now: int) -> bool:
        return self.state == "CONFIRMED" or (self.state == "RESERVED" and self.until > now)


@dataclass(frozen=True)
class Booking:
    user: int
    seats: Seats
    state: str
    until: int
    came_from: str = ""
    """What a CONFIRMING one was."""
    payment: str = ""
    """What has bought the ticket, or is about to."""
    lines: tuple[Line, ...] = ()
    """Of its seats, in their order."""
    coupon: str = ""
    refunds: tuple[Refund, ...] = ()
    begins: int = 0
    """When its show does, as far as booking knows; and so the next two."""
    sales_end: int = 0
    revision: int = 1
    booked: int | None = None
    """When the show was to begin, where it was rescheduled since."""
    is_guests: bool = False
    whole_until: int | None = None
    """Until when all comes back on request, where it was."""
    order: tuple[int, ...] = ()
    """Its seats as they were asked for; empty: by their numbers."""

    @property
    def in_order(self) -> tuple[int, ...]:
        return self.order or tuple(sorted(self.seats))

    def gives_all(self, now: int) -> bool:
        """Tell whether all comes back on request, as the show was rescheduled."""
        return self.whole_until is not None and now < min(self.whole_until, self.begins)

    def counts_from(self, now: int) -> int:
        """Return the start that steps of refunds count from: that which is better for the customer."""
        return self.begins if self.begins <= now else max(self.begins, self.booked or self.begins)

    @property
    def final(self) -> int:
        """What is paid: nothing for a free one, which never has a payment."""
        return sum(line.paid for line in self.lines)

    @property
    def left(self) -> Seats:
        """The seats that nothing was decided about."""
        return self.seats.difference(*(refund.seats for refund in self.refunds))

    def plan(self, wanted: Seats, per_cent: int, *, everything: bool) -> Refund:
        """Return what comes back of seats that are left: what was given back at this share counts as one with it."""
        line = dict(zip(self.in_order, self.lines, strict=True))
        alike = [seat for refund in self.refunds if refund.per_cent == per_cent for seat in refund.seats]
        before = sum(line[seat].base(everything=False) for seat in alike)
        more = sum(line[seat].base(everything=everything) for seat in wanted)
        if wanted == self.left:
            more += sum(it.of_order for it in self.lines)
        amount = (before + more) * per_cent // 100 - before * per_cent // 100
        return Refund(wanted, amount, per_cent, everything)

    @property
    def refunded_share(self) -> int:
        """Return how many per cent of what was paid all its refunds give back."""
        if not self.final:
            return min(refund.per_cent for refund in self.refunds)
        line = dict(zip(self.in_order, self.lines, strict=True))
        weighed = sum(
            line[seat].base(everything=refund.everything) * refund.per_cent
            for refund in self.refunds
            for seat in refund.seats
        )
        if not self.left:
            weighed += sum(it.of_order for it in self.lines) * self.refunds[-1].per_cent
        return weighed // self.final

    def with_refund(self, number: int, **changes: Any) -> Booking:
        """Return the booking with one of its refunds as it has become."""
        refunds = list(self.refunds)
        refunds[number] = replace(refunds[number], **changes)
        return replace(self, refunds=tuple(refunds))

    @property
    def tickets(self) -> Seats:
        """The seats for which it has tickets that are good."""
        return self.left if self.state == "CONFIRMED" else frozenset()

    def reads(self, now: int) -> str:
        """Return what callers see."""
        if self.state == "PENDING" and self.until <= now:
            return "EXPIRED"
        return self.came_from if self.state == "CONFIRMING" else self.state


@dataclass(frozen=True)
class Payment:
    booking: str
    until: int
    state: str = "PENDING"
    """What payment knows of it."""
    bank: str = "OPEN"
    """What the bank's session has come to; nothing where the bank was never asked for one."""
    method: str = ""
    decides: int | None = None
    """When it is decided, if it is under way."""
    recorded: bool = False
    """Whether booking knows of its capture."""
    returned: bool = False
    """Whether all of it goes back."""

    def truth(self, now: int) -> str:
        """Return what the bank says of it."""
        return "EXPIRED" if self.bank == "OPEN" and self.decides is None and self.until <= now else self.bank

    def can_end(self, now: int) -> bool:
        return self.truth(now) == "OPEN" and self.decides is None


@dataclass(frozen=True)
class Request:
    """What somebody asks for; `about` is a booking or a payment."""

    name: str
    user: int = 0
    seats: Seats = frozenset()
    key: str = ""
    about: str = ""
    method: str = ""
    coupon: str = ""
    child: bool = False
    """Whether the ticket of the first seat is for a child."""
    amount: int | None = None
    """What is expected to be paid, or what the list shall say, or when the show shall begin."""
    per_cent: int = 0
    code: str = ""
    """The access code that is given."""
    places: int = 0
    """How many places of the area are wanted."""
    told: tuple[int, ...] = ()
    """Those that the answer names."""
    chosen: tuple[int, ...] = ()
    """Those that it is about, which are among the seats then."""

    @property
    def in_order(self) -> tuple[int, ...]:
        """The seats as they are asked for: places come last."""
        return (*sorted(self.seats.difference(self.chosen)), *self.chosen)

    @property
    def is_for_guests(self) -> bool:
        return self.name == "book_guests"

    @property
    def wish(self) -> tuple[object, ...]:
        """What a key is used for."""
        if self.name == "refund":
            return (self.about, self.seats)
        named = self.seats.difference(self.chosen)
        return (named, self.places, self.coupon, self.child, self.amount, self.code)


@dataclass(frozen=True)
class Tick:
    """One round of a job or relay."""

    name: str


@dataclass(frozen=True)
class Seen:
    """What is seen of Boxoffice. A booking, claim or payment is there under its id."""

    seats: Sequence[tuple[str, int | None, int]]
    """For each seat its status, when that ends, and its price."""
    claims: Mapping[str, tuple[str, int]]
    bookings: Mapping[str, tuple[str, int | None, tuple[int, int]]]
    """State and end, and when the show begins by what revision of it."""
    refunds: Mapping[str, Sequence[tuple[int, int, bool]]]
    """Of each booking, in order: amount, per cent, and whether it was carried out."""
    tickets: Mapping[str, Seats]
    """Of each booking, the seats for which it has tickets that are good."""
    payments: Mapping[str, tuple[str, str, bool, bool]]
    """What payment knows and the bank did, whether booking knows of the capture and payment that it goes back."""
    closed: frozenset[str]
    cancelled: tuple[bool, str]
    """Whether inventory has cancelled the show, and how far booking is with that."""
    messages: frozenset[tuple[str, str]]
    places: Sequence[tuple[str, int | None, int, int | None]]
    """For each place of the area its status, when that ends, its price and whose it is, where somebody has it."""
    counts: tuple[int, ...]
    """How many of them everybody is told to be available, held, booked and blocked."""
