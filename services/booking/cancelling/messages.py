"""What other services are told of a cancelled booking."""

from uuid import UUID

from services.booking.messages import CLOSURES, RELEASES, Release, release_of
from services.chassis.writes.outbox import Message


def give_up(booking_id: UUID, show_id: UUID) -> Message:
    """Tell inventory that a booking's claim is given up."""
    return Message(RELEASES, release_of(booking_id, show_id, Release.ABANDONED).SerializeToString())


def close_payments(booking_id: UUID) -> Message:
    """Tell payment that nothing is to be paid for a booking any more."""
    return Message(CLOSURES, str(booking_id).encode())
