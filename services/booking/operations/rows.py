"""Rows as domain objects."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from services.booking.domain.bookings import BookedSeat, BookedShow, Booking, State


def booking(row: Any) -> Booking:
    """Read a row of queries.bookings.COLUMNS."""
    return Booking(
        row.id,
        row.user_id,
        State(row.state),
        row.version,
        State(row.confirming_from) if row.confirming_from else None,
        row.total_amount,
        row.currency,
        row.expires_at,
        row.created_at,
        row.updated_at,
        row.payment_id,
        row.refund_amount,
        row.refund_percentage,
        BookedShow(
            row.show_id,
            row.event_id,
            row.is_movie,
            row.title,
            row.theatre,
            row.city,
            row.screen,
            row.starts_at,
            row.sales_end_at,
        ),
        row.seat_labels,
    )


def seats_by_booking(rows: Iterable[Any]) -> dict[UUID, list[BookedSeat]]:
    """Read rows of queries.bookings.SEATS."""
    seats: dict[UUID, list[BookedSeat]] = {}
    for row in rows:
        seats.setdefault(row.booking_id, []).append(BookedSeat(*row[1:]))
    return seats
