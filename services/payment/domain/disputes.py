"""Disputes: a customer's bank wants a payment back (a chargeback), and in the end has it or not."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.payment.domain.payments import Payment
from services.payment.errors import EventMismatch


class DisputeState(StrEnum):
    """How far a dispute is. OPEN → WON, LOST or CLOSED, for good."""

    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"
    """The money is gone."""
    CLOSED = "CLOSED"
    """It came to nothing."""


@dataclass(frozen=True, slots=True)
class DisputeReport:
    """What a gateway says of a dispute."""

    id: str
    """The gateway's."""
    gateway_payment_id: str
    state: DisputeState
    amount: int
    currency: str
    lost_amount: int
    """What was taken; 0 unless it is LOST."""
    respond_by: datetime | None
    """Until when the gateway takes an answer."""

    def check(self, payment: Payment) -> None:
        """Raise EventMismatch unless it can be about this payment."""
        if self.currency != payment.currency or max(self.amount, self.lost_amount) > payment.amount:
            raise EventMismatch()


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute's row."""

    id: str
    payment_id: UUID
    state: DisputeState
    amount: int
    lost_amount: int


def has_news(known: Dispute | None, report: DisputeReport) -> bool:
    """Tell whether a report tells of more than is known: what has ended stays as it ended."""
    if known is None:
        return True
    return known.state == DisputeState.OPEN and (report.state, report.amount) != (known.state, known.amount)
