"""Streams through the gateway: they come as they are sent, as long as they are sent, and take nothing from calls."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
import yaml
from boxoffice.inventory.v1 import inventory_pb2 as pb
from google.api import httpbody_pb2

from gateway.render import CLUSTERS, render
from services.inventory.errors import SequenceNoLongerKept, ShowNotFound
from tests.deaf import RST_STREAM, calling
from tests.gateway.fakes import Gateway, Services
from tests.inventory.conftest import on_sale as on_sale  # a fixture
from tests.inventory.sale import OnSale
from tests.inventory.watchers import replica
from tests.patience import patient

WATCH_SEATS = "/boxoffice.inventory.v1.InventoryService/WatchSeats"
STREAM_SEATS = "/boxoffice.inventory.v1.InventoryService/StreamSeats"
SECONDS = patient(20)


def body(data: bytes) -> httpbody_pb2.HttpBody:
    return httpbody_pb2.HttpBody(content_type="text/event-stream", data=data)


async def test_events_come_one_by_one_as_they_are_sent(rest: httpx.AsyncClient, services: Services) -> None:
    read = asyncio.Event()

    async def answer(request: Any, context: Any) -> Any:
        for number in range(3):
            await context.write(body(b"id: %d\n\n" % number))
            await read.wait()
            read.clear()
        return body(b"")

    services["inventory"].answers[STREAM_SEATS] = answer
    async with asyncio.timeout(SECONDS), rest.stream("GET", "/api/v1/seats/shows/x/watch?afterSequence=3") as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        events = []
        async for event in stream.aiter_bytes():
            events.append(event)
            read.set()
    assert events == [b"id: 0\n\n", b"id: 1\n\n", b"id: 2\n\n"]
    (arrived,) = services.calls
    assert (arrived.request.show_id, arrived.request.after_sequence) == ("x", 3)


async def test_changes_come_as_lines_of_json(rest: httpx.AsyncClient, services: Services) -> None:
    async def answer(request: Any, context: Any) -> Any:
        await context.write(pb.WatchSeatsResponse(changes=[pb.SeatChange(sequence=1)]))
        return pb.WatchSeatsResponse()

    services["inventory"].answers[WATCH_SEATS] = answer
    answered = await rest.get("/api/v1/seats/shows/x/changes")
    change = '{"sequence":1,"seats":[],"showCancelled":false,"prices":[],"areas":[]}'
    assert answered.text.splitlines() == [f'{{"changes":[{change}]}}', '{"changes":[]}']


async def test_a_stream_gets_no_deadline_but_its_callers(
    rest: httpx.AsyncClient, channel: grpc.aio.Channel, services: Services
) -> None:
    for path in ("changes", "watch"):
        await rest.get(f"/api/v1/seats/shows/x/{path}")
    method: Any = channel.unary_stream(WATCH_SEATS, request_serializer=pb.WatchSeatsRequest.SerializeToString)
    await method(pb.WatchSeatsRequest()).read()
    assert [arrived.seconds_left for arrived in services.calls] == [None] * 3
    await method(pb.WatchSeatsRequest(), timeout=30).read()
    assert services.calls[-1].seconds_left == pytest.approx(30, abs=5)


def test_no_time_limit_of_the_gateways_ends_a_stream() -> None:
    config = yaml.load(render(dict.fromkeys(CLUSTERS, "127.0.0.1:1"), port=1, admin_port=2), yaml.CSafeLoader)
    [listener] = config["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    [host] = manager["route_config"]["virtual_hosts"]
    routes = {route["match"]["path"]: route for route in host["routes"] if "path" in route["match"]}
    for path in (WATCH_SEATS, STREAM_SEATS):
        assert routes[path]["route"]["timeout"] == "0s"
        assert "request_headers_to_add" not in routes[path]
    # Twice as long as the longest time between two messages that inventory can be told.
    assert manager["stream_idle_timeout"] == "60s"


async def test_a_stream_may_be_longer_than_any_answer(rest: httpx.AsyncClient, services: Services) -> None:
    async def answer(request: Any, context: Any) -> Any:
        for _ in range(20):
            await context.write(body(bytes(1_000_000)))
        return body(b"")

    services["inventory"].answers[STREAM_SEATS] = answer
    async with rest.stream("GET", "/api/v1/seats/shows/x/watch") as stream:
        assert sum([len(part) async for part in stream.aiter_bytes()]) == 20_000_000


async def test_who_reads_nothing_is_cut_off_and_what_was_meant_for_him_is_let_go(
    own_services: Services, tmp_path: Path
) -> None:
    config = yaml.load(render(own_services.addresses, port=0, admin_port=0), yaml.CSafeLoader)
    manager = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    manager["stream_idle_timeout"] = "1s"
    gateway = Gateway(tmp_path, json.dumps(config))
    left = asyncio.Queue[str]()

    async def answer(request: Any, context: Any) -> Any:
        try:
            while True:
                await context.write(body(b":" * 1_000_000))
        finally:
            left.put_nowait(request.show_id)

    own_services["inventory"].answers[STREAM_SEATS] = answer
    await gateway.start()
    try:
        async with asyncio.timeout(SECONDS):
            async with calling(gateway.address, STREAM_SEATS, pb.StreamSeatsRequest(show_id="grpc")) as deaf:
                await deaf.ended.wait()
                assert deaf.end == RST_STREAM
                assert await left.get() == "grpc"
            reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port, limit=1)
            writer.write(b"GET /api/v1/seats/shows/rest/watch HTTP/1.1\r\nhost: x\r\n\r\n")
            assert await left.get() == "rest"
            with suppress(ConnectionResetError):
                while await reader.read(1_000_000):
                    pass
            writer.close()
    finally:
        await gateway.stop()


async def test_streams_take_no_places_from_calls(own_services: Services, tmp_path: Path) -> None:
    config = yaml.load(render(own_services.addresses, port=0, admin_port=0), yaml.CSafeLoader)
    for cluster in config["static_resources"]["clusters"]:
        for threshold in cluster["circuit_breakers"]["thresholds"]:
            threshold["max_requests"] = 1
    gateway = Gateway(tmp_path, json.dumps(config))
    ended = asyncio.Event()

    async def answer(request: Any, context: Any) -> Any:
        await context.write(body(b":\n\n"))
        await ended.wait()
        return body(b"")

    own_services["inventory"].answers[STREAM_SEATS] = answer
    await gateway.start()
    try:
        async with (
            httpx.AsyncClient(base_url=f"http://{gateway.address}", timeout=patient(10)) as rest,
            rest.stream("GET", "/api/v1/seats/shows/x/watch") as stream,
        ):
            parts = stream.aiter_bytes()
            assert await anext(parts) == b":\n\n"
            refused = await rest.get("/api/v1/seats/shows/x/watch")
            assert (refused.status_code, refused.json()["details"][0]["reason"]) == (429, "OVERLOADED")
            assert (await rest.get("/api/v1/shows/x")).status_code == 200
            ended.set()
            assert [part async for part in parts] == []
    finally:
        await gateway.stop()


# --- With the real inventory behind the gateway


class Events:
    """A stream of server-sent events, read as EventSource reads it."""

    def __init__(self, stream: httpx.Response) -> None:
        self._lines = stream.aiter_lines()
        self.retry = 0

    async def comment(self) -> None:
        """Read up to the next comment."""
        async with asyncio.timeout(SECONDS):
            async for line in self._lines:
                if line.startswith(":"):
                    return

    async def next(self) -> tuple[str, dict[str, Any]] | None:
        """Return the id and the data of the next event; None at the end."""
        event: dict[str, str] = {}
        async with asyncio.timeout(SECONDS):
            async for line in self._lines:
                name, _, value = line.partition(":")
                if not line and "data" in event:
                    return event["id"], httpx.Response(200, content=event["data"]).json()
                if name == "retry":
                    self.retry = int(value)
                elif line:
                    event[name] = value.strip()
        return None


async def test_a_browser_goes_on_where_it_left_off(on_sale: OnSale, own_services: Services, tmp_path: Path) -> None:
    ann, path = on_sale.seats[0], f"/api/v1/seats/shows/{on_sale.show_id}/watch"
    async with replica(on_sale.db, heartbeat_seconds=0.1) as inventory:
        gateway = Gateway(
            tmp_path, render({**own_services.addresses, "inventory": inventory.address}, port=0, admin_port=0)
        )
        await gateway.start()
        try:
            async with httpx.AsyncClient(base_url=f"http://{gateway.address}", timeout=patient(10)) as rest:
                async with rest.stream("GET", path) as stream:
                    assert stream.headers["cache-control"] == "no-store"
                    events = Events(stream)
                    await on_sale.hold(ann, 0)
                    await on_sale.hold(ann, 1)
                    first = await events.next()
                    assert first is not None
                    assert (first[0], first[1]["sequence"]) == ("1", 1)
                    [seat] = first[1]["seats"]
                    assert (seat["id"], seat["status"]) == (str(on_sale.seats[0]), "HELD")
                    assert seat["expiresAt"] > first[1]["changedAt"]
                    assert (await events.next() or ("", {}))[0] == "2"
                    await events.comment()
                    await on_sale.hold(ann, 2)
                    assert (await events.next() or ("", {}))[0] == "3"
                    assert events.retry > 0
                # What it says in its header counts, and not what the page's address said once.
                async with rest.stream("GET", f"{path}?afterSequence=0", headers={"Last-Event-ID": "2"}) as stream:
                    events = Events(stream)
                    assert (await events.next() or ("", {}))[0] == "3"
                    inventory.watching.end()
                    assert await events.next() is None
                answer = await rest.get(path)
                assert (answer.status_code, answer.json()["details"][0]["reason"]) == (503, "UNAVAILABLE")
        finally:
            await gateway.stop()


async def test_a_browser_that_cannot_go_on_is_told_why(on_sale: OnSale, own_services: Services, tmp_path: Path) -> None:
    async with replica(on_sale.db) as inventory:
        gateway = Gateway(
            tmp_path, render({**own_services.addresses, "inventory": inventory.address}, port=0, admin_port=0)
        )
        await gateway.start()
        try:
            async with httpx.AsyncClient(
                base_url=f"http://{gateway.address}/api/v1/seats/shows/", timeout=patient(10)
            ) as rest:
                for path, number, status, reason in (
                    (on_sale.show_id, "7", 400, SequenceNoLongerKept.reason),
                    (on_sale.seats[0], "0", 404, ShowNotFound.reason),
                    (on_sale.show_id, "x", 400, "INVALID_FIELD"),
                    (on_sale.show_id, "-1", 400, "INVALID_FIELD"),
                    (on_sale.show_id, "9" * 30, 400, "INVALID_FIELD"),
                    (on_sale.show_id, "9" * 5_000, 400, "INVALID_FIELD"),
                ):
                    answer = await rest.get(f"{path}/watch", headers={"Last-Event-ID": number})
                    assert (answer.status_code, answer.json()["details"][0]["reason"]) == (status, reason)
        finally:
            await gateway.stop()


@pytest.mark.parametrize("way", ["watch", "changes"])
async def test_who_is_one_watcher_too_many_is_told_when_to_come_back(
    way: str, on_sale: OnSale, own_services: Services, tmp_path: Path
) -> None:
    path = f"/api/v1/seats/shows/{on_sale.show_id}/{way}?afterSequence=0"
    await on_sale.hold(on_sale.seats[0], 0)
    async with replica(on_sale.db, max_streams=1) as inventory:
        gateway = Gateway(
            tmp_path, render({**own_services.addresses, "inventory": inventory.address}, port=0, admin_port=0)
        )
        await gateway.start()
        try:
            async with httpx.AsyncClient(base_url=f"http://{gateway.address}", timeout=SECONDS) as rest:
                async with rest.stream("GET", path) as stream:
                    coming = stream.aiter_bytes()  # whose end would be the stream's
                    assert await anext(coming)
                    answer = await rest.get(path)
                info, retry = answer.json()["details"]
                assert (answer.status_code, info["reason"]) == (429, "OVERLOADED")
                assert (retry["retryDelay"], answer.headers["retry-after"]) == ("1s", "1")
                assert answer.headers["content-type"] == "application/json"
        finally:
            await gateway.stop()
