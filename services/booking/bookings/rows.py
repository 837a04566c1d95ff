"""Bookings and their seats, as rows tell of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from services.booking.bookings import statements as sql
from services.booking.bookings.domain import BookedSeat, Booking, BookingRefund
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import Row, read


@retried
async def find_all(db: Database, booking_ids: Sequence[UUID]) -> dict[UUID, Booking]:
    """Return those of the bookings that exist."""
    found = await db.fetch(sql.BOOKINGS, {"ids": list(booking_ids)})
    return {booking.id: booking for booking in read(Booking, found)}


@retried
async def find_owner(db: Database, booking_id: UUID) -> tuple[UUID | None, UUID] | None:
    """Return the organization that a booking's row names, and its show; None where there is no such booking."""
    for row in await db.fetch(sql.OWNER, {"id": booking_id}):
        return row.organization_id, row.show_id
    return None


def seats_by_booking(rows: Sequence[Row]) -> Mapping[UUID, list[BookedSeat]]:
    """Read the rows of statements.SEATS; a booking without any has an empty list."""
    seats: defaultdict[UUID, list[BookedSeat]] = defaultdict(list)
    for row, seat in zip(rows, read(BookedSeat, rows), strict=True):
        seats[row.booking_id].append(seat)
    return seats


def refunds_by_booking(rows: Sequence[Row]) -> Mapping[UUID, list[BookingRefund]]:
    """Read the rows of statements.REFUNDS; a booking without any has an empty list."""
    refunds: defaultdict[UUID, list[BookingRefund]] = defaultdict(list)
    for refund in read(BookingRefund, rows):
        refunds[refund.booking_id].append(refund)
    return refunds
