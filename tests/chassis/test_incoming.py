"""Calls that come in: the rules of their messages, their ids and their keys, many at once."""

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import catalog_pb2_grpc

from services.chassis.errors import (
    Aborted,
)
from services.chassis.sight import logs, tracing
from services.chassis.wire.calls import call
from services.chassis.wire.incoming import MAX_MESSAGE_BYTES
from tests.chassis.catalog import EVENT, Catalog, catalog, details, nothing, raising, refused
from tests.servers import served

# --- Requests that break a rule


async def test_a_request_that_breaks_a_rule_never_reaches_its_handler_and_names_the_field() -> None:
    async with catalog(nothing) as (stub, servicer):
        error, status = await refused(stub.GetEvent(pb.GetEventRequest(event_id="not a uuid")))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        info, bad = details(status)
        assert (info.reason, info.domain) == ("INVALID_FIELD", "boxoffice")
        assert [(it.field, bool(it.description)) for it in bad.field_violations] == [("eventId", True)]
        assert servicer.requests == []


async def test_paths_are_spelled_as_json_spells_them_with_what_they_are_nested_in() -> None:
    section = pb.CreateScreenRequest.Section
    row = pb.CreateScreenRequest.Row
    request = pb.CreateScreenRequest(
        venue_id=EVENT,
        name="Main",
        sections=[
            section(name="A", rows=[row(label="1", seat_count=1, tier=1)]),
            section(name="B", rows=[row(label="1", seat_count=1, tier=1), row(label="2", seat_count=0, tier=1)]),
        ],
    )
    async with catalog(nothing) as (stub, _):
        _, bad = details((await refused(stub.CreateScreen(request)))[1])
    assert [it.field for it in bad.field_violations] == ["sections[1].rows[1].seatCount"]


async def test_of_many_broken_rules_ten_are_told() -> None:
    section = pb.CreateScreenRequest.Section(rows=[pb.CreateScreenRequest.Row() for _ in range(500)])
    async with catalog(nothing) as (stub, _):
        error, status = await refused(stub.CreateScreen(pb.CreateScreenRequest(sections=[section])))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    _, bad = details(status)
    assert len(bad.field_violations) == 10


async def test_a_large_message_that_breaks_very_many_rules_is_refused_for_the_first() -> None:
    """To find all of them takes seconds, in which nobody else is served."""
    sections = [
        pb.CreateScreenRequest.Section(rows=[pb.CreateScreenRequest.Row() for _ in range(500)]) for _ in range(100)
    ]
    async with catalog(nothing) as (stub, _):
        error, status = await refused(stub.CreateScreen(pb.CreateScreenRequest(sections=sections)))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert len(details(status)[1].field_violations) == 1


@pytest.mark.parametrize(
    "data",
    [b"\xff" * 10, b"\x0a\xff", b"\x0a\x02\xff\xfe", b"\x0b" * 300, bytes(range(256))],
    ids=["no fields", "cut off", "no utf-8", "deep groups", "every byte"],
)
async def test_bytes_that_are_no_message_are_refused_as_such(data: bytes) -> None:
    servicer = Catalog(nothing)
    async with served(
        lambda server: catalog_pb2_grpc.add_CatalogServiceServicer_to_server(servicer, server)
    ) as channel:
        raw = channel.unary_unary("/boxoffice.inventory.v1.CatalogService/GetEvent")
        error, status = await refused(raw(data))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert details(status)[0].reason == "INVALID_FIELD"
        assert servicer.requests == []


async def test_an_empty_request_is_checked_like_any_other() -> None:
    async with catalog(nothing) as (stub, _):
        _, bad = details((await refused(stub.GetEvent(pb.GetEventRequest())))[1])
    assert [it.field for it in bad.field_violations] == ["eventId"]


