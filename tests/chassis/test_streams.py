"""Calls that are answered by streams get what all calls get, over a real server and a real channel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import grpc
import pytest
from boxoffice.inventory.v1 import inventory_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2_grpc

from services.chassis.errors import NotFound
from services.chassis.process.server import make_server
from services.chassis.sight import logs
from services.chassis.wire import calls, incoming
from tests.deaf import HEADERS, ROOM, calling
from tests.inventory.watchers import reason
from tests.patience import patient
from tests.servers import served

SHOW = str(uuid4())
WATCH_SEATS = "/boxoffice.inventory.v1.InventoryService/WatchSeats"
Answer = Callable[[Any, Any], AsyncGenerator[Any, None]]


class Seats(inventory_pb2_grpc.InventoryServiceServicer):
    """Streams what the test says."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.ended = asyncio.Event()

    async def WatchSeats(self, request: Any, context: Any) -> AsyncGenerator[Any, None]:
        try:
            async for message in self._answer(request, context):
                yield message
        finally:
            self.ended.set()


@asynccontextmanager
async def seats(answer: Answer) -> AsyncIterator[tuple[Any, Seats]]:
    servicer = Seats(answer)
    async with served(
        lambda server: inventory_pb2_grpc.add_InventoryServiceServicer_to_server(servicer, server)
    ) as channel:
        stub: Any = inventory_pb2_grpc.InventoryServiceStub(channel)
        yield stub.WatchSeats, servicer


def message(number: int) -> pb.WatchSeatsResponse:
    return pb.WatchSeatsResponse(changes=[pb.SeatChange(sequence=number)])


async def numbers(call: Any) -> list[int]:
    return [change.sequence async for message in call for change in message.changes]


async def refused(call: Any) -> tuple[grpc.StatusCode, str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await numbers(call)
    return caught.value.code(), reason(caught.value), str(caught.value.details())


async def test_messages_come_in_order_encoded_or_not_and_the_call_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[str] = []

    async def answer(request: Any, context: Any) -> AsyncGenerator[Any, None]:
        seen.append(logs.request_id.get())
        yield message(1)
        yield message(2).SerializeToString()

    with caplog.at_level(logging.INFO, logger="services.chassis.wire.incoming"):
        async with seats(answer) as (watch, _):
            call = watch(pb.WatchSeatsRequest(show_id=SHOW), metadata=(("x-request-id", "mine"),))
            assert await numbers(call) == [1, 2]
    assert seen == ["mine"]
    [line] = [record for record in caplog.records if record.message == "call"]
    assert (line.__dict__["method"].rpartition("/")[2], line.__dict__["outcome"]) == ("WatchSeats", "OK")


async def test_a_request_that_breaks_a_rule_never_reaches_its_handler() -> None:
    async def answer(request: Any, context: Any) -> AsyncGenerator[Any, None]:
        raise AssertionError
        yield

    async with seats(answer) as (watch, servicer):
        code, why, text = await refused(watch(pb.WatchSeatsRequest(show_id="x", after_sequence=-1)))
        assert (code, why) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
        assert "showId" in text
        assert "afterSequence" in text
        assert not servicer.ended.is_set()


@pytest.mark.parametrize("first", [False, True])
async def test_a_failure_ends_the_stream_with_its_reason_and_a_defect_stays_inside(first: bool) -> None:
    error: list[Exception] = []

    async def answer(request: Any, context: Any) -> AsyncGenerator[Any, None]:
        if first:
            yield message(1)
        raise error[0]

    async with seats(answer) as (watch, _):
        error[:] = [NotFound("Not here.")]
        assert await refused(watch(pb.WatchSeatsRequest(show_id=SHOW))) == (
            grpc.StatusCode.NOT_FOUND,
            "NOT_FOUND",
            "Not here.",
        )
        error[:] = [ValueError("a secret")]
        code, why, text = await refused(watch(pb.WatchSeatsRequest(show_id=SHOW)))
        assert (code, why) == (grpc.StatusCode.INTERNAL, "INTERNAL")
        assert "secret" not in text


async def test_a_stream_has_the_deadline_of_its_caller_and_else_none() -> None:
    async def answer(request: Any, context: Any) -> AsyncGenerator[Any, None]:
        yield message(1)
        if context.time_remaining() is not None:
            await asyncio.Event().wait()

    async with seats(answer) as (watch, servicer):
        assert await numbers(watch(pb.WatchSeatsRequest(show_id=SHOW))) == [1]
        servicer.ended.clear()
        code, _, _ = await refused(watch(pb.WatchSeatsRequest(show_id=SHOW), timeout=0.2))
        assert code is grpc.StatusCode.DEADLINE_EXCEEDED
        async with asyncio.timeout(patient(10)):
            await servicer.ended.wait()


async def test_a_stream_ends_when_its_caller_leaves(caplog: pytest.LogCaptureFixture) -> None:
    async def answer(request: Any, context: Any) -> AsyncGenerator[Any, None]:
        yield message(1)
        await asyncio.Event().wait()

    with caplog.at_level(logging.INFO, logger="services.chassis.wire.incoming"):
        async with seats(answer) as (watch, servicer):
            call = watch(pb.WatchSeatsRequest(show_id=SHOW))
            await call.read()
            call.cancel()
            async with asyncio.timeout(patient(10)):
                await servicer.ended.wait()
    assert [record.__dict__["outcome"] for record in caplog.records if record.message == "call"] == ["CANCELLED"]


async def test_who_reads_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "READING_SECONDS", 0.3)
    big = pb.WatchSeatsResponse(changes=[pb.SeatChange(seats=[pb.SeatChange.ChangedSeat(id="x" * 100_000)])])

    async def answer(request: Any, context: Any) -> AsyncGenerator[Any, None]:
        while True:
            yield big

    async with seats(answer) as (watch, servicer):
        call = watch(pb.WatchSeatsRequest(show_id=SHOW))
        await call.read()
        async with asyncio.timeout(patient(10)):
            await servicer.ended.wait()
        with pytest.raises(grpc.aio.AioRpcError):
            while True:
                assert await call.read() is not grpc.aio.EOF


