"""What Razorpay sends: webhooks and returning customers; whether it signed them, and what they say.

Like every webhook these are hints (docs/adr/0009-webhooks-are-hints.md): what Razorpay says when it is asked counts.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import from_json

from services.chassis.errors import InvalidField, Unavailable
from services.chassis.sight.vocabulary import unknown
from services.payment.domain.disputes import DisputeReport, DisputeState
from services.payment.domain.payments import BankEvent, Outcome, SessionReport
from services.payment.errors import InvalidSignature

MAX_BODY_BYTES = 256 * 1024

SIGNATURE = "x-razorpay-signature"

_LINK_ENDS = {
    "payment_link.paid": Outcome.CAPTURED,
    "payment_link.expired": Outcome.EXPIRED,
    "payment_link.cancelled": Outcome.CLOSED,
}
_OF_NO_INTEREST = (
    "payment.authorized",
    "payment.failed",
    "order.paid",
    "refund.created",
    "payment_link.partially_paid",
)
"""What is known, and changes nothing: a payment that fails is tried again on the same page."""

DISPUTE_TYPES = tuple(
    f"payment.dispute.{what}" for what in ("created", "action_required", "under_review", "won", "lost", "closed")
)

REFUND_TYPES = ("refund.processed", "refund.failed")


@dataclass(frozen=True, slots=True)
class LateCapture:
    """A payment of Razorpay's has taken money: its link may have ended before."""

    gateway_payment_id: str


@dataclass(frozen=True, slots=True)
class RefundWord:
    """Something has become of a refund of ours."""

    refund_id: UUID


@dataclass(frozen=True, slots=True)
class DisputeWord:
    """Something has become of a dispute."""

    dispute_id: str


Word = SessionReport | LateCapture | RefundWord | DisputeWord


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _LinkNotes(_Part):
    session_id: str = Field(max_length=100)


class _Link(_Part):
    reference_id: UUID
    amount: int
    currency: str
    notes: _LinkNotes


class _Payment(_Part):
    id: str = Field(pattern=r"^pay_[A-Za-z0-9]{1,40}$")


class _Dispute(_Part):
    id: str = Field(pattern=r"^disp_[A-Za-z0-9]{1,40}$")


class _RefundNotes(_Part):
    refund_id: UUID


class _Refund(_Part):
    notes: _RefundNotes


_KINDS: dict[str, tuple[str, type[_Part]]] = {
    **dict.fromkeys(_LINK_ENDS, ("payment_link", _Link)),
    **dict.fromkeys(REFUND_TYPES, ("refund", _Refund)),
    **dict.fromkeys(DISPUTE_TYPES, ("dispute", _Dispute)),
    "payment.captured": ("payment", _Payment),
}
"""Which entity of a webhook of each type is read."""


class ItsDispute(_Part):
    """A dispute, as Razorpay tells it when it is asked."""

    id: str = Field(pattern=r"^disp_[A-Za-z0-9]{1,40}$")
    payment_id: str = Field(pattern=r"^pay_[A-Za-z0-9]{1,40}$")
    amount: int = Field(ge=1)
    currency: str
    amount_deducted: int = Field(0, ge=0)
    status: str
    respond_by: int | None = None


class ItsDisputes(_Part):
    """A page of them."""

    items: list[ItsDispute]


_DISPUTES = {
    "open": DisputeState.OPEN,
    "under_review": DisputeState.OPEN,
    "won": DisputeState.WON,
    "lost": DisputeState.LOST,
    "closed": DisputeState.CLOSED,
}


def dispute_report(dispute: ItsDispute) -> DisputeReport:
    """Return what a dispute tells; raise Unavailable where its status is not known here."""
    if dispute.status not in _DISPUTES:
        unknown("razorpay dispute status", dispute.status)
        raise Unavailable()
    state = _DISPUTES[dispute.status]
    return DisputeReport(
        id=dispute.id,
        gateway_payment_id=dispute.payment_id,
        state=state,
        amount=dispute.amount,
        currency=dispute.currency,
        lost_amount=(dispute.amount_deducted or dispute.amount) if state == DisputeState.LOST else 0,
        respond_by=datetime.fromtimestamp(dispute.respond_by, UTC) if dispute.respond_by else None,
    )


class RazorpaySignatures:
    """The secrets that Razorpay signs with: webhooks with one of their own, a customer's return with the key's."""

    def __init__(self, key_secret: SecretStr, webhook_secrets: Sequence[SecretStr]) -> None:
        self._key_secret = key_secret
        self._webhook_secrets = webhook_secrets

    def check(self, body: bytes, headers: Mapping[str, str | bytes]) -> str:
        """Return the id of a webhook that is signed; raise InvalidSignature, or InvalidField if it is too large.

        The id is made of what is signed. Razorpay's own is a header that is not: who repeats a webhook could change it.
        """
        if len(body) > MAX_BODY_BYTES:
            raise InvalidField(("body", f"is larger than {MAX_BODY_BYTES} bytes"))
        signature = str(headers.get(SIGNATURE, ""))
        if not any(_is_signed(body, signature, secret) for secret in self._webhook_secrets):
            raise InvalidSignature()
        return f"rzp_{hashlib.sha256(body).hexdigest()}"

    def check_return(self, link_id: str, reference_id: str, status: str, payment_id: str, signature: str) -> None:
        """Raise InvalidSignature unless Razorpay has signed what a customer returns with."""
        signed = "|".join((link_id, reference_id, status, payment_id)).encode()
        if not _is_signed(signed, signature, self._key_secret):
            raise InvalidSignature()


def parse(event_id: str, body: bytes) -> tuple[BankEvent, Word] | None:
    """Read a webhook; return None if it is of no interest, of a type that is not known, or not about a payment of ours.

    Raises InvalidField if it is no event. An account of Razorpay's may have more than our payments, and Razorpay gives
    up on who refuses its webhooks for a day: so what is not ours is no error.
    """
    type_, payload = _read(body)
    if type_ not in _KINDS:
        if type_ not in _OF_NO_INTEREST:
            unknown("razorpay webhook type", type_)
        return None
    entity, kind = _KINDS[type_]
    try:
        part = kind.model_validate(payload[entity]["entity"])
    except (ValidationError, KeyError, TypeError):
        return None
    return BankEvent(event_id, type_), _word(type_, part)


def _word(type_: str, part: _Part) -> Word:
    match part:
        case _Link():
            outcome = _LINK_ENDS[type_]
            return SessionReport(part.reference_id, part.notes.session_id, part.amount, part.currency, outcome)
        case _Refund():
            return RefundWord(part.notes.refund_id)
        case _Payment():
            return LateCapture(part.id)
        case _Dispute():
            return DisputeWord(part.id)
        case _:
            raise TypeError(f"{type_} is read as nothing known")


def _read(body: bytes) -> tuple[str, dict[str, Any]]:
    try:
        fields = from_json(body)
    except ValueError as error:
        raise InvalidField(("body", "is not JSON")) from error
    if not isinstance(fields, dict):
        raise InvalidField(("body", "must be a JSON object"))
    type_, payload = fields.get("event"), fields.get("payload")
    if not isinstance(type_, str):
        raise InvalidField(("event", "must be a text"))
    if not isinstance(payload, dict):
        raise InvalidField(("payload", "must be an object"))
    return type_, payload


def _is_signed(body: bytes, signature: str, secret: SecretStr) -> bool:
    expected = hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode())