async def test_a_message_that_is_too_large_is_refused() -> None:
    async with catalog(nothing) as (stub, servicer):
        request = pb.CreateVenueRequest(name="Odeon", city="Pune", address="x" * (MAX_MESSAGE_BYTES + 1))
        error, status = await refused(stub.CreateVenue(request))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert details(status)[0].reason == "REQUEST_TOO_LARGE"
        much = pb.CreateVenueRequest(address="x" * (5 * MAX_MESSAGE_BYTES))
        for compression in (grpc.Compression.NoCompression, grpc.Compression.Gzip):
            error, _ = await refused(stub.CreateVenue(much, compression=compression))
            assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert servicer.requests == []


async def test_an_unknown_method_is_unimplemented() -> None:
    async with served(
        lambda server: catalog_pb2_grpc.add_CatalogServiceServicer_to_server(Catalog(nothing), server)
    ) as channel:
        for _ in range(2):
            raw = channel.unary_unary("/boxoffice.inventory.v1.CatalogService/Destroy")
            error, _ = await refused(raw(b""))
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED


# --- Request ids


async def request_id_for(*metadata: tuple[str, str]) -> str:
    """Return the id that a peer two services further on sees."""
    seen: list[str] = []

    async def look(request: Any, context: Any) -> Any:
        seen.append(logs.request_id.get())
        return pb.Event()

    async with catalog(look) as (peer, _):

        async def pass_on(request: Any, context: Any) -> Any:
            seen.append(logs.request_id.get())
            return await call(peer.GetEvent, request)

        async with catalog(pass_on) as (stub, _):
            await stub.GetEvent(pb.GetEventRequest(event_id=EVENT), metadata=metadata)
    assert len(set(seen)) == 1, "the same in both services"
    return seen[0]


async def test_a_requests_id_goes_with_it_through_all_services() -> None:
    assert await request_id_for(("x-request-id", "abc-123_x.Y")) == "abc-123_x.Y"


@pytest.mark.parametrize("insane", ["", "a b", "x" * 101, 'a"b', "a;b", "../../etc", "{}"])
async def test_an_insane_id_is_replaced(insane: str) -> None:
    assert UUID(await request_id_for(("x-request-id", insane))).version == 7


async def test_a_request_without_an_id_gets_one() -> None:
    assert await request_id_for() != await request_id_for()


async def test_every_call_is_a_line_in_the_log_with_its_id(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "services.chassis.wire.incoming")
    caplog.handler.addFilter(logs._WithIds())
    async with catalog(raising(Aborted())) as (stub, _):
        await refused(stub.GetEvent(pb.GetEventRequest(event_id=EVENT), metadata=(("x-request-id", "abc"),)))
    [line] = [vars(record) for record in caplog.records if record.message == "call"]
    assert line["method"] == "/boxoffice.inventory.v1.CatalogService/GetEvent"
    assert (line["outcome"], line["request_id"]) == ("ABORTED", "abc")
    assert line["ms"] >= 0


# --- Idempotency keys


async def key_for(*, field: str = "", header: str | None = None) -> str:
    """Return the key that a handler sees."""
    metadata = () if header is None else (("idempotency-key", header),)
    async with catalog(nothing) as (stub, servicer):
        request = pb.CreateVenueRequest(name="Odeon", city="Pune", idempotency_key=field)
        await stub.CreateVenue(request, metadata=metadata)
        return str(servicer.requests[0].idempotency_key)


async def test_the_header_fills_the_field() -> None:
    assert await key_for(header="k1") == "k1"
    assert await key_for(field="k1") == "k1"
    assert await key_for(field="k1", header="k1") == "k1"
    assert await key_for() == ""


@pytest.mark.parametrize(("field", "header"), [("k1", "k2"), ("", "k" * 201), ("", "a b"), ("k1", "")])
async def test_a_header_that_differs_or_breaks_the_rule_is_refused(field: str, header: str) -> None:
    async with catalog(nothing) as (stub, servicer):
        request = pb.CreateVenueRequest(name="Odeon", city="Pune", idempotency_key=field)
        error, status = await refused(stub.CreateVenue(request, metadata=(("idempotency-key", header),)))
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert [it.field for it in details(status)[1].field_violations] == ["idempotencyKey"]
        assert servicer.requests == []


