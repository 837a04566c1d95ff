"""Events: what the merchant is told, by webhook. The body of an event is made once and never again."""

import json
from dataclasses import dataclass
from datetime import datetime

from services.bank.domain.sessions import BankRefund, Session, SessionStatus

TYPES = {
    SessionStatus.CAPTURED: "payment.captured",
    SessionStatus.DECLINED: "payment.declined",
    SessionStatus.EXPIRED: "payment.expired",
}
"""The events of a session's ends. CLOSED has none: the merchant closed it."""


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """An event to deliver. Its id is made when it is stored."""

    session_id: str
    type: str
    payload: bytes


def of_session(session: Session, now: datetime) -> WebhookEvent | None:
    """Return the event that `session` has come to its end, if there is one."""
    type_ = TYPES.get(session.status)
    if type_ is None:
        return None
    return _event(session, type_, now, amount=session.amount)


def of_refund(session: Session, refund: BankRefund, now: datetime) -> WebhookEvent:
    """Return the event that `refund` was carried out."""
    return _event(session, "refund.succeeded", now, amount=refund.amount, refund_id=str(refund.id))


def _event(session: Session, type_: str, now: datetime, *, amount: int, **more: str) -> WebhookEvent:
    data = {
        "payment_id": str(session.payment_id),
        "session_id": session.id,
        "amount": amount,
        "currency": session.currency,
        **more,
    }
    body = {"type": type_, "timestamp": now.isoformat().replace("+00:00", "Z"), "data": data}
    return WebhookEvent(session.id, type_, json.dumps(body, separators=(",", ":")).encode())
