"""What booking tells other services through its outbox."""

from uuid import UUID

from boxoffice.inventory.v1 import inventory_pb2
from boxoffice.payment.v1 import payment_pb2

from services.booking.domain.bookings import Settlement
from services.chassis.work.outbox import Message

RELEASES = "releases"
CLOSURES = "closures"
REFUNDS = "refunds"

Release = inventory_pb2.BatchReleaseReservationsRequest.Release
Refund = payment_pb2.BatchRefundPaymentsRequest.Refund

_CAUSES = {
    Settlement.NO_TICKET: Refund.NO_TICKET,
    Settlement.DUPLICATE: Refund.DUPLICATE,
    Settlement.MISMATCH: Refund.MISMATCH,
}


def release_of(booking_id: UUID, show_id: UUID, cause: "Release.Cause.ValueType") -> Release:
    """Name a booking's claim that is to end: its time is up, or it is given up."""
    name = inventory_pb2.ReservationName(booking_id=str(booking_id), show_id=str(show_id))
    return Release(name=name, cause=cause)


def give_up(booking_id: UUID, show_id: UUID) -> Message:
    """Tell inventory that a booking's claim is given up."""
    return Message(RELEASES, release_of(booking_id, show_id, Release.ABANDONED).SerializeToString())


def close_payments(booking_id: UUID) -> Message:
    """Tell payment that nothing is to be paid for a booking any more."""
    return Message(CLOSURES, str(booking_id).encode())


def return_money(payment_id: UUID, amount: int, settlement: Settlement) -> Message:
    """Tell payment to give a whole capture back."""
    refund = Refund(payment_id=str(payment_id), cause=_CAUSES[settlement], amount=amount)
    return Message(REFUNDS, refund.SerializeToString())
