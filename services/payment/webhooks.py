"""Webhooks: whether the bank signed them, and what they say."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json, to_json
from standardwebhooks import Webhook, WebhookVerificationError

from services.chassis.errors import InvalidField
from services.chassis.sight.vocabulary import unknown
from services.payment.domain.payments import BankEvent, Outcome, SessionReport
from services.payment.domain.refunds import RefundReport
from services.payment.errors import InvalidSignature

MAX_BODY_BYTES = 64 * 1024
MAX_ID_LENGTH = 255
MAX_AMOUNT = 2**31 - 1

_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
OUTCOMES = {
    "payment.captured": Outcome.CAPTURED,
    "payment.declined": Outcome.DECLINED,
    "payment.expired": Outcome.EXPIRED,
}
REFUNDED = "refund.succeeded"
ALIASES = {"payment.success": "payment.captured", "payment.failed": "payment.declined"}
"""Other names of the same."""

E = TypeVar("E", bound="_Event")


class Signatures:
    """The secrets that webhooks may be signed with."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._webhooks = [Webhook(secret) for secret in secrets]

    def check(self, body: bytes, headers: Mapping[str, str | bytes]) -> str:
        """Return the id of the event that is signed; raise InvalidSignature, or InvalidField if it is too large."""
        if len(body) > MAX_BODY_BYTES:
            raise InvalidField(("body", f"is larger than {MAX_BODY_BYTES} bytes"))
        signed = {name: str(headers.get(name, "")) for name in _HEADERS}
        for webhook in self._webhooks:
            try:
                webhook.verify(body, signed, json_parse=False)
            except (WebhookVerificationError, ValueError):
                # ValueError is what the library leaks on headers and bodies that nobody honest sends.
                continue
            return signed["webhook-id"]
        raise InvalidSignature()


class _Data(BaseModel):
    """What an event is about. Each description says what the field must be, to whoever sends something else."""

    model_config = ConfigDict(strict=True, frozen=True)

    payment_id: UUID = Field(description="must be a UUID")
    session_id: str = Field(max_length=100, description="must be a text of up to 100 characters")
    amount: int = Field(ge=1, le=MAX_AMOUNT, description=f"must be a whole number from 1 to {MAX_AMOUNT}")
    currency: str = Field(pattern="^[A-Z]{3}$", description="must be the code of a currency in three capital letters")


class _RefundData(_Data):
    refund_id: UUID = Field(description="must be a UUID")


class _Event(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    timestamp: AwareDatetime = Field(description="must be a time with a zone, such as 2026-11-21T18:00:00Z")


class _PaymentEvent(_Event):
    data: _Data = Field(description="must be an object")


class _RefundEvent(_Event):
    data: _RefundData = Field(description="must be an object")


def parse(event_id: str, body: bytes) -> tuple[BankEvent, SessionReport | RefundReport] | None:
    """Read an event; return None if it is of a type that is not known here, which may come at any time.

    Raises InvalidField if it is no event. Fields that are not known are left alone.
    """
    if len(event_id) > MAX_ID_LENGTH:
        raise InvalidField(("webhook-id", f"is longer than {MAX_ID_LENGTH} characters"))
    fields = _read(body)
    named = fields.get("type")
    if not isinstance(named, str):
        raise InvalidField(("type", "must be a text"))
    type_ = ALIASES.get(named, named)
    if type_ == REFUNDED:
        refund = _checked(_RefundEvent, fields).data
        report = RefundReport(refund.refund_id, refund.payment_id, refund.session_id, refund.amount, refund.currency)
        return BankEvent(event_id, type_), report
    if type_ in OUTCOMES:
        data = _checked(_PaymentEvent, fields).data
        outcome = OUTCOMES[type_]
        return BankEvent(event_id, type_), SessionReport(
            data.payment_id, data.session_id, data.amount, data.currency, outcome
        )
    unknown("webhook type", named)
    return None


def _read(body: bytes) -> dict[str, Any]:
    try:
        fields = from_json(body)
    except ValueError as error:
        raise InvalidField(("body", "is not JSON")) from error
    if not isinstance(fields, dict):
        raise InvalidField(("body", "must be a JSON object"))
    return fields


def _checked(kind: type[E], fields: dict[str, Any]) -> E:
    try:
        return kind.model_validate_json(to_json(fields))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        raise InvalidField(*(_path_and_rule(kind, problem["loc"]) for problem in problems)) from error


def _path_and_rule(kind: type[BaseModel], way: Sequence[int | str]) -> tuple[str, str]:
    """Return the path of a field, and what it must be."""
    words = ""
    for step in way:
        field = kind.model_fields[str(step)]
        words = field.description or ""
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            kind = field.annotation
    return ".".join(map(str, way)), words