async def test_of_two_headers_that_differ_none_is_taken() -> None:
    async with catalog(nothing) as (stub, servicer):
        request = pb.CreateVenueRequest(name="Odeon", city="Pune")
        two = (("idempotency-key", "k1"), ("idempotency-key", "k2"))
        _, status = await refused(stub.CreateVenue(request, metadata=two))
        assert [it.field for it in details(status)[1].field_violations] == ["idempotencyKey"]
        await stub.CreateVenue(request, metadata=two[:1] * 2)
        assert [it.idempotency_key for it in servicer.requests] == ["k1"]


async def test_a_method_without_keys_ignores_the_header() -> None:
    async with catalog(nothing) as (stub, _):
        await stub.GetEvent(pb.GetEventRequest(event_id=EVENT), metadata=(("idempotency-key", "k"),))


# --- Overload


async def test_many_calls_at_once_do_not_mix_their_contexts() -> None:
    async def look(request: Any, context: Any) -> Any:
        mine = logs.request_id.get()
        await asyncio.sleep(0)
        assert logs.request_id.get() == mine
        return pb.Event(id=mine)

    async with catalog(look) as (stub, _):
        answers = await asyncio.gather(
            *(
                stub.GetEvent(pb.GetEventRequest(event_id=EVENT), metadata=(("x-request-id", f"id-{n}"),))
                for n in range(200)
            )
        )
    assert [answer.id for answer in answers] == [f"id-{n}" for n in range(200)]


async def test_the_log_is_json_a_line_with_the_requests_id(capsys: pytest.CaptureFixture[str]) -> None:
    with configured("INFO"):
        token = logs.request_id.set("abc")
        try:
            raise ValueError("two\nlines")
        except ValueError:
            logging.getLogger("x").exception("it %s", "failed")
        logs.request_id.reset(token)
        logging.getLogger("x").info("outside")
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["service"], first["level"], first["message"], first["request_id"]) == (
        "test",
        "ERROR",
        "it failed",
        "abc",
    )
    assert "ValueError: two\nlines" in first["exc_info"]
    assert "request_id" not in second


@pytest.mark.parametrize("request_id", ["", "abc-123_x.Y"])
@pytest.mark.parametrize("trace_id", ["", "0af7651916cd43dd8448eb211c80319c"])
@pytest.mark.parametrize("ms", [0.0, 12.3, 60000.0])
def test_a_calls_line_is_that_of_a_record(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, request_id: str, trace_id: str, ms: float
) -> None:
    monkeypatch.setattr(tracing, "on", SimpleNamespace(trace_id=lambda: trace_id))
    log = logging.getLogger("services.chassis.wire.incoming")
    token = logs.request_id.set(request_id)
    with configured("INFO"):
        log.info("call", extra={"method": "/a.B/C", "outcome": "OK", "ms": ms})
        logs.tell_call(log, "/a.B/C", "OK", ms)
    logs.request_id.reset(token)
    recorded, told = (json.loads(line, object_pairs_hook=list) for line in capsys.readouterr().out.splitlines())
    assert told[:-1] == recorded[:-1]  # all but the time, in the same order
    assert (told[-1][0], datetime.fromisoformat(told[-1][1]).tzinfo) == ("time", UTC)


def test_a_calls_line_is_written_where_its_level_is_and_a_full_disk_fails_no_call(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = logging.getLogger("services.chassis.wire.incoming")
    with configured("WARNING"):
        logs.tell_call(log, "/a.B/C", "OK", 1.0)
    assert capsys.readouterr().out == ""
    with open("/dev/full", "w") as full, configured("INFO"), suppress(OSError):
        logging.getLogger().handlers[0].setStream(full)  # type: ignore[attr-defined]
        logs.tell_call(log, "/a.B/C", "OK", 1.0)
        full.close()
    assert "No space left" in capsys.readouterr().err


@contextmanager
def configured(level: str) -> Iterator[None]:
    """Log as a service does."""
    root = logging.getLogger()
    handlers, before = root.handlers[:], root.level
    try:
        logs.configure("test", level)
        yield
    finally:
        logs._output = None
        root.handlers[:] = handlers
        root.setLevel(before)
