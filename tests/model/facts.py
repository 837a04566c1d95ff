"""What the model is made of: the rules' numbers, bookings, claims and payments, what is asked for and what is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

CAP, PRICE = 4, 25_001
HOLD, EXPIRY, EXTENSION, LIFE, MARGIN, LEAST_SESSION = 300, 900, 300, 1800, 120, 5
HOLD_LIFE, HOLD_BUDGET, HOLD_WINDOW = 720, 40, 3600
"""How long a hold may last in all; how many minutes of seats may be held in vain, in what time."""
LASTS = 120 * 60
LATE = 1200
"""How long after a payment began it is decided, where the bank takes its time."""
REFUNDS: Final = ((24 * 3600, 100), (2 * 3600, 50))
SESSIONS, ROUNDS = 10, 3

Answer = tuple[Any, ...]
LOST: Answer = ("LOST",)
"""No answer came: what became of the request is not known."""
Seats = frozenset[int]

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
    refund: tuple[int, int] = (0, 0)
    """The amount and the per cent that were decided."""

    @property
    def total(self) -> int:
        return PRICE * len(self.seats)

    def reads(self, now: int) -> str:
        """Return what callers see."""
        if self.state == "PENDING" and self.until <= now:
            return "EXPIRED"
        return {"CONFIRMING": self.came_from, "REFUNDING": "CONFIRMED"}.get(self.state, self.state)


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


@dataclass(frozen=True)
class Tick:
    """One round of a job or relay."""

    name: str


@dataclass(frozen=True)
class Seen:
    """What is seen of Boxoffice. A booking, claim or payment is there under its id."""

    seats: Sequence[tuple[str, int | None]]
    """For each seat its status and when that ends."""
    claims: Mapping[str, tuple[str, int]]
    bookings: Mapping[str, tuple[str, int | None]]
    """State and end."""
    payments: Mapping[str, tuple[str, str, bool, bool]]
    """What payment knows and the bank did, whether booking knows of the capture and payment that it goes back."""
    closed: frozenset[str]
    messages: frozenset[tuple[str, str]]
