"""Bookings under their locks: what cancels, refunds and captures are decided by."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.booking.bookings import statements as sql
from services.booking.bookings.domain import Booking
from services.booking.errors import BookingNotFound
from services.chassis.store.database import READ_CLOCK, Statement
from services.chassis.store.rows import read
from services.chassis.writes.operation import Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedBookings:
    """Bookings that nobody else changes meanwhile, and what becomes of them."""

    now: datetime
    bookings: dict[UUID, Booking]
    moved: list[Booking] = field(default_factory=list)
    public: list[Booking] = field(default_factory=list)
    """Those of them that have come to another state that callers see."""

    def of_user(self, booking_id: UUID, user_id: UUID) -> Booking:
        """Return a booking of a user; raise BookingNotFound."""
        booking = self.bookings.get(booking_id)
        if booking is None or booking.user_id != user_id:
            raise BookingNotFound()
        return booking

    def move(self, moved: Booking) -> Booking:
        """Note that a booking has moved: those who come after see it as it is now."""
        if moved.recorded_state != self.bookings[moved.id].recorded_state:
            self.public.append(moved)
        self.bookings[moved.id] = moved
        self.moved.append(moved)
        return moved


def locks(booking_ids: Iterable[UUID]) -> dict[str, Statement]:
    """Lock bookings, waiting for each, and then read the clock.

    No desk carries these operations out, so no other command waits behind a lock meanwhile.
    """
    return {
        "bookings": (sql.LOCK_BOOKINGS, {"ids": list(set(booking_ids))}),
        "clock": (READ_CLOCK, ()),
    }


def bookings_of(rows: Rows) -> dict[UUID, Booking]:
    """Return the bookings that were locked, by their ids."""
    return {booking.id: booking for booking in read(Booking, rows["bookings"])}
