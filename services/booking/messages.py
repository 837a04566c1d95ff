"""What booking's messages are made of, and the topics of its outbox that they go by."""

from uuid import UUID

from boxoffice.inventory.v1 import inventory_pb2
from boxoffice.payment.v1 import payment_pb2

from services.chassis.writes.outbox import Message

RELEASES = "releases"
CLOSURES = "closures"
REFUNDS = "refunds"

Release = inventory_pb2.BatchReleaseReservationsRequest.Release
Refund = payment_pb2.BatchRefundPaymentsRequest.Refund
Part = payment_pb2.BatchRefundPartsRequest.Part


def release_of(booking_id: UUID, show_id: UUID, cause: "Release.Cause.ValueType") -> Release:
    """Name a booking's claim that is to end: its time is up, or it is given up."""
    name = inventory_pb2.ReservationName(booking_id=str(booking_id), show_id=str(show_id))
    return Release(name=name, cause=cause)


def give_up(booking_id: UUID, show_id: UUID) -> Message:
    """Tell inventory that a booking's claim is given up for good."""
    return Message(RELEASES, release_of(booking_id, show_id, Release.ABANDONED).SerializeToString())
