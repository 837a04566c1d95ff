"""Payments: attempts to pay for a booking, and what the bank's word makes of them.

What is known of a payment only grows. That money was taken is never forgotten, and is believed at any time, for the
bank may tell it late: after we thought the session closed or over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.chassis.values.currencies import DIGITS
from services.payment.errors import (
    BookingNotPending,
    EventMismatch,
    PaymentAttemptsExceeded,
    PaymentInProgress,
)

MAX_SESSIONS = 10
"""How many sessions a booking may have in all."""

MIN_SESSION = timedelta(seconds=5)
"""What is left to pay in, at least, when a session opens."""


class State(StrEnum):
    """How far a payment is."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    REFUNDED = "REFUNDED"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"


class Method(StrEnum):
    """What a customer pays with."""

    CARD = "CARD"
    UPI = "UPI"
    NETBANKING = "NETBANKING"


class Outcome(StrEnum):
    """What became of a session, as the bank tells."""

    CAPTURED = "CAPTURED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    CLOSED = "CLOSED"


NEXT = {
    (State.PENDING, Outcome.CAPTURED): State.SUCCESS,
    (State.PENDING, Outcome.DECLINED): State.FAILED,
    (State.PENDING, Outcome.CLOSED): State.FAILED,
    (State.PENDING, Outcome.EXPIRED): State.EXPIRED,
    (State.FAILED, Outcome.CAPTURED): State.SUCCESS,
    (State.EXPIRED, Outcome.CAPTURED): State.SUCCESS,
}
"""Where a payment goes. Whatever is not here changes nothing. Refunds alone lead on from SUCCESS."""

CAPTURED = frozenset({State.SUCCESS, State.PARTIALLY_REFUNDED, State.REFUNDED})
"""The states of payments whose money was taken."""


@dataclass(frozen=True, slots=True)
class SessionReport:
    """What the bank says of a session. `outcome` is None while it is open."""

    payment_id: UUID
    session_id: str
    amount: int
    currency: str
    outcome: Outcome | None
    method: Method | None = None
    """What is paid with; None: the bank has not told, as in a webhook."""
    gateway_order_id: str | None = None
    gateway_payment_id: str | None = None


@dataclass(frozen=True, slots=True)
class BankEvent:
    """An event that the bank told by webhook; the inbox remembers it."""

    id: str
    type: str


@dataclass(frozen=True, slots=True)
class Payment:
    """One attempt to pay for a booking."""

    id: UUID
    booking_id: UUID
    user_id: UUID
    session_id: str
    amount: int
    currency: str
    state: State
    refunded_amount: int
    expires_at: datetime
    created_at: datetime
    updated_at: datetime
    gateway: str
    """The name of the payment gateway where it was begun, and stays."""
    method: Method | None = None
    """What it is paid with: what the customer chose, until the bank tells."""
    gateway_order_id: str | None = None
    """The bank's name for what is to be paid."""
    gateway_payment_id: str | None = None
    """The bank's name for the payment that was made."""
    disputed_amount: int = 0
    """How much the customer's bank wants back."""
    lost_amount: int = 0
    """How much it has taken back."""
    refunded_by_disputes: int = 0
    """Of refunds, what customers had by lost disputes already, and nobody has paid again."""

    @property
    def at_gateway(self) -> int:
        """How much of it is still there to be given back."""
        return self.amount - self.lost_amount - (self.refunded_amount - self.refunded_by_disputes)

    def check(self, report: SessionReport) -> None:
        """Raise EventMismatch unless `report` is about this payment's session, amount and currency."""
        if (report.session_id, report.amount, report.currency) != (self.session_id, self.amount, self.currency):
            raise EventMismatch()

    def told(self, report: SessionReport) -> "Payment":
        """Return the payment with what `report` tells of how it is paid; what it leaves out stays as it was."""
        return replace(
            self,
            method=report.method or self.method,
            gateway_order_id=report.gateway_order_id or self.gateway_order_id,
            gateway_payment_id=report.gateway_payment_id or self.gateway_payment_id,
        )

    def after(self, outcome: Outcome) -> State:
        """Return the state that `outcome` brings, which may be the present one."""
        return NEXT.get((self.state, outcome), self.state)


@dataclass(frozen=True, slots=True)
class Payable:
    """A booking that waits for its payment, as booking tells."""

    booking_id: UUID
    user_id: UUID
    amount: int
    currency: str
    expires_at: datetime
    description: str
    items: Sequence[str]
    sales_end_at: datetime


def choose_session(
    booking: Payable, closed: bool, payments: Sequence[Payment], now: datetime, margin: timedelta
) -> Payment | datetime:
    """Return the live payment of a booking, or when the session of a new one ends.

    Raises BookingNotPending, PaymentInProgress or PaymentAttemptsExceeded.
    """
    if closed:
        raise BookingNotPending()
    if booking.currency not in DIGITS:
        # Its show was made before its currency left the list.
        raise BookingNotPending(
            f"There are no payments in {booking.currency} any more: cancel the booking.", status="PENDING"
        )
    for payment in payments:
        if payment.state == State.PENDING:
            return payment
        if payment.state in (State.SUCCESS, State.PARTIALLY_REFUNDED):
            raise PaymentInProgress()
    if len(payments) >= MAX_SESSIONS:
        raise PaymentAttemptsExceeded()
    expires_at = min(booking.expires_at, booking.sales_end_at) - margin
    if expires_at - now >= MIN_SESSION:
        return expires_at
    if booking.sales_end_at <= booking.expires_at:
        raise BookingNotPending("Sales end too soon to pay for this booking: cancel it.", status="PENDING")
    raise BookingNotPending(
        "Too little of the booking's time is left to pay in: cancel it and book again.", status="PENDING"
    )
