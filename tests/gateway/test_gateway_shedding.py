"""Too much at once: sales are refused, at once and in words; money, health and those who watch are not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from google.rpc import error_details_pb2

from gateway import shedding
from gateway.contracts import DESCRIPTOR, public_methods
from gateway.edge import Edge
from gateway.render import render
from services.chassis.wire.doors import budget_of
from tests.gateway.fakes import METHODS, PUBLIC, Gateway, Method, Services, call, call_web, eventually, status_of

CROWDS = {
    "inventory": "/boxoffice.inventory.v1.InventoryService/HoldSeats",
    "booking": "/boxoffice.booking.v1.BookingService/CreateBooking",
    "payment": "/boxoffice.payment.v1.PaymentService/InitiatePayment",
    "bank": "/boxoffice.bank.v1.BankService/SimulatePayment",
    "identity": "/boxoffice.identity.v1.IdentityService/Login",
}
"""What fills each service."""
MONEY = [method for method in PUBLIC if budget_of(method.path) == "MONEY"]
ROOM = 3
ROOMS = ("fewest", "most", "sales_at_once", "others_at_once")
SECONDS = 30
AS_SHIPPED = Edge()


@asynccontextmanager
async def opened(
    services: Services, folder: Path, edge: Edge = AS_SHIPPED
) -> AsyncIterator[tuple[httpx.AsyncClient, grpc.aio.Channel]]:
    """Open a gateway before services; give the two ways in."""
    gateway = Gateway(folder, render(services.addresses, port=0, admin_port=0, edge=edge))
    await gateway.start()
    async with AsyncExitStack() as ending:
        ending.push_async_callback(gateway.stop)
        http = httpx.AsyncClient(base_url=f"http://{gateway.address}", timeout=SECONDS, limits=httpx.Limits())
        rest = await ending.enter_async_context(http)

        async def healthy() -> bool:
            return (await rest.get("/api/v1/health")).status_code == 200

        await eventually(healthy)
        yield rest, await ending.enter_async_context(grpc.aio.insecure_channel(gateway.address))


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the circuits be narrow."""
    monkeypatch.setattr(shedding, "SALES_AT_ONCE", ROOM)
    monkeypatch.setattr(shedding, "MONEY_AT_ONCE", ROOM)
    monkeypatch.setattr(shedding, "FEWEST_HOLDS", ROOM)


def holding(services: Services, path: str) -> tuple[asyncio.Event, Callable[[], bool]]:
    """Have a service keep the calls of a method until the event; give whether as many are there as may be."""
    go, service = asyncio.Event(), services[METHODS[path].cluster]

    async def answer(request: Any, context: Any) -> Any:
        await go.wait()
        return METHODS[path].response()

    service.answers[path] = answer
    return go, lambda: len([one for one in service.calls if one.path == path]) == ROOM


async def by_rest(rest: httpx.AsyncClient, method: Method) -> httpx.Response:
    verb, path = method.bindings[0]
    body: Any = {} if verb in ("POST", "PATCH", "PUT") else None
    return await rest.request(verb, re.sub(r"{(\w+)}", "x", path), json=body)


def check_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 429, answer.text
    assert answer.headers["retry-after"] == "1"
    body = answer.json()
    assert body["code"] == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    info, retry = body["details"]
    assert (info["reason"], info["domain"]) == ("OVERLOADED", "boxoffice")
    assert retry["retryDelay"] == "1s"


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """Return the reason of a refusal that says when to come back."""
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    first, second = status_of(error).details
    assert first.Unpack(info)
    assert second.Unpack(retry)
    assert (error.code(), retry.retry_delay.seconds) == (grpc.StatusCode.RESOURCE_EXHAUSTED, 1)
    return str(info.reason)


@pytest.mark.parametrize("path", CROWDS.values(), ids=CROWDS)
async def test_who_is_too_much_for_a_service_is_told_so_in_every_way(
    path: str, narrow: None, own_services: Services, tmp_path: Path
) -> None:
    method = METHODS[path]
    go, full = holding(own_services, path)
    async with opened(own_services, tmp_path) as (rest, channel), asyncio.timeout(SECONDS):
        crowd = [asyncio.create_task(call(channel, path, method.request())) for _ in range(ROOM)]
        await eventually(full)
        check_refused(await by_rest(rest, method))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(channel, path, method.request())
        assert reason_of(refused.value) == "OVERLOADED"
        _, trailers = await call_web(rest, path, method.request())
        assert trailers["grpc-status"] == "8"
        assert "grpc-status-details-bin" in trailers
        go.set()
        await asyncio.gather(*crowd)
        assert (await by_rest(rest, method)).status_code == 200


