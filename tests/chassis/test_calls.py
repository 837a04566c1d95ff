"""Calls that come in and calls that go out: failures, deadlines, and peers that are away."""

import asyncio
import math
from typing import Any

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import catalog_pb2_grpc
from google.rpc import error_details_pb2

from services.chassis import errors
from services.chassis.errors import (
    Code,
    DeadlineExceeded,
    Failure,
    InvalidField,
    NotFound,
    PeerFailure,
    Unavailable,
)
from services.chassis.process.server import make_server
from services.chassis.wire import calls, incoming
from services.chassis.wire.calls import DEFAULT_SECONDS, call
from services.chassis.wire.incoming import MAX_SECONDS
from tests.chassis.catalog import EVENT, Catalog, Stub, catalog, details, nothing, raising, refused
from tests.listening import listening
from tests.patience import eventually, patient

# --- Failures


def all_failures() -> list[Failure]:
    """Every kind of Failure that the chassis knows, and those that services derive."""
    kinds = {Failure}
    while more := {sub for kind in kinds for sub in kind.__subclasses__()} - kinds:
        kinds |= more
    made: list[Failure] = []
    for kind in sorted(kinds, key=lambda kind: (kind.__module__, kind.__name__)):
        if kind is PeerFailure:
            made.append(PeerFailure(Code.ABORTED, "TAKEN", "Gone.", {"who": "ann"}, 2.5))
        elif kind is InvalidField:
            made.append(InvalidField(("a.b[0]", "is wrong"), ("", "as a whole")))
        elif kind.__module__ == errors.__name__:
            made.append(kind())
    return made


FAILURES = all_failures()


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_a_failure_is_told_with_its_code_its_reason_and_its_details(failure: Failure) -> None:
    async with catalog(raising(failure)) as (stub, _):
        error, status = await refused(stub.GetEvent(pb.GetEventRequest(event_id=EVENT)))
    assert error.code().value[0] == failure.code
    assert error.details() == failure.message != ""
    info, bad = details(status)
    assert (info.reason, info.domain, dict(info.metadata)) == (failure.reason, "boxoffice", failure.metadata)
    violations = failure.violations if isinstance(failure, InvalidField) else ()
    assert [(it.field, it.description) for it in bad.field_violations] == list(violations)
    retry = error_details_pb2.RetryInfo()
    retries = [detail.Unpack(retry) for detail in status.details]
    assert any(retries) == (failure.retry_after_seconds is not None)
    if failure.retry_after_seconds is not None:
        assert retry.retry_delay.ToMilliseconds() == failure.retry_after_seconds * 1000
    # The same for REST, whose clients do not look into details; in whole seconds, and never too early.
    headers = dict(error.trailing_metadata() or ())
    seconds = failure.retry_after_seconds
    assert headers.get("retry-after") == (None if seconds is None else str(math.ceil(seconds)))


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
async def test_a_peers_failure_is_passed_on_as_it_was_said(failure: Failure) -> None:
    async with catalog(raising(failure)) as (stub, _):
        with pytest.raises(Failure) as caught:
            await call(stub.GetEvent, pb.GetEventRequest(event_id=EVENT))
    error = caught.value
    if failure.code is Code.INTERNAL:
        assert type(error) is Unavailable
        return
    assert (error.code, error.reason, error.message) == (failure.code, failure.reason, failure.message)
    assert (error.metadata, error.retry_after_seconds) == (failure.metadata, failure.retry_after_seconds)


SECRET = "SELECT secret FROM users -- /srv/app/secret.py"


