"""What other services are told of a cancelled booking."""

from uuid import UUID

from services.booking.bookings.domain import Booking
from services.booking.messages import CLOSURES, give_up
from services.chassis.writes.outbox import Message


def cancelled(booking: Booking) -> list[Message]:
    """Tell inventory that the booking's claim is given up for good, and payment that nothing is to be paid any more."""
    return [give_up(booking.id, booking.show.show_id), _close_payments(booking.id)]


def _close_payments(booking_id: UUID) -> Message:
    return Message(CLOSURES, str(booking_id).encode())
