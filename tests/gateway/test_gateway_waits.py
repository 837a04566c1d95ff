"""Through the gateway, who waits for a booking has time, and takes no place from those who buy."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import httpx
import pytest
import yaml
from boxoffice.booking.v1 import booking_pb2 as pb

from gateway import render as rendering
from gateway import shedding
from gateway.render import CLUSTERS, render
from tests.booking.conftest import closes as closes  # fixtures
from tests.booking.conftest import free_per_day as free_per_day
from tests.booking.conftest import free_takes_email as free_takes_email
from tests.booking.conftest import house as house
from tests.booking.conftest import starts_in as starts_in
from tests.booking.house import House
from tests.booking.watchers import Replica, replica
from tests.gateway.fakes import METHODS, Gateway, Services, eventually
from tests.patience import patient

GET_BOOKING = "/boxoffice.booking.v1.BookingService/GetBooking"
STREAM_BOOKING = "/boxoffice.booking.v1.BookingService/StreamBooking"
WATCH_BOOKING = "/boxoffice.booking.v1.BookingService/WatchBooking"
SECONDS = patient(20)
ROOM = 3


@asynccontextmanager
async def opened(addresses: dict[str, str], folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    """Open a gateway; give the two ways in to it."""
    gateway = Gateway(folder, render(addresses, port=0, admin_port=0))
    await gateway.start()
    try:
        async with (
            httpx.AsyncClient(base_url=f"http://{gateway.address}/api/v1/", timeout=SECONDS) as rest,
            grpc.aio.insecure_channel(gateway.address) as channel,
        ):

            async def healthy() -> bool:
                return (await rest.get("health")).status_code == 200

            await eventually(healthy)
            yield rest, channel.unary_unary(GET_BOOKING, request_serializer=pb.GetBookingRequest.SerializeToString)
    finally:
        await gateway.stop()


def held(services: Services, path: str) -> tuple[asyncio.Event, Callable[[], int]]:
    """Have booking keep the calls of a method until the event; give how many are there."""
    go = asyncio.Event()

    async def wait(request: Any, context: Any) -> Any:
        await go.wait()
        return METHODS[path].response()

    services["booking"].answers[path] = wait
    return go, lambda: len([one for one in services["booking"].calls if one.path == path])


async def test_who_waits_has_time_and_who_looks_has_as_little_as_before(
    own_services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "TIMEOUT_SECONDS", 0.25)
    go, there = held(own_services, GET_BOOKING)
    async with opened(own_services.addresses, tmp_path) as (rest, get), asyncio.timeout(SECONDS):
        waits = [
            asyncio.ensure_future(rest.get("bookings/x?waitSeconds=20")),
            asyncio.ensure_future(rest.get("bookings/x?whileStatus=CONFIRMED&wait_seconds=20")),
            asyncio.ensure_future(get(pb.GetBookingRequest(wait_seconds=20), timeout=30)),
        ]
        await eventually(lambda: there() == len(waits))
        for path in ("bookings/x", "bookings/x?userId=waitSeconds", "bookings/x?whileStatus=PENDING"):
            assert (await rest.get(path)).status_code == 504, path
        with pytest.raises(grpc.aio.AioRpcError) as late:
            await get(pb.GetBookingRequest(), timeout=5)
        assert late.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        go.set()
        by_rest, again, _ = await asyncio.gather(*waits)
        assert (by_rest.status_code, again.status_code) == (200, 200)


async def test_services_are_told_how_long_a_wait_may_take(rest: httpx.AsyncClient, services: Services) -> None:
    answers = []

    async def answer(request: Any, context: Any) -> pb.Booking:
        answers.append(round(context.time_remaining()))
        return pb.Booking()

    services["booking"].answers[GET_BOOKING] = answer
    for more in ("", "?waitSeconds=20"):
        assert (await rest.get(f"/api/v1/bookings/x{more}")).status_code == 200
    assert answers == [5, 30]


def test_a_call_by_grpc_may_wait_if_its_deadline_is_later_than_that_of_others() -> None:
    config = yaml.load(render(dict.fromkeys(CLUSTERS, "127.0.0.1:1"), port=1, admin_port=2), yaml.CSafeLoader)
    manager = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    routes = manager["route_config"]["virtual_hosts"][0]["routes"]
    [pattern] = [
        header["string_match"]["safe_regex"]["regex"]
        for route in routes
        for header in route["match"].get("headers", [])
        if header["name"] == "grpc-timeout"
    ]
    long = ("6S", "30S", "06S", "6000m", "29999m", "30000000u", "6000000u", "1M", "2H", "99999999m")
    short = ("5S", "0S", "0006m", "5999m", "5000000u", "99999999n", "0H", "", "600u", "6")
    assert [text for text in (*long, *short) if re.fullmatch(pattern, text)] == list(long)


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("bookings/x?waitSeconds=20", GET_BOOKING),
        ("bookings/x/watch", STREAM_BOOKING),
        ("bookings/x/changes", WATCH_BOOKING),
        ("", GET_BOOKING),
    ],
)
async def test_who_waits_takes_no_place_from_those_who_buy_or_pay(
    path: str, method: str, own_services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shedding, "SALES_AT_ONCE", ROOM)
    monkeypatch.setattr(shedding, "MONEY_AT_ONCE", ROOM)
    go, there = held(own_services, method)
    async with opened(own_services.addresses, tmp_path) as (rest, get), asyncio.timeout(SECONDS):

        def wait_for_it() -> Any:
            return rest.get(path) if path else get(pb.GetBookingRequest(wait_seconds=20), timeout=30)

        waits = [asyncio.ensure_future(wait_for_it()) for _ in range(ROOM + 2)]
        await eventually(lambda: there() == len(waits))
        for _ in range(2):
            assert (await rest.post("bookings", json={})).status_code == 200
            assert (await rest.patch("bookings/x/cancel", json={})).status_code == 200
        for wait in waits:
            wait.cancel()
        go.set()


# --- With the real booking behind the gateway


@asynccontextmanager
async def real(
    house: House, services: Services, folder: Path, **options: Any
) -> AsyncIterator[tuple[Replica, httpx.AsyncClient]]:
    async with (
        replica(house.db, **options) as booking,
        opened({**services.addresses, "booking": booking.address}, folder) as (rest, _),
    ):
        yield booking, rest


async def test_a_wait_over_rest_is_answered_by_the_ticket(house: House, own_services: Services, tmp_path: Path) -> None:
    created = await house.book(uuid4(), 0)
    async with real(house, own_services, tmp_path) as (booking, rest), asyncio.timeout(SECONDS):
        wait = asyncio.ensure_future(rest.get(f"bookings/{created.id}?waitSeconds=25"))
        await eventually(lambda: booking.changes._places)
        await house.capture(created)
        answer = await wait
        assert (answer.status_code, answer.json()["status"]) == (200, "CONFIRMED")
        refused = await rest.get(f"bookings/{created.id}?waitSeconds=26")
        assert (refused.status_code, refused.json()["details"][0]["reason"]) == (400, "INVALID_FIELD")
        assert "waitSeconds" in refused.text


async def events(stream: httpx.Response) -> AsyncIterator[tuple[str, str]]:
    """Yield what comes in a stream of server-sent events: names and values; of a comment, the name is empty."""
    async for line in stream.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            yield name, value.strip()


async def next_booking(coming: AsyncIterator[tuple[str, str]]) -> Any:
    """Return the booking of the next event; None at the end of the stream."""
    async for name, value in coming:
        if name == "data":
            return json.loads(value)
    return None


async def test_a_browser_is_told_of_every_status_and_of_the_present_one_when_it_comes_back(
    house: House, own_services: Services, tmp_path: Path
) -> None:
    created = await house.book(uuid4(), 0)
    path = f"bookings/{created.id}/watch"
    async with (
        real(house, own_services, tmp_path, heartbeat_seconds=0.1) as (booking, rest),
        asyncio.timeout(SECONDS),
    ):
        async with rest.stream("GET", path) as stream:
            assert stream.headers["content-type"] == "text/event-stream"
            assert stream.headers["cache-control"] == "no-store"
            coming = events(stream)
            name, value = await anext(coming)
            assert (name, int(value) > 0) == ("retry", True)
            first, plain = await next_booking(coming), (await rest.get(f"bookings/{created.id}")).json()
            for answers in (first, plain):
                assert answers["payment"].pop("id")  # the fake one makes it anew each time
            assert first == plain
            assert await anext(coming) == ("", "")
            await house.capture(created)
            assert (await next_booking(coming))["status"] == "CONFIRMED"
        async with rest.stream("GET", path) as stream:
            coming = events(stream)
            assert (await next_booking(coming))["status"] == "CONFIRMED"
            booking.changes.end()
            assert await next_booking(coming) is None
        answer = await rest.get(path)
        assert (answer.status_code, answer.json()["details"][0]["reason"]) == (503, "UNAVAILABLE")


async def test_a_stream_of_messages_ends_after_the_last_status(
    house: House, own_services: Services, tmp_path: Path
) -> None:
    user = uuid4()
    created = await house.book(user, 0)
    async with real(house, own_services, tmp_path) as (_, rest), asyncio.timeout(SECONDS):
        async with rest.stream("GET", f"bookings/{created.id}/changes?userId={user}") as stream:
            lines = stream.aiter_lines()
            assert json.loads(await anext(lines))["booking"]["status"] == "PENDING"
            await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=created.id, user_id=str(user)))
            assert [json.loads(line)["booking"]["status"] async for line in lines] == ["CANCELLED"]
        for way in ("changes", "watch"):
            answer = await rest.get(f"bookings/{created.id}/{way}?userId={uuid4()}")
            assert (answer.status_code, answer.json()["details"][0]["reason"]) == (404, "BOOKING_NOT_FOUND")
