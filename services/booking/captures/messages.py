"""What payment is told of money that buys nothing."""

from uuid import UUID

from services.booking.captures.domain import Settlement
from services.booking.messages import REFUNDS, Refund
from services.booking.messages import give_up as give_up
from services.chassis.writes.outbox import Message

_CAUSES = {
    Settlement.NO_TICKET: Refund.NO_TICKET,
    Settlement.DUPLICATE: Refund.DUPLICATE,
    Settlement.MISMATCH: Refund.MISMATCH,
}


def return_money(payment_id: UUID, amount: int, settlement: Settlement) -> Message:
    """Tell payment to give a whole capture back."""
    refund = Refund(payment_id=str(payment_id), cause=_CAUSES[settlement], amount=amount)
    return Message(REFUNDS, refund.SerializeToString())
