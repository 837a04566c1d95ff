"""What booking is told, by topic of the outbox."""

from boxoffice.booking.v1 import booking_pb2 as pb

from services.chassis.writes.outbox import Message
from services.payment.domain.payments import Payment

CAPTURES = "captures"
DECLINES = "declines"


def captured(payment: Payment) -> Message:
    """Tell that the money of `payment` was taken."""
    capture = pb.BatchRecordCapturesRequest.Capture(
        payment_id=str(payment.id),
        booking_id=str(payment.booking_id),
        session_id=payment.session_id,
        amount=payment.amount,
        currency=payment.currency,
    )
    return Message(CAPTURES, capture.SerializeToString())


def declined(payment: Payment) -> Message:
    """Tell that `payment` was declined."""
    decline = pb.BatchRecordDeclinesRequest.Decline(payment_id=str(payment.id), booking_id=str(payment.booking_id))
    return Message(DECLINES, decline.SerializeToString())
