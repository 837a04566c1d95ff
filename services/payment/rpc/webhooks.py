"""Webhooks: whether the bank signed them, and what they say."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from services.chassis.errors import InvalidField
from services.payment.domain.errors import InvalidSignature
from services.payment.domain.payments import Outcome, Report
from services.payment.domain.refunds import RefundReport
from services.payment.operations.payments import Event

MAX_BODY_BYTES = 64 * 1024
MAX_ID_LENGTH = 255

_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
_OUTCOMES = {
    "payment.captured": Outcome.CAPTURED,
    "payment.declined": Outcome.DECLINED,
    "payment.expired": Outcome.EXPIRED,
}


class Signatures:
    """The secrets that webhooks may be signed with."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._webhooks = [Webhook(secret) for secret in secrets]

    def check(self, body: bytes, headers: Mapping[str, str | bytes]) -> str:
        """Return the id of the event that is signed; raise InvalidSignature, or InvalidField if it is too large."""
        if len(body) > MAX_BODY_BYTES:
            raise InvalidField(("", f"the body is larger than {MAX_BODY_BYTES} bytes"))
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
    model_config = ConfigDict(strict=True, frozen=True)

    payment_id: UUID
    session_id: str = Field(max_length=100)
    amount: int = Field(ge=1, le=2**31 - 1)
    currency: str = Field(pattern="^[A-Z]{3}$")


class _RefundData(_Data):
    refund_id: UUID


class _PaymentEvent(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    type: Literal["payment.captured", "payment.declined", "payment.expired"]
    timestamp: AwareDatetime
    data: _Data


class _RefundEvent(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)

    type: Literal["refund.succeeded"]
    timestamp: AwareDatetime
    data: _RefundData


_EVENT: TypeAdapter[_PaymentEvent | _RefundEvent] = TypeAdapter(
    Annotated[_PaymentEvent | _RefundEvent, Field(discriminator="type")]
)


def parse(event_id: str, body: bytes) -> tuple[Event, Report | RefundReport]:
    """Read an event; raise InvalidField unless it is one. Fields that are not known are left alone."""
    if len(event_id) > MAX_ID_LENGTH:
        raise InvalidField(("webhook-id", f"is longer than {MAX_ID_LENGTH} characters"))
    try:
        told = _EVENT.validate_json(body)
    except ValidationError as error:
        raise InvalidField(
            *(
                (".".join(str(part) for part in problem["loc"][1:]), problem["msg"])
                for problem in error.errors(include_url=False, include_input=False, include_context=False)
            )
        ) from error
    event, data = Event(event_id, told.type), told.data
    if isinstance(data, _RefundData):
        return event, RefundReport(data.refund_id, data.payment_id, data.session_id, data.amount, data.currency)
    outcome = _OUTCOMES[told.type]
    return event, Report(data.payment_id, data.session_id, data.amount, data.currency, outcome)