async def test_money_and_health_pass_while_every_service_is_full_of_sales(
    narrow: None, own_services: Services, tmp_path: Path
) -> None:
    held = {path: holding(own_services, path) for path in CROWDS.values()}
    async with opened(own_services, tmp_path) as (rest, channel), asyncio.timeout(SECONDS):
        crowd = [
            asyncio.create_task(call(channel, path, METHODS[path].request())) for path in held for _ in range(ROOM)
        ]
        for _, full in held.values():
            await eventually(full)
        assert {method.descriptor.name for method in MONEY} >= {"ReceiveWebhook", "CancelBooking", "RefundBooking"}
        for method in MONEY:
            assert (await by_rest(rest, method)).status_code == 200, method.path
            await call(channel, method.path, method.request())
        for path in ("/api/v1/health", "/healthz"):
            assert (await rest.get(path)).status_code == 200
        check_refused(await by_rest(rest, METHODS[CROWDS["booking"]]))
        for go, _ in held.values():
            go.set()
        await asyncio.gather(*crowd)


async def test_searches_are_refused_before_anybody_else(
    narrow: None, monkeypatch: pytest.MonkeyPatch, own_services: Services, tmp_path: Path
) -> None:
    (path,) = shedding.SEARCHES
    monkeypatch.setattr(shedding, "SEARCHES_AT_ONCE", ROOM)
    go, full = holding(own_services, path)
    async with opened(own_services, tmp_path) as (rest, channel), asyncio.timeout(SECONDS):
        crowd = [asyncio.create_task(call(channel, path, METHODS[path].request())) for _ in range(ROOM)]
        await eventually(full)
        check_refused(await by_rest(rest, METHODS[path]))
        others = [method for method in PUBLIC if method.cluster == "inventory" and method.path != path]
        for method in others:
            if not method.streams:
                await call(channel, method.path, method.request())
        go.set()
        await asyncio.gather(*crowd)


async def test_holds_that_take_longer_than_their_pace_are_let_in_a_few_at_a_time_and_all_else_as_before(
    own_services: Services, tmp_path: Path
) -> None:
    hold, book = METHODS[shedding.HOLD_SEATS], METHODS[CROWDS["booking"]]

    async def take_long(request: Any, context: Any) -> Any:
        await asyncio.sleep(0.05)  # longer than the pace
        return hold.response()

    own_services["inventory"].answers[hold.path] = take_long
    async with opened(own_services, tmp_path, Edge(hold_pace_milliseconds=1)) as (rest, _), asyncio.timeout(SECONDS):
        answers = [await by_rest(rest, hold)]
        while all(answer.status_code == 200 for answer in answers):
            answers = await asyncio.gather(*(by_rest(rest, hold) for _ in range(20)))
        assert any(answer.status_code == 200 for answer in answers)
        for answer in answers:
            if answer.status_code != 200:
                check_refused(answer)
        others = [by_rest(rest, method) for method in (book, *MONEY) for _ in range(20)]
        assert {answer.status_code for answer in await asyncio.gather(*others)} == {200}
        # Who comes alone is let in.
        await eventually(lambda: alone(rest, hold))


async def alone(rest: httpx.AsyncClient, method: Method) -> bool:
    return (await by_rest(rest, method)).status_code == 200


def test_more_replicas_have_more_room() -> None:
    methods = public_methods(DESCRIPTOR.read_bytes())
    for of in (
        lambda replicas: shedding.of_holds(replicas, AS_SHIPPED),
        lambda replicas: shedding.clusters("booking", replicas, methods)["booking"],
    ):
        one, two = of(1), of(2)
        assert [two[name] for name in one] == [2 * own if name in ROOMS else own for name, own in one.items()]


def test_streams_and_money_share_no_circuit() -> None:
    methods = public_methods(DESCRIPTOR.read_bytes())
    for name in {method.cluster for method in methods}:
        found = shedding.clusters(name, 1, methods)
        assert name in found
        if any(method.is_money and method.cluster == name for method in methods):
            assert found[name]["others_at_once"] == shedding.MONEY_AT_ONCE
        if any(method.streams and method.cluster == name for method in methods):
            watching = found[shedding.cluster_of_streams(name, methods)]
            assert watching["others_at_once"] == shedding.STREAMS_AT_ONCE
    assert list(shedding.clusters("booking", 1, methods)) == ["booking", "booking-watching"]
    assert list(shedding.clusters("inventory", 1, methods)) == ["inventory", "inventory-searches", "inventory-uploads"]
