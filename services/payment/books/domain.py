"""Whether payment's books agree with what booking has told of a booking."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from services.payment.domain.payments import CAPTURED, Payment
from services.payment.domain.refunds import Refund, RefundState


class Difference(StrEnum):
    """In what they differ."""

    NO_PAYMENT = "NO_PAYMENT"
    """A ticket without the payment that is to have bought it."""
    OTHER_PAYMENT = "OTHER_PAYMENT"
    """A ticket whose payment is over another booking, amount or currency."""
    NOT_CAPTURED = "NOT_CAPTURED"
    """A ticket whose payment has taken no money."""
    NOT_REFUNDED = "NOT_REFUNDED"
    """A booking given back, without this amount having gone back."""


@dataclass(frozen=True, slots=True)
class SoldBooking:
    """A booking that was confirmed, or refunded since, wholly or in part: that was paid in any case."""

    position: int
    booking_id: UUID
    payment_id: UUID
    final_amount: int
    """What was paid."""
    currency: str
    refund_amount: int
    """What has gone back by then; 0 where nothing was refunded."""
    is_refunded: bool
    """Whether that is all that ever goes back: no seat is left."""


def compare(sold: SoldBooking, payment: Payment | None, refunds: Sequence[Refund]) -> Difference | None:
    """Return in what a booking and its payment differ, or None.

    Payment knows of money before booking does, and no capture is ever undone. So what booking has told is true here at
    any later time, too; a refund that failed after all was carried out once. `refunds` are those of seats: there may be
    later ones.
    """
    if payment is None:
        return Difference.NO_PAYMENT
    facts = (sold.booking_id, sold.final_amount, sold.currency)
    if facts != (payment.booking_id, payment.amount, payment.currency):
        return Difference.OTHER_PAYMENT
    if payment.state not in CAPTURED:
        return Difference.NOT_CAPTURED
    returned = sum(refund.amount for refund in refunds if refund.state == RefundState.SUCCEEDED or refund.undone)
    if returned < sold.refund_amount or (sold.is_refunded and returned != sold.refund_amount):
        return Difference.NOT_REFUNDED
    return None
