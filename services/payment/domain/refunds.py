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
    id_ = asked.refund_id or new_id
    return Refund(
        id_, payment.id, payment.session_id, asked.cause, asked.amount, RefundState.REQUESTED, payment.gateway
    )
