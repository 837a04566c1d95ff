"""What commands on seats are answered with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.inventory.seats.domain import Reservation, Seat, ShowTimes


@dataclass(frozen=True, slots=True)
class Held:
    """Seats that a user holds."""

    show_id: UUID
    user_id: UUID
    seats: Sequence[Seat]
    currency: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Reserved:
    """A booking's claim, with its seats."""

    reservation: Reservation
    show_id: UUID
    seats: Sequence[Seat]
    currency: str
    times: ShowTimes
    """The show's, as it was then."""


@dataclass(frozen=True, slots=True)
class Extended:
    """A claim that has more time."""

    expires_at: datetime
    times: ShowTimes
    """The show's, as it was then."""


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A claim whose seats are booked."""

    times: ShowTimes
    """The show's, as it was then."""
    seat_ids: Sequence[UUID] = ()
    """The seats, in the order of the claim, where places of areas are among them: these may be others by now."""
