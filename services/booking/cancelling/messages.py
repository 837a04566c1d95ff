"""What other services are told of a cancelled booking."""

from uuid import UUID

from services.booking.messages import CLOSURES
from services.booking.messages import give_up as give_up
from services.chassis.writes.outbox import Message


def close_payments(booking_id: UUID) -> Message:
    """Tell payment that nothing is to be paid for a booking any more."""
    return Message(CLOSURES, str(booking_id).encode())