@pytest.mark.parametrize(
    "error",
    [ValueError(SECRET), KeyError(SECRET), OSError(2, SECRET), RecursionError(SECRET), AssertionError(SECRET)],
    ids=lambda error: type(error).__name__,
)
async def test_a_defect_is_told_in_plain_words_and_logged_in_full(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async with catalog(raising(error)) as (stub, _):
        refusal, status = await refused(stub.GetEvent(pb.GetEventRequest(event_id=EVENT)))
    assert refusal.code() is grpc.StatusCode.INTERNAL
    everything = f"{refusal.details()} {status} {refusal.trailing_metadata()} {refusal.debug_error_string()}"
    for internal in ("secret", "SELECT", "/srv", ".py", type(error).__name__, "Traceback"):
        assert internal not in everything
    [record] = [record for record in caplog.records if record.exc_info]
    assert record.exc_info is not None and record.exc_info[1] is error


async def test_an_answer_that_cannot_be_rendered_is_a_defect_like_any_other() -> None:
    async def wrong(request: Any, context: Any) -> Any:
        return Catalog

    async with catalog(wrong) as (stub, _):
        error, _ = await refused(stub.GetEvent(pb.GetEventRequest(event_id=EVENT)))
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "Catalog" not in str(error.details())


async def test_a_message_with_any_characters_arrives_whole() -> None:
    text = "naïve 10 % “quoted”\n漢字"
    async with catalog(raising(NotFound(text, show="é"))) as (stub, _):
        error, status = await refused(stub.GetEvent(pb.GetEventRequest(event_id=EVENT)))
    assert error.details() == text
    assert dict(details(status)[0].metadata) == {"show": "é"}


# --- Deadlines


async def test_a_handler_that_takes_too_long_is_cancelled() -> None:
    cancelled = asyncio.Event()

    async def slow(request: Any, context: Any) -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with catalog(slow) as (stub, _):
        # Long enough for the call to arrive before its deadline on a busy machine.
        error, _ = await refused(stub.GetEvent(pb.GetEventRequest(event_id=EVENT), timeout=1.5))
        assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await asyncio.wait_for(cancelled.wait(), patient(10))


async def test_a_handler_without_a_deadline_gets_one_and_its_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "DEFAULT_SECONDS", 0.05)

    async def slow(request: Any, context: Any) -> Any:
        await asyncio.Event().wait()

    async with catalog(slow) as (stub, _):
        error, status = await refused(stub.GetEvent(pb.GetEventRequest(event_id=EVENT)))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert details(status)[0].reason == "DEADLINE_EXCEEDED"


async def test_a_handler_ends_when_its_caller_goes_away() -> None:
    entered, cancelled = asyncio.Event(), asyncio.Event()

    async def slow(request: Any, context: Any) -> Any:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with catalog(slow) as (stub, _):
        calling = asyncio.ensure_future(stub.GetEvent(pb.GetEventRequest(event_id=EVENT)))
        await entered.wait()
        calling.cancel()
        await asyncio.wait_for(cancelled.wait(), patient(10))


async def has(seconds: float, **given: Any) -> bool:
    """Return whether a handler has `seconds` when its caller gives it `given`: from when it was called, or arrived."""
    deadlines: list[float] = []
    clock = asyncio.get_running_loop().time

    async def look(request: Any, context: Any) -> Any:
        deadlines.append(calls.deadline.get())
        return pb.Event()

    async with catalog(look) as (stub, _):
        called = clock()
        await stub.GetEvent(pb.GetEventRequest(event_id=EVENT), **given)
        answered = clock()
    # gRPC rounds what is told on the way.
    return called + seconds - 0.02 <= deadlines[0] <= answered + seconds + 0.02


async def test_a_call_without_a_deadline_has_the_usual_one() -> None:
    assert await has(DEFAULT_SECONDS)


async def test_a_call_with_a_deadline_has_that() -> None:
    assert await has(3.0, timeout=3.0)


async def test_no_deadline_is_longer_than_the_longest() -> None:
    assert await has(MAX_SECONDS, timeout=100_000)


async def test_a_call_to_a_peer_never_has_longer_than_its_caller() -> None:
    inner: list[float] = []

    async def look(request: Any, context: Any) -> Any:
        inner.append(context.time_remaining())
        return pb.Event()

    async with catalog(look) as (peer, _):

        async def outer(request: Any, context: Any) -> Any:
            await call(peer.GetEvent, request, seconds=500)
            await call(peer.GetEvent, request, seconds=5)
            return pb.Event()

        async with catalog(outer) as (stub, _):
            await stub.GetEvent(pb.GetEventRequest(event_id=EVENT), timeout=10)
    # Clocks that are read at two ends differ by a little, on a busy machine by more.
    assert inner[0] < 11
    assert inner[1] < 6


