"""Cancellations of shows: what one would give back, and how far it is."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.booking.bookings.domain import State


@dataclass(frozen=True, slots=True)
class RefundSum:
    """What goes back in one currency."""

    currency: str
    amount: int
    """Minor units."""
    bookings: int
    """How many get it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What cancelling shows comes to, as things are."""

    show_ids: Sequence[UUID]
    pending_bookings: int
    """Those that wait for their payment. They come and go by themselves, so no token is bound to their number."""
    refunds: Sequence[RefundSum]

    @property
    def confirmed_bookings(self) -> int:
        """How many bookings have seats that are paid for."""
        return sum(one.bookings for one in self.refunds)

    @property
    def token(self) -> str:
        """Return what stands for these figures: whoever sends it has seen them, or others would give another one."""
        told = (sorted(map(str, self.show_ids)), self.confirmed_bookings, self.told_refunds)
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32]

    @property
    def told_refunds(self) -> str:
        """The refunds in one text."""
        return ",".join(f"{one.currency} {one.amount}" for one in self.refunds)


class Subject(NamedTuple):
    """What is cancelled: a show, or an event with all its shows."""

    show_id: UUID | None = None
    event_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CancelWish:
    """Who wants what cancelled, and why."""

    subject: Subject
    reason: str
    cancelled_by: UUID | None
    """None where callers are not verified."""
    by_admin: bool
    """An admin may cancel a show that is under way."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A cancelled show whose bookings are brought to their ends."""

    show_id: UUID
    event_id: UUID | None
    by_admin: bool
    cancelled_at: datetime | None
    """None: inventory has not said yet that it is cancelled."""
    swept_to: UUID | None
    """The last booking that was looked at in this pass over all of them."""

    @property
    def subject(self) -> Subject:
        """What inventory was asked to cancel."""
        return Subject(event_id=self.event_id) if self.event_id else Subject(show_id=self.show_id)


@dataclass(frozen=True, slots=True)
class SweptBooking:
    """A booking that a sweep has to do something about."""

    id: UUID
    state: State


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A cancelled show, and how far its bookings are."""

    show_id: UUID
    reason: str
    cancelled_by: UUID | None
    requested_at: datetime
    cancelled_at: datetime | None
    done_at: datetime | None
    cancelled_bookings: int
    """That were not paid, and never will be."""
    refunded_bookings: int
    refunding_bookings: int
    """CONFIRMED, and all that is left of them is on its way back."""
    stuck_bookings: int
    """The same, but the gateway has declined what is on its way."""
    unswept_bookings: int
    """That nothing was decided about yet."""
