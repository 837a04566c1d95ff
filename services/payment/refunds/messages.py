"""What booking is told of refunds, by topic of the outbox."""

from uuid import UUID

from boxoffice.booking.v1 import booking_pb2 as pb

from services.chassis.writes.outbox import Message

UNDONE_REFUNDS = "undone-refunds"


def undone(refund_id: UUID, booking_id: UUID) -> Message:
    """Tell that a refund of seats failed after it was carried out."""
    refund = pb.BatchRecordUndoneRefundsRequest.Refund(refund_id=str(refund_id), booking_id=str(booking_id))
    return Message(UNDONE_REFUNDS, refund.SerializeToString())
