"""Errors on their way out: those of services, and Envoy's own in the same shape."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import httpx
import pytest
import yaml
from boxoffice.bank.v1 import bank_pb2
from boxoffice.inventory.v1 import catalog_pb2
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from gateway import render as rendering
from services.chassis.errors import Code, PeerFailure
from services.chassis.wire.status import to_status
from tests.gateway.fakes import Context, Gateway, Services, call, call_web, status_of
from tests.patience import patient

GET_SHOW = "/boxoffice.inventory.v1.CatalogService/GetShow"
CHECKOUT = "/boxoffice.bank.v1.BankService/GetCheckoutPage"
SIMULATE = "/boxoffice.bank.v1.BankService/SimulatePayment"


def failing(code: int, message: str, *details: Message) -> Any:
    """Return an answer that is an error with details."""
    packed = [any_pb2.Any() for _ in details]
    for target, detail in zip(packed, details, strict=True):
        target.Pack(detail)
    status = rpc_status.to_status(status_pb2.Status(code=code, message=message, details=packed))

    async def answer(request: object, context: Context) -> Message:
        await context.abort(status.code, status.details, status.trailing_metadata)

    return answer


async def test_the_largest_refusal_passes_as_what_it_is(
    rest: httpx.AsyncClient, channel: grpc.aio.Channel, services: Services
) -> None:
    long = "座" * 5_000
    failure = PeerFailure(Code.ABORTED, "TAKEN", long, {"seat_ids": ",".join(str(uuid4()) for _ in range(100))})
    status = to_status(failure)
    packed = rpc_status.to_status(status)

    async def answer(request: object, context: Context) -> Message:
        await context.abort(packed.code, packed.details, packed.trailing_metadata)

    services["inventory"].answers[GET_SHOW] = answer
    for _ in range(40):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(channel, GET_SHOW, catalog_pb2.GetShowRequest(show_id="x"))
        assert refused.value.code() is grpc.StatusCode.ABORTED, refused.value.details()
        assert status_of(refused.value) == status
    refusal = await rest.get("/api/v1/shows/x")
    assert refusal.status_code == 409
    assert refusal.json()["details"][0]["metadata"] == failure.metadata


@pytest.mark.parametrize(
    ("code", "http_status"),
    [
        (code_pb2.INVALID_ARGUMENT, 400),
        (code_pb2.FAILED_PRECONDITION, 400),
        (code_pb2.OUT_OF_RANGE, 400),
        (code_pb2.UNAUTHENTICATED, 401),
        (code_pb2.PERMISSION_DENIED, 403),
        (code_pb2.NOT_FOUND, 404),
        (code_pb2.ABORTED, 409),
        (code_pb2.ALREADY_EXISTS, 409),
        (code_pb2.RESOURCE_EXHAUSTED, 429),
        (code_pb2.INTERNAL, 500),
        (code_pb2.UNIMPLEMENTED, 501),
        (code_pb2.UNAVAILABLE, 503),
        (code_pb2.DEADLINE_EXCEEDED, 504),
    ],
)
async def test_a_services_error_becomes_json_with_its_status(
    code: int, http_status: int, rest: httpx.AsyncClient, services: Services
) -> None:
    services["inventory"].answers[GET_SHOW] = failing(code, "Why, and “what next”.")
    answer = await rest.get("/api/v1/shows/x")
    assert answer.status_code == http_status
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"code": code, "message": "Why, and “what next”.", "details": []}


async def test_a_services_error_keeps_its_details(rest: httpx.AsyncClient, services: Services) -> None:
    services["inventory"].answers[GET_SHOW] = failing(
        code_pb2.INVALID_ARGUMENT,
        "No.",
        error_details_pb2.ErrorInfo(reason="INVALID_FIELD", domain="boxoffice", metadata={"seat_ids": "a,b"}),
        error_details_pb2.BadRequest(
            field_violations=[error_details_pb2.BadRequest.FieldViolation(field="showId", description="is not a UUID")]
        ),
        error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=1, nanos=500_000_000)),
    )
    info, bad, retry = (await rest.get("/api/v1/shows/x")).json()["details"]
    assert info == {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "INVALID_FIELD",
        "domain": "boxoffice",
        "metadata": {"seat_ids": "a,b"},
    }
    assert bad["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    (violation,) = bad["fieldViolations"]
    assert (violation["field"], violation["description"]) == ("showId", "is not a UUID")
    assert retry == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.500s"}


async def test_a_services_error_passes_as_it_is_by_grpc_and_grpc_web(
    rest: httpx.AsyncClient, channel: grpc.aio.Channel, services: Services
) -> None:
    info = error_details_pb2.ErrorInfo(reason="SHOW_NOT_FOUND", domain="boxoffice")
    services["inventory"].answers[GET_SHOW] = failing(code_pb2.NOT_FOUND, "No such show.", info)
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await call(channel, GET_SHOW, catalog_pb2.GetShowRequest())
    assert (failure.value.code(), failure.value.details()) == (grpc.StatusCode.NOT_FOUND, "No such show.")
    (detail,) = status_of(failure.value).details
    unpacked = error_details_pb2.ErrorInfo()
    assert detail.Unpack(unpacked)
    assert unpacked == info
    _, trailers = await call_web(rest, GET_SHOW, catalog_pb2.GetShowRequest())
    assert (trailers["grpc-status"], trailers["grpc-message"]) == ("5", "No such show.")
    assert trailers["grpc-status-details-bin"]


async def test_reads_are_tried_again_and_writes_are_not(rest: httpx.AsyncClient, services: Services) -> None:
    away = failing(code_pb2.UNAVAILABLE, "Away.")
    services["inventory"].answers = {GET_SHOW: away, "/boxoffice.inventory.v1.InventoryService/HoldSeats": away}
    assert (await rest.get("/api/v1/shows/x")).status_code == 503
    assert (await rest.post("/api/v1/bookings/hold-seats", json={})).status_code == 503
    tried = [arrived.path.rpartition("/")[2] for arrived in services.calls]
    assert tried == ["GetShow", "GetShow", "GetShow", "HoldSeats"]


async def test_a_read_is_answered_by_the_second_try(rest: httpx.AsyncClient, services: Services) -> None:
    async def recovering(request: object, context: Context) -> Message:
        if len(services.calls) == 1:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Away.")
        return catalog_pb2.Show(id="x")

    services["inventory"].answers[GET_SHOW] = recovering
    assert (await rest.get("/api/v1/shows/x")).json()["id"] == "x"


@pytest.fixture
async def strict_rest(
    own_services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway that waits for 300 ms at most, and lets one request at a time through to the bank."""
    monkeypatch.setattr(rendering, "TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr(rendering, "GRACE_SECONDS", 0.1)
    config = yaml.load(rendering.render(own_services.addresses, port=0, admin_port=0), yaml.CSafeLoader)
    for cluster in config["static_resources"]["clusters"]:
        if cluster["name"] == "bank":
            cluster["circuit_breakers"]["thresholds"][0]["max_requests"] = 1
    gateway = Gateway(tmp_path, json.dumps(config))
    await gateway.start()
    async with httpx.AsyncClient(base_url=f"http://{gateway.address}", timeout=patient(10)) as client:
        yield client
    await gateway.stop()


async def never(request: object, context: object) -> Message:
    """Take longer than anybody waits."""
    await asyncio.sleep(3600)
    raise AssertionError


async def test_a_service_that_takes_too_long_is_given_up(
    strict_rest: httpx.AsyncClient, own_services: Services
) -> None:
    own_services["inventory"].answers[GET_SHOW] = never
    answer = await strict_rest.get("/api/v1/shows/x", headers={"grpc-timeout": "20S"})
    assert (answer.status_code, answer.json()["code"]) == (504, 4)
    assert answer.json()["details"][0]["reason"] == "DEADLINE_EXCEEDED"
    _, trailers = await call_web(strict_rest, GET_SHOW, catalog_pb2.GetShowRequest())
    assert trailers["grpc-status"] == "4"


async def test_more_than_a_service_can_take_is_turned_away(
    strict_rest: httpx.AsyncClient, own_services: Services
) -> None:
    own_services["bank"].answers[SIMULATE] = never
    answers = await asyncio.gather(*(strict_rest.post("/api/v1/payments/simulate/s", json={}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [429, 429, 429, 429, 504]
    turned_away = next(answer for answer in answers if answer.status_code == 429)
    assert turned_away.headers["retry-after"] == "1"
    assert turned_away.json()["code"] == 8
    info, retry = turned_away.json()["details"]
    assert info["reason"] == "OVERLOADED"
    assert retry == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}


async def test_a_service_that_is_away_is_unavailable_in_every_tongue(
    own_gateway: Gateway, own_rest: httpx.AsyncClient, own_services: Services
) -> None:
    await own_services["bank"].stop()
    answer = await own_rest.get("/api/v1/payments/fake-checkout/x")
    assert (answer.status_code, answer.json()["code"]) == (503, 14)
    assert [detail["@type"].rpartition(".")[2] for detail in answer.json()["details"]] == ["ErrorInfo", "RetryInfo"]
    assert answer.headers["retry-after"] == "1"
    _, trailers = await call_web(own_rest, CHECKOUT, bank_pb2.GetCheckoutPageRequest())
    assert trailers["grpc-status"] == "14"
    async with grpc.aio.insecure_channel(own_gateway.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as failure:
            await call(channel, CHECKOUT, bank_pb2.GetCheckoutPageRequest())
    assert failure.value.code() == grpc.StatusCode.UNAVAILABLE
    # Envoy's own words name addresses and errno.
    assert failure.value.details() == answer.json()["message"] == status_of(failure.value).message
    assert failure.value.details().startswith("A part of the system is away right now")
