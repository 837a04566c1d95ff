"""Refunds: money to give back. One is accepted under its name, and then carried out in the end.

A part that a customer was promised for seats is named by booking; other refunds by their payment and cause.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from services.payment.domain.payments import CAPTURED, Payment
from services.payment.errors import PaymentNotCaptured, RefundMismatch


class RefundState(StrEnum):
    """How far a refund is. REQUESTED → SUCCEEDED or STUCK.

    From STUCK the gateway's word that it paid leads on, and somebody who has it tried again; from SUCCEEDED to STUCK
    only the gateway's word that it failed.
    """

    REQUESTED = "REQUESTED"
    SUCCEEDED = "SUCCEEDED"
    STUCK = "STUCK"


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """Money that booking wants given back."""

    urgent: ClassVar[bool] = False

    payment_id: UUID
    cause: str
    amount: int
    refund_id: UUID | None = None
    """The name of a part; None where payment and cause are the name."""

    @property
    def key(self) -> UUID:
        """Refunds of one payment take turns."""
        return self.payment_id


@dataclass(frozen=True, slots=True)
class Refund:
    """Money to give back."""

    id: UUID
    payment_id: UUID
    session_id: str
    cause: str
    amount: int
    state: RefundState
    gateway: str
    """The payment's."""
    undone: int = 0
    """How often it failed after it was carried out."""
    redriven: int = 0
    """How often somebody has had it tried again: so often it may have failed before."""
    disputed_amount: int = 0
    """Of its payment: how much the customer's bank wants back."""
    lost_amount: int = 0
    """Of its payment: what a lost dispute has given the customer, and no refund is settled by yet."""
    at_gateway: int = 0
    """Of its payment: how much is still there to be given back."""


class Way(StrEnum):
    """How a refund goes on."""

    PAY = "PAY"
    WAIT = "WAIT"
    """A dispute is to be decided first: it may give the customer the money."""
    BY_DISPUTE = "BY_DISPUTE"
    """A lost dispute has given the customer the money already."""
    NOT_LEFT = "NOT_LEFT"
    """A lost dispute has left too little."""


def way(refund: Refund) -> Way:
    """Return how a refund that is not carried out goes on, by the disputes of its payment."""
    if refund.disputed_amount:
        return Way.WAIT
    if refund.amount <= refund.lost_amount:
        return Way.BY_DISPUTE
    return Way.PAY if refund.amount <= refund.at_gateway else Way.NOT_LEFT


@dataclass(frozen=True, slots=True)
class RefundReport:
    """The bank's word that it has carried a refund out."""

    refund_id: UUID
    payment_id: UUID
    session_id: str
    amount: int
    currency: str


def accept(payment: Payment, known: Sequence[Refund], asked: RefundRequest, new_id: UUID) -> Refund:
    """Return the refund that is asked for: one of the payment's that are `known`, or a new one.

    One that is not named has the id `new_id`. Raises PaymentNotCaptured, or RefundMismatch where the known one has
    another amount or all refunds together, the stuck ones too, would exceed the capture.
    """
    for refund in known:
        if refund.id == asked.refund_id or (asked.refund_id is None and refund.cause == asked.cause):
            if refund.amount != asked.amount:
                raise RefundMismatch()
            return refund
    if payment.state not in CAPTURED:
        raise PaymentNotCaptured()
    if sum(refund.amount for refund in known) + asked.amount > payment.amount:
        raise RefundMismatch()
    return Refund(
        id=asked.refund_id or new_id,
        payment_id=payment.id,
        session_id=payment.session_id,
        cause=asked.cause,
        amount=asked.amount,
        state=RefundState.REQUESTED,
        gateway=payment.gateway,
        undone=0,
        redriven=0,
        disputed_amount=payment.disputed_amount,
        lost_amount=payment.lost_amount - payment.refunded_by_disputes,
        at_gateway=payment.at_gateway,
    )
