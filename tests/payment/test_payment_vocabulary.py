"""The bank's vocabulary grows: what is not known here is told from what is wrong, and harms nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import grpc
import pytest
from boxoffice.bank.v1 import bank_pb2
from boxoffice.payment.v1 import payment_pb2 as pb
from google.rpc import error_details_pb2
from grpc import StatusCode
from grpc_status import rpc_status
from prometheus_client import REGISTRY

from services.chassis.sight import vocabulary
from tests.bank.support import refused
from tests.payment.world import Payment, event, paid, signed

NEW_STATUS = cast(bank_pb2.Session.Status.ValueType, 99)
AWAY = (StatusCode.UNAVAILABLE, "UNAVAILABLE")


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """What was logged in other tests is logged here all the same."""
    vocabulary._logged.clear()
    yield


def counted(kind: str) -> float:
    return REGISTRY.get_sample_value("boxoffice_unknown_words_total", {"kind": kind}) or 0.0


def told_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if "not known here" in record.getMessage()]


# --- Webhooks


@pytest.mark.parametrize(
    "type_", ["payment.authorized", "dispute.created", "", "PAYMENT.CAPTURED", "x" * 10_000, "a\nb", "refund.failed"]
)
async def test_an_event_of_an_unknown_type_is_taken_does_nothing_and_is_counted(
    payment: Payment, caplog: pytest.LogCaptureFixture, type_: str
):
    _, one = await paid(payment)
    before, ignored = await payment.everything(), counted("webhook type")
    for _ in range(3):
        assert await payment.hook(event(one, type_)) == "ignored"
    assert await payment.everything() == before
    assert counted("webhook type") == ignored + 3
    [line] = told_of(caplog)
    assert len(line) < 300 and "\n" not in line


@pytest.mark.parametrize(
    "body", [{"type": "new"}, {"type": "new", "data": 7}, {"type": "new", "timestamp": "soon"}], ids=str
)
async def test_an_event_of_an_unknown_type_may_look_like_anything(payment: Payment, body: dict[str, Any]):
    assert await payment.hook(json.dumps(body).encode()) == "ignored"


async def test_an_event_of_an_unknown_type_has_to_be_signed_all_the_same(payment: Payment):
    body = json.dumps({"type": "new"}).encode()
    headers = signed(body) | {"webhook-signature": "v1,AAAA"}
    assert await refused(payment.hook(body, headers)) == (StatusCode.UNAUTHENTICATED, "INVALID_SIGNATURE")


async def test_fields_that_are_not_known_are_left_alone(payment: Payment):
    booking_id, one = await paid(payment)
    fields = json.loads(event(one, method={"brand": "x"}, fee=None)) | {"api_version": 7, "livemode": True}
    assert await payment.hook(json.dumps(fields).encode()) == "processed"
    assert await payment.statuses(booking_id) == ["SUCCESS"]


@pytest.mark.parametrize(("type_", "status", "kept"), [
    ("payment.success", "SUCCESS", "payment.captured"),
    ("payment.failed", "FAILED", "payment.declined"),
])  # fmt: skip
async def test_other_names_of_the_same_are_taken_for_it(payment: Payment, type_: str, status: str, kept: str):
    booking_id, _ = await payment.book()
    one = await payment.initiate(booking_id)
    await (payment.bank.pay if status == "SUCCESS" else payment.bank.decline)(one.session_id)
    assert await payment.hook(event(one, type_)) == "processed"
    assert await payment.statuses(booking_id) == [status]
    assert [row.type for row in await payment.db.fetch("SELECT type FROM webhook_events")] == [kept]


def _data(**changes: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda fields: fields | {"data": fields["data"] | changes}


def _without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda fields: fields | {"data": {key: value for key, value in fields["data"].items() if key != name}}


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a list": (lambda fields: [fields], "body"),
    "no type": (lambda fields: fields | {"type": None}, "type"),
    "a type that is a number": (lambda fields: fields | {"type": 7}, "type"),
    "no data": (lambda fields: {"type": fields["type"], "timestamp": fields["timestamp"]}, "data"),
    "data that is a text": (lambda fields: fields | {"data": "x"}, "data"),
    "no time": (lambda fields: {"type": fields["type"], "data": fields["data"]}, "timestamp"),
    "a time that no calendar has": (lambda fields: fields | {"timestamp": "2026-11-31T18:00:00Z"}, "timestamp"),
    "no payment": (_without("payment_id"), "data.payment_id"),
    "a payment that is none": (_data(payment_id="1"), "data.payment_id"),
    "a session that is a number": (_data(session_id=7), "data.session_id"),
    "a session that is too long": (_data(session_id="x" * 101), "data.session_id"),
    "an amount that is a text": (_data(amount="50000"), "data.amount"),
    "an amount that is too large": (_data(amount=2**31), "data.amount"),
    "nothing": (_data(amount=0), "data.amount"),
    "a currency in small letters": (_data(currency="inr"), "data.currency"),
    "a refund without an id": (lambda fields: fields | {"type": "refund.succeeded"}, "data.refund_id"),
}


@pytest.mark.parametrize(("change", "field"), BROKEN.values(), ids=BROKEN.keys())
async def test_an_event_of_a_known_type_that_is_broken_names_its_field_in_plain_words(
    payment: Payment, change: Callable[[dict[str, Any]], Any], field: str
):
    _, one = await paid(payment)
    body = json.dumps(change(json.loads(event(one)))).encode()
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await payment.hook(body)
    status, bad = rpc_status.from_call(failed.value), error_details_pb2.BadRequest()
    assert status is not None and status.code == StatusCode.INVALID_ARGUMENT.value[0]
    assert any(detail.Unpack(bad) for detail in status.details)
    [violation] = bad.field_violations
    assert violation.field == field
    assert violation.description.startswith(("must be ", "is "))
    assert not set("^$\\{") & set(violation.description)
    assert not any(word in violation.description.lower() for word in ("input", "valid", "pattern", "literal", "parse"))


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 30_000])
async def test_what_is_no_json_names_the_body(payment: Payment, body: bytes):
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await payment.hook(body)
    assert failed.value.details() == "body: is not JSON"


# --- What the bank answers


async def test_a_status_of_a_session_that_is_not_known_is_asked_for_again(payment: Payment):
    booking_id, one = await paid(payment)
    before, met = await payment.everything(), counted("session status")
    payment.lie(NEW_STATUS)
    assert await refused(payment.hook(event(one))) == AWAY
    assert await refused(payment.initiate(booking_id)) == AWAY
    assert await payment.poll() == 1
    await payment.close(booking_id)
    assert await payment.poll() == 1
    assert await payment.statuses(booking_id) == ["PENDING"]
    assert counted("session status") >= met + 4
    after = await payment.everything()
    assert after.pop("booking_accounts") != before.pop("booking_accounts")
    assert after == before
    payment.mood.instead = None
    assert await payment.poll() == 1
    assert await payment.statuses(booking_id) == ["SUCCESS"]


async def test_a_status_of_a_refund_that_is_not_known_is_asked_for_again(payment: Payment):
    booking_id, one = await paid(payment)
    await payment.hook(event(one))

    async def instead(name: str, request: Any) -> Any:
        return bank_pb2.Refund(status=cast(Any, 99)) if name == "CreateRefund" else None

    payment.mood.instead = instead
    met = counted("refund status")
    [result] = await payment.refund((one.payment_id, pb.BatchRefundPaymentsRequest.Refund.REQUESTED, 20_000))
    assert result.state == pb.BatchRefundPaymentsResponse.Result.REQUESTED
    assert await payment.recover_refunds() == 1
    assert counted("refund status") == met + 2
    assert await payment.statuses(booking_id) == ["SUCCESS"]
    payment.mood.instead = None
    assert await payment.recover_refunds() == 1
    assert await payment.statuses(booking_id) == ["PARTIALLY_REFUNDED"]
