"""Checkout sessions: what may become of them.

A session is OPEN once, and then ended for good: CAPTURED, DECLINED, EXPIRED or CLOSED. One whose time is up counts
as EXPIRED from that instant on, whatever its row says.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from services.payment.bank.domain.errors import RefundExceedsCapture, SessionNotCaptured

PAID_SHARE = 0.9
"""How many of the sessions are paid where nobody chooses."""


class Status(StrEnum):
    """How far a session is."""

    OPEN = "OPEN"
    CAPTURED = "CAPTURED"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    CLOSED = "CLOSED"


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
    status: Status
    refunded_amount: int
    expires_at: datetime

    def at(self, now: datetime) -> "Session":
        """Return the session as it is at `now`: EXPIRED if it is open and its time is up."""
        if self.status == Status.OPEN and now >= self.expires_at:
            return replace(self, status=Status.EXPIRED)
        return self

    def ended(self, end: Status, now: datetime) -> "Session":
        """Return what becomes of the session if `end` is wanted at `now`; one that has ended stays as it is."""
        here = self.at(now)
        return replace(here, status=end) if here.status == Status.OPEN else here

    def refunded(self, amount: int) -> "Session":
        """Return the session less `amount`; raise SessionNotCaptured or RefundExceedsCapture."""
        if self.status != Status.CAPTURED:
            raise SessionNotCaptured()
        if self.refunded_amount + amount > self.amount:
            raise RefundExceedsCapture()
        return replace(self, refunded_amount=self.refunded_amount + amount)


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back, or to be."""

    id: UUID
    session_id: str
    amount: int
    status: RefundStatus


def draw(seed: str, session_id: str) -> Status:
    """Decide a session that nobody decides: the same seed and session always come to the same."""
    number = int.from_bytes(sha256(f"{seed}:{session_id}".encode()).digest()[:8])
    return Status.CAPTURED if number < PAID_SHARE * 2**64 else Status.DECLINED
