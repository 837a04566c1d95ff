"""What nobody of ours said: statuses that gRPC's own library makes come with our words and details too."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from boxoffice.inventory.v1 import catalog_pb2
from google.api import httpbody_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from gateway.render import render
from tests.gateway.fakes import Context, Gateway, Services, call, call_web, status_of
from tests.patience import eventually, patient

GET_SHOW = "/boxoffice.inventory.v1.CatalogService/GetShow"
SEAT_MAP = "/boxoffice.inventory.v1.InventoryService/RenderSeatMap"
HOLD_SEATS = "/boxoffice.inventory.v1.InventoryService/HoldSeats"

UNHANDLED = [
    (grpc.StatusCode.CANCELLED, "CANCELLED", 14, 503, "UNAVAILABLE"),
    (grpc.StatusCode.UNKNOWN, "Unexpected <class 'KeyError'>: 'seat'", 13, 500, "INTERNAL"),
    (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded", 4, 504, "DEADLINE_EXCEEDED"),
    (grpc.StatusCode.RESOURCE_EXHAUSTED, "Received message larger than max (5 vs. 4)", 3, 400, "REQUEST_TOO_LARGE"),
    (grpc.StatusCode.RESOURCE_EXHAUSTED, "received metadata size exceeds hard limit", 3, 400, "REQUEST_TOO_LARGE"),
    (grpc.StatusCode.RESOURCE_EXHAUSTED, "Concurrent RPC limit exceeded!", 8, 429, "OVERLOADED"),
    (grpc.StatusCode.UNIMPLEMENTED, "Method not found!", 12, 501, "METHOD_NOT_FOUND"),
    (grpc.StatusCode.INTERNAL, "Error parsing ':method' metadata: not found", 3, 400, "INVALID_FIELD"),
    (grpc.StatusCode.INTERNAL, "Stream removed", 13, 500, "INTERNAL"),
    (grpc.StatusCode.UNAVAILABLE, "Socket closed", 14, 503, "UNAVAILABLE"),
]


def saying(code: grpc.StatusCode, words: str) -> Any:
    async def answer(request: object, context: Context) -> Message:
        await context.abort(code, words)
        raise AssertionError("abort raises")

    return answer


def message_and_cause(status: status_pb2.Status) -> tuple[str, bool]:
    """Return the reason, and whether it is said when to come again."""
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "boxoffice"
    return info.reason, any(detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR) for detail in status.details)


@pytest.mark.parametrize(("code", "words", "number", "http_status", "reason"), UNHANDLED)
async def test_a_status_of_the_librarys_has_our_words_and_details_in_every_tongue(
    code: grpc.StatusCode,
    words: str,
    number: int,
    http_status: int,
    reason: str,
    rest: httpx.AsyncClient,
    channel: grpc.aio.Channel,
    services: Services,
    gateway: Gateway,
) -> None:
    services["inventory"].answers[GET_SHOW] = saying(code, words)
    answer = await rest.get("/api/v1/shows/x")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (http_status, number)
    assert (body["details"][0]["reason"], body["details"][0]["domain"]) == (reason, "boxoffice")
    assert words not in answer.text
    comes_again = any("retryDelay" in detail for detail in body["details"])
    assert ("retry-after" in answer.headers) == comes_again == (number in (8, 14))
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await call(channel, GET_SHOW, catalog_pb2.GetShowRequest())
    assert (failure.value.code().value[0], failure.value.details()) == (number, body["message"])
    assert message_and_cause(status_of(failure.value)) == (reason, comes_again)
    _, trailers = await call_web(rest, GET_SHOW, catalog_pb2.GetShowRequest())
    assert (trailers["grpc-status"], trailers["grpc-message"]) == (str(number), body["message"])
    assert trailers["grpc-status-details-bin"]


async def test_a_code_that_handlers_alone_give_stays_as_it_is(rest: httpx.AsyncClient, services: Services) -> None:
    services["inventory"].answers[GET_SHOW] = saying(grpc.StatusCode.ABORTED, "Somebody was faster.")
    answer = await rest.get("/api/v1/shows/x")
    assert (answer.status_code, answer.json()["message"]) == (409, "Somebody was faster.")


async def never(request: object, context: object) -> Message:
    """Take longer than anybody waits."""
    await asyncio.sleep(3600)
    raise AssertionError


@pytest.mark.parametrize("given", ["1n", "1m", "50m", "100000u", "0S"])
async def test_a_deadline_of_the_callers_that_runs_out_is_told_with_details(
    given: str, rest: httpx.AsyncClient, services: Services
) -> None:
    services["inventory"].answers = {GET_SHOW: never, HOLD_SEATS: never}
    for answer in (
        await rest.get("/api/v1/shows/x", headers={"grpc-timeout": given}),
        await rest.post("/api/v1/bookings/hold-seats", json={}, headers={"grpc-timeout": given}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (504, 4)
        assert answer.json()["details"][0]["reason"] == "DEADLINE_EXCEEDED"
        assert answer.json()["message"].startswith("The time for this request ran out")


async def test_a_request_that_no_service_reads_is_refused_as_too_large(
    channel: grpc.aio.Channel, services: Services
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as failure:
        await call(channel, GET_SHOW, catalog_pb2.GetShowRequest(show_id="x" * 13_000_000))
    assert failure.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert message_and_cause(status_of(failure.value)) == ("REQUEST_TOO_LARGE", False)
    assert services.calls == []


async def test_an_answer_that_is_too_large_is_our_fault(rest: httpx.AsyncClient, services: Services) -> None:
    async def huge(request: object, _: object) -> Message:
        data = json.dumps({"seats": ["x" * 1000] * 20_000}).encode()
        return httpbody_pb2.HttpBody(content_type="application/json", data=data)

    services["inventory"].answers[SEAT_MAP] = huge
    answer = await rest.get("/api/v1/seats/shows/x")
    assert (answer.status_code, answer.json()["code"]) == (500, 13)
    assert answer.json()["details"][0]["reason"] == "INTERNAL"


@pytest.mark.parametrize("verb", ["GET", "POST"])
async def test_a_service_that_ends_amid_a_call_is_away(
    verb: str, own_gateway: Gateway, own_rest: httpx.AsyncClient, own_services: Services
) -> None:
    begun = asyncio.Event()

    async def ending(request: object, context: object) -> Message:
        begun.set()
        return await never(request, context)

    own_services["inventory"].answers = {GET_SHOW: ending, HOLD_SEATS: ending}
    path, body = ("/api/v1/shows/x", None) if verb == "GET" else ("/api/v1/bookings/hold-seats", {})
    asking = asyncio.create_task(own_rest.request(verb, path, json=body))
    await begun.wait()
    await own_services["inventory"].stop()
    answer = await asking
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, 14, "1")
    assert answer.json()["details"][0]["reason"] == "UNAVAILABLE"


# --- What the access log says


async def test_the_log_says_what_the_answer_says(
    rest: httpx.AsyncClient, channel: grpc.aio.Channel, services: Services, gateway: Gateway
) -> None:
    async def missing(request: object, context: Context) -> Message:
        details = status_pb2.Status(code=5, message="None.").SerializeToString()
        await context.abort(grpc.StatusCode.NOT_FOUND, "None.", (("grpc-status-details-bin", details),))
        raise AssertionError

    services["inventory"].answers[GET_SHOW] = missing
    services["inventory"].answers[HOLD_SEATS] = never
    asked = {
        "NOT_FOUND": ("GET", "/api/v1/shows/x", {}),
        "OK": ("GET", "/api/v1/shows", {}),
        "INVALID_ARGUMENT": ("GET", "/api/v1/shows?nope=1", {}),
        "UNIMPLEMENTED": ("PUT", "/api/v1/shows", {}),
        "DEADLINE_EXCEEDED": ("POST", "/api/v1/bookings/hold-seats", {"grpc-timeout": "50m"}),
    }
    for status, (verb, path, headers) in asked.items():
        await rest.request(verb, path, headers={"x-request-id": f"logged-{status}", **headers})
    for path in ("/api/v1/nope", "/api/v1/seats/shows/x/changes", "/api/v1/seats/shows/x/watch"):
        await rest.get(path, headers={"x-request-id": f"logged{path.replace('/', '.')}"})
    await rest.post("/api/v1/bookings", content=b"x" * 300_000, headers={"x-request-id": "logged-large"})
    method = channel.unary_unary(GET_SHOW, request_serializer=catalog_pb2.GetShowRequest.SerializeToString)
    with pytest.raises(grpc.aio.AioRpcError):
        await method(catalog_pb2.GetShowRequest(), metadata=(("x-request-id", "logged-grpc"),))
    expected = {f"logged-{status}": status for status in asked} | {
        "logged.api.v1.nope": "NOT_FOUND",
        "logged.api.v1.seats.shows.x.changes": "OK",
        "logged.api.v1.seats.shows.x.watch": "OK",
        "logged-large": "INVALID_ARGUMENT",
        "logged-grpc": "NOT_FOUND",
    }

    def logged() -> dict[str, str] | None:
        found = {line["request_id"]: line["grpc_status"] for line in gateway.access_log}
        return {name: found[name] for name in expected} if expected.keys() <= found.keys() else None

    assert await eventually(logged) == expected


async def test_refusals_of_the_gateways_own_are_logged_with_the_code_that_they_have(
    own_services: Services, tmp_path: Path
) -> None:
    await own_services["bank"].stop()
    gateway = Gateway(tmp_path, render(own_services.addresses, port=0, admin_port=0))
    await gateway.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://{gateway.address}", timeout=patient(10)) as rest:
            answer = await rest.get("/api/v1/payments/fake-checkout/x")
        assert answer.json()["code"] == 14
        lines = await eventually(lambda: [line for line in gateway.access_log if line["path"].endswith("checkout/x")])
        assert (lines[0]["status"], lines[0]["grpc_status"]) == (503, "UNAVAILABLE")
    finally:
        await gateway.stop()


async def test_the_token_of_a_link_is_in_no_line_whoever_answers(rest: httpx.AsyncClient, gateway: Gateway) -> None:
    token = "IjPXZrvMBfZaz7ORxrO8gr6oNKgUEQHKu3TO_x6cPz8"
    asked = (
        ("GET", f"/api/v1/auth/account-page?token={token}"),  # the service
        ("GET", f"/api/v1/auth/account-page?x=y&token={token}"),  # rest.lua
        ("POST", f"/api/v1/auth/account-page?token={token}"),
        ("GET", f"/api/v1/nothing?token={token}"),
    )
    for number, (verb, path) in enumerate(asked):
        await rest.request(verb, path, headers={"x-request-id": f"link-{number}"})

    def logged() -> list[str] | None:
        lines = [line for line in gateway.access_log if str(line["request_id"]).startswith("link-")]
        return [json.dumps(line) for line in lines] if len(lines) == len(asked) else None

    lines = await eventually(logged)
    assert [line for line in lines if token in line or "?token=masked" not in line] == []
