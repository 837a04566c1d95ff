"""Looking bookings up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.booking.domain.bookings import BookedSeat, Booking
from services.booking.domain.errors import BookingNotFound
from services.booking.operations import rows
from services.booking.queries import bookings as sql
from services.chassis.database import READ_CLOCK, Database, retried


@dataclass(frozen=True, slots=True)
class Seen:
    """A booking with its seats, as it stood at `now`."""

    booking: Booking
    seats: Sequence[BookedSeat]
    now: datetime


@retried
async def find(db: Database, booking_id: UUID, user_id: UUID | None) -> Seen:
    """Return a booking; raise BookingNotFound if there is none, or not of `user_id` where that is given."""
    found, seats, clock = await db.fetch_all(
        (sql.BOOKING, (booking_id,)), (sql.SEATS, ([booking_id],)), (READ_CLOCK, ())
    )
    if not found or (user_id is not None and found[0].user_id != user_id):
        raise BookingNotFound()
    return Seen(rows.booking(found[0]), rows.seats_by_booking(seats).get(booking_id, []), clock[0].now)


@retried
async def of_user(db: Database, user_id: UUID, before: UUID | None, limit: int) -> list[Seen]:
    """Return a user's bookings made before the booking `before`, newest first."""
    [clock], found = await db.fetch_all(
        (READ_CLOCK, ()), (sql.BOOKINGS_OF_USER, {"user_id": user_id, "before": before, "limit": limit})
    )
    seats = rows.seats_by_booking(await db.fetch(sql.SEATS, ([row.id for row in found],)))
    return [Seen(rows.booking(row), seats.get(row.id, []), clock.now) for row in found]


@retried
async def find_all(db: Database, booking_ids: Sequence[UUID]) -> dict[UUID, Booking]:
    """Return those of the bookings that exist."""
    found = await db.fetch(sql.BOOKINGS, (list(booking_ids),))
    return {row.id: rows.booking(row) for row in found}