@pytest.mark.parametrize(
    "size", [1_000, 200_000], ids=["many small messages", "a first message larger than there is room"]
)
async def test_who_reads_nothing_at_all_is_told_so_as_soon_as_he_reads_and_keeps_his_place_until_then(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "READING_SECONDS", 0.3)
    some = pb.WatchSeatsResponse(changes=[pb.SeatChange(seats=[pb.SeatChange.ChangedSeat(id="x" * size)])])

    async def answer(request: Any, context: Any) -> AsyncGenerator[Any, None]:
        while True:
            yield some

    server, servicer = make_server(max_streams=1), Seats(answer)
    inventory_pb2_grpc.add_InventoryServiceServicer_to_server(servicer, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        async with (
            asyncio.timeout(patient(30)),
            calls.channel(address) as channel,
            calling(address, WATCH_SEATS, pb.WatchSeatsRequest(show_id=SHOW)) as deaf,
        ):
            watch: Any = inventory_pb2_grpc.InventoryServiceStub(channel).WatchSeats
            await servicer.ended.wait()
            assert (await refused(watch(pb.WatchSeatsRequest(show_id=SHOW))))[1] == "OVERLOADED"
            assert not deaf.ended.is_set()
            deaf.make_room()
            await deaf.ended.wait()
            assert deaf.end == HEADERS, "the status, after all that was on its way"
            assert deaf.received > ROOM
            # The place is free as soon as the server knows that the news has arrived.
            while (call := watch(pb.WatchSeatsRequest(show_id=SHOW))) and isinstance(await first(call), Exception):
                pass
    finally:
        await server.stop(0)


async def first(call: Any) -> Any:
    """Return the first message of a stream, or what it failed by."""
    try:
        return await call.read()
    except grpc.aio.AioRpcError as error:
        return error


async def test_more_streams_than_there_may_be_are_refused_and_calls_are_not() -> None:
    go = asyncio.Event()

    async def answer(request: Any, context: Any) -> AsyncGenerator[Any, None]:
        yield message(1)
        await go.wait()

    servicer = Seats(answer)

    async def get_seat_map(request: Any, context: Any) -> pb.SeatMap:
        return pb.SeatMap()

    servicer.GetSeatMap = get_seat_map  # type: ignore[method-assign]
    server = make_server(max_streams=1)
    inventory_pb2_grpc.add_InventoryServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with calls.channel(f"127.0.0.1:{port}") as channel:
            stub: Any = inventory_pb2_grpc.InventoryServiceStub(channel)
            first = stub.WatchSeats(pb.WatchSeatsRequest(show_id=SHOW))
            await first.read()
            code, why, _ = await refused(stub.WatchSeats(pb.WatchSeatsRequest(show_id=SHOW)))
            assert (code, why) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
            await stub.GetSeatMap(pb.GetSeatMapRequest(show_id=SHOW))
            go.set()
            assert await first.read() is grpc.aio.EOF
            assert await numbers(stub.WatchSeats(pb.WatchSeatsRequest(show_id=SHOW))) == [1]
    finally:
        await server.stop(1)
