"""Checkout sessions: what may become of them.

A session is OPEN once, and then ended for good: CAPTURED, DECLINED, EXPIRED or CLOSED. One whose time is up counts
as EXPIRED from that instant on, whatever its row says. One whose payment is under way stays OPEN, past its time and
whoever would close it, until its payment is decided.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.bank.errors import RefundExceedsCapture, SessionNotCaptured


class SessionStatus(StrEnum):
    """How far a session is."""

    OPEN = "OPEN"
    CAPTURED = "CAPTURED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    CLOSED = "CLOSED"


class Method(StrEnum):
    """What a customer pays with."""

    CARD = "CARD"
    UPI = "UPI"
    NETBANKING = "NETBANKING"


class RefundStatus(StrEnum):
    """How far a refund is."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    DECLINED = "DECLINED"


@dataclass(frozen=True, slots=True)
class Session:
    """A checkout session, as it is stored."""

    id: str
    payment_id: UUID
    amount: int
    currency: str
    description: str
    items: list[str]
    status: SessionStatus
    refunded_amount: int
    expires_at: datetime
    order_id: str = ""
    """The merchant's name for what is paid for."""
    payment_method: str | None = None
    """The test behaviour that was chosen or drawn."""
    decides_at: datetime | None = None
    """When the payment that is under way is decided."""
    method: Method | None = None
    """What is paid with, or was chosen at the merchant's."""
    gateway_order_id: str | None = None
    """The bank's name for what is to be paid; None: opened by a version before these names."""
    gateway_payment_id: str | None = None
    """The bank's name for the newest payment that was begun."""

    def at(self, now: datetime) -> "Session":
        """Return the session as it is at `now`: EXPIRED if it can be paid no more because its time is up."""
        if self.status == SessionStatus.OPEN and self.decides_at is None and now >= self.expires_at:
            return replace(self, status=SessionStatus.EXPIRED)
        return self

    def can_end(self, now: datetime) -> bool:
        """Tell whether the session can be paid, declined or closed at `now`."""
        return self.at(now).status == SessionStatus.OPEN and self.decides_at is None

    def begun(self, behaviour: str, method: Method | None, payment_id: str) -> "Session":
        """Return the session with a payment by a test behaviour, and by a method if that says one.

        The payment is called `payment_id`, unless this is the next step of the one that has begun.
        """
        if behaviour == self.payment_method and self.gateway_payment_id:
            return self
        return replace(self, payment_method=behaviour, method=method or self.method, gateway_payment_id=payment_id)

    def ended(self, end: SessionStatus, now: datetime) -> "Session":
        """Return what becomes of the session if `end` is wanted at `now`; one that has ended stays as it is."""
        return replace(self, status=end) if self.can_end(now) else self.at(now)

    def refunded(self, amount: int) -> "Session":
        """Return the session less `amount`; raise SessionNotCaptured or RefundExceedsCapture."""
        if self.status != SessionStatus.CAPTURED:
            raise SessionNotCaptured()
        if self.refunded_amount + amount > self.amount:
            raise RefundExceedsCapture()
        return replace(self, refunded_amount=self.refunded_amount + amount)


@dataclass(frozen=True, slots=True)
class BankRefund:
    """Money given back, or to be."""

    id: UUID
    session_id: str
    amount: int
    status: RefundStatus