async def test_a_call_whose_callers_time_is_up_is_not_made() -> None:
    async with catalog(nothing) as (peer, servicer):
        calls.deadline.set(asyncio.get_running_loop().time() - 1)
        with pytest.raises(DeadlineExceeded):
            await call(peer.GetEvent, pb.GetEventRequest(event_id=EVENT))
        assert servicer.requests == []


async def test_a_peer_that_takes_too_long_is_given_up() -> None:
    async def slow(request: Any, context: Any) -> Any:
        await asyncio.Event().wait()

    async with catalog(slow) as (stub, _):
        with pytest.raises(Failure) as caught:
            await call(stub.GetEvent, pb.GetEventRequest(event_id=EVENT), seconds=0.1)
    # Either end may be the first to notice.
    assert caught.value.code is Code.DEADLINE_EXCEEDED


# --- Peers


async def test_a_peer_that_is_away_is_unavailable_at_once() -> None:
    async with calls.channel("127.0.0.1:1") as channel:
        with pytest.raises(Unavailable) as caught:
            await call(Stub(channel).GetEvent, pb.GetEventRequest(event_id=EVENT), seconds=patient(30))
    assert type(caught.value) is Unavailable, "not after its time"


async def test_a_peer_that_speaks_no_grpc_is_unavailable() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nhello")
        writer.close()

    async with listening(hang_up) as port, calls.channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(Unavailable):
            await call(Stub(channel).GetEvent, pb.GetEventRequest(event_id=EVENT))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.UNAVAILABLE, Unavailable),
        (grpc.StatusCode.UNKNOWN, Unavailable),
        (grpc.StatusCode.INTERNAL, Unavailable),
        (grpc.StatusCode.CANCELLED, Unavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, DeadlineExceeded),
    ],
)
async def test_what_a_peer_says_without_details_is_understood(code: grpc.StatusCode, expected: type[Failure]) -> None:
    async def abort(request: Any, context: Any) -> Any:
        await context.abort(code, "so it is")

    async with catalog(abort) as (stub, _):
        with pytest.raises(Failure) as caught:
            await call(stub.GetEvent, pb.GetEventRequest(event_id=EVENT))
    assert type(caught.value) is expected


@pytest.mark.parametrize(
    "code",
    [
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.DATA_LOSS,
    ],
)
async def test_a_refusal_of_the_machinery_is_no_answer_and_its_words_stay_inside(code: grpc.StatusCode) -> None:
    async def abort(request: Any, context: Any) -> Any:
        await context.abort(code, "so it is")

    async with catalog(abort) as (stub, _):
        with pytest.raises(Unavailable) as caught:
            await call(stub.GetEvent, pb.GetEventRequest(event_id=EVENT))
    assert "so it is" not in caught.value.message
    assert errors.is_transient(caught.value)


async def test_details_that_cannot_be_read_are_as_good_as_none() -> None:
    async def abort(request: Any, context: Any) -> Any:
        context.set_trailing_metadata((("grpc-status-details-bin", b"\xff\xff"),))
        await context.abort(grpc.StatusCode.NOT_FOUND, "odd")

    async with catalog(abort) as (stub, _):
        with pytest.raises(Unavailable):
            await call(stub.GetEvent, pb.GetEventRequest(event_id=EVENT))


async def test_a_peer_that_comes_back_is_found_again_soon() -> None:
    servicer = Catalog(nothing)
    first, second = make_server(), make_server()
    for server in (first, second):
        catalog_pb2_grpc.add_CatalogServiceServicer_to_server(servicer, server)
    port = first.add_insecure_port("127.0.0.1:0")
    await first.start()
    async with calls.channel(f"127.0.0.1:{port}") as channel:
        request = pb.GetEventRequest(event_id=EVENT)
        await call(Stub(channel).GetEvent, request)
        await first.stop(0)
        with pytest.raises(Unavailable):
            await call(Stub(channel).GetEvent, request)
        assert second.add_insecure_port(f"127.0.0.1:{port}") == port
        await second.start()

        async def answers() -> bool:
            try:
                await call(Stub(channel).GetEvent, request)
            except Unavailable:
                return False
            return True

        await eventually(answers, patient(5))
        await second.stop(0)
