"""What the Python client does around each call: deadline, repetition, key, request id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import grpc
import pytest

from boxoffice_client import AsyncClient, BoxofficeError, Client, Options, calls, errors
from boxoffice_client.calls import Call
from services.chassis.errors import Code, Failure, PeerFailure, RequestInProgress, ResourceExhausted, Unavailable
from services.inventory.errors import SeatsUnavailable
from tests.clients.service import BOOK, NOBODY, SIMULATE, Script, ask, served

Kind = Callable[..., Any]


def soon(failure: Failure) -> Failure:
    """Let a refusal say that the call may come back at once."""
    failure.retry_after_seconds = 0.0
    return failure


@pytest.mark.parametrize("passing", [Unavailable, ResourceExhausted, RequestInProgress])
async def test_a_change_is_sent_again_with_the_same_key_and_request_id(
    kind: Kind, script: Script, options: Options, passing: type[Failure]
) -> None:
    script.refusals = [soon(passing()), soon(passing())]
    booking = await ask(kind, script.url, options, "create_booking", **BOOK)
    assert booking.id == NOBODY
    assert len(script.asked) == 3
    assert len({request.idempotency_key for request in script.asked}) == 1
    assert len(set(script.request_ids)) == 1
    assert script.asked[0].idempotency_key


async def test_each_change_has_a_key_and_each_call_an_id_of_its_own(
    kind: Kind, script: Script, options: Options
) -> None:
    for _ in range(2):
        await ask(kind, script.url, options, "create_booking", **BOOK)
    assert len({request.idempotency_key for request in script.asked}) == 2
    assert len(set(script.request_ids)) == 2


async def test_a_key_and_a_request_id_that_are_given_are_sent(kind: Kind, script: Script, options: Options) -> None:
    chosen = replace(options, request_id="order-17")
    await ask(kind, script.url, chosen, "create_booking", **BOOK, idempotency_key="key-17")
    assert (script.asked[0].idempotency_key, script.request_ids[0]) == ("key-17", "order-17")


async def test_what_only_reads_is_sent_again(kind: Kind, script: Script, options: Options) -> None:
    script.refusals = [soon(Unavailable())]
    assert (await ask(kind, script.url, options, "get_booking", booking_id=NOBODY)).id == NOBODY
    assert len(script.asked) == 2


async def test_what_has_neither_key_nor_reads_is_sent_once(kind: Kind, script: Script, options: Options) -> None:
    script.refusals = [soon(Unavailable())]
    with pytest.raises(errors.Unavailable):
        await ask(kind, script.url, options, "simulate_payment", **SIMULATE)
    assert len(script.asked) == 1


async def test_a_refusal_is_not_asked_about_again(kind: Kind, script: Script, options: Options) -> None:
    seat_ids = [uuid4(), uuid4()]
    script.refusals = [SeatsUnavailable(seat_ids)]
    with pytest.raises(errors.SeatsUnavailable) as caught:
        await ask(kind, script.url, options, "create_booking", **BOOK)
    assert caught.value.seat_ids == tuple(map(str, seat_ids))
    assert caught.value.code is grpc.StatusCode.ABORTED
    assert caught.value.request_id == script.request_ids[0]
    assert len(script.asked) == 1


async def test_attempts_come_to_an_end(kind: Kind, script: Script, options: Options) -> None:
    script.refusals = [soon(Unavailable()) for _ in range(9)]
    with pytest.raises(errors.Unavailable):
        await ask(kind, script.url, replace(options, attempts=3), "get_booking", booking_id=NOBODY)
    assert len(script.asked) == 3


async def test_every_call_has_its_deadline_and_no_repetition_a_later_one(kind: Kind, script: Script) -> None:
    script.refusals = [soon(Unavailable()), soon(Unavailable())]
    await ask(kind, script.url, Options(timeout_seconds=25), "get_booking", booking_id=NOBODY)
    assert len(script.seconds) == 3
    # gRPC rounds a deadline up on its way, by less than a second.
    assert all(0 < seconds < 26 for seconds in script.seconds)


async def test_a_call_that_waits_has_that_much_more_time(kind: Kind, script: Script, options: Options) -> None:
    await ask(kind, script.url, Options(timeout_seconds=5), "get_booking", booking_id=NOBODY, wait_seconds=20)
    assert [20 < seconds < 26 for seconds in script.seconds] == [True]


async def test_nobody_waits_for_what_comes_after_the_deadline(kind: Kind, script: Script, options: Options) -> None:
    later = Unavailable()
    later.retry_after_seconds = 3600.0
    script.refusals = [later]
    with pytest.raises(errors.Unavailable) as caught:
        await ask(kind, script.url, options, "get_booking", booking_id=NOBODY)
    assert caught.value.retry_after_seconds == 3600
    assert len(script.asked) == 1


async def test_a_service_that_is_not_there_is_unavailable(kind: Kind) -> None:
    with pytest.raises(errors.Unavailable) as caught:
        await ask(kind, "http://127.0.0.1:1", Options(attempts=2), "get_booking", booking_id=NOBODY)
    assert (caught.value.code, caught.value.metadata) == (grpc.StatusCode.UNAVAILABLE, {})


async def test_a_service_that_comes_back_is_found_again_over_the_same_client() -> None:
    script = Script()
    server = await served(script)
    async with AsyncClient(script.url, options=Options(timeout_seconds=30, attempts=100)) as client:
        await client.get_booking(booking_id=NOBODY)
        await server.stop(None)
        with pytest.raises(errors.Unavailable):
            await client.with_options(attempts=1).get_booking(booking_id=NOBODY)
        asking = asyncio.create_task(client.get_booking(booking_id=NOBODY))
        server = await served(script)
        assert (await asking).id == NOBODY
    await server.stop(None)


async def test_a_reason_from_later_versions_is_the_base_class(kind: Kind, script: Script, options: Options) -> None:
    script.refusals = [PeerFailure(Code.FAILED_PRECONDITION, "MOON_TOO_FULL", "Not tonight.", {"phase": "full"})]
    with pytest.raises(BoxofficeError) as caught:
        await ask(kind, script.url, options, "get_booking", booking_id=NOBODY)
    assert type(caught.value) is BoxofficeError
    assert (caught.value.reason, caught.value.metadata) == ("MOON_TOO_FULL", {"phase": "full"})
    assert str(caught.value) == f"Not tonight. (MOON_TOO_FULL, request {script.request_ids[0]})"


async def test_fields_that_break_a_rule_are_named(kind: Kind, script: Script, options: Options) -> None:
    with pytest.raises(errors.InvalidField) as caught:
        await ask(kind, script.url, options, "create_booking", user_id="me", show_id=NOBODY, show_seat_ids=[NOBODY])
    assert [field for field, _ in caught.value.violations] == ["userId"]


async def test_options_can_be_changed_for_some_calls(script: Script) -> None:
    with Client(script.url, options=Options(timeout_seconds=20)) as client:
        other = client.with_options(request_id="order-18", attempts=1)
    assert other._options == Options(timeout_seconds=20, attempts=1, request_id="order-18")
    assert client._options == Options(timeout_seconds=20)


class FailedCall:
    """A failed call, as gRPC tells of it without details."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "away"

    def trailing_metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        return (("grpc-status-details-bin", b"\xff not a status"),)


def test_a_call_and_its_repetitions_share_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(calls.time, "monotonic", lambda: now)
    call = Call(Options(timeout_seconds=10), repeatable=True)
    assert call.seconds_left == 10
    now += 6
    call.pause_after(FailedCall(grpc.StatusCode.UNAVAILABLE))
    assert call.seconds_left == 4
    now += 4
    with pytest.raises(errors.Unavailable):
        call.pause_after(FailedCall(grpc.StatusCode.UNAVAILABLE))


def test_pauses_grow_up_to_a_bound_and_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls.random, "uniform", lambda low, high: (low + high) / 2)
    call = Call(Options(timeout_seconds=60, attempts=9), repeatable=True)
    pauses = [call.pause_after(FailedCall(grpc.StatusCode.UNAVAILABLE)) for _ in range(8)]
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0]
    with pytest.raises(errors.Unavailable):
        call.pause_after(FailedCall(grpc.StatusCode.UNAVAILABLE))


def test_nobody_comes_back_before_the_server_said(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = errors.Overloaded("busy", code=grpc.StatusCode.RESOURCE_EXHAUSTED, retry_after_seconds=3)
    monkeypatch.setattr(errors, "read", lambda error, request_id: refusal)
    for _ in range(20):
        call = Call(Options(), repeatable=True)
        assert 3 <= call.pause_after(FailedCall(grpc.StatusCode.RESOURCE_EXHAUSTED)) <= 3 + calls.FIRST_BACKOFF_SECONDS


def test_an_answer_that_is_too_large_is_not_asked_for_again() -> None:
    with pytest.raises(BoxofficeError) as caught:
        Call(Options(), repeatable=True).pause_after(FailedCall(grpc.StatusCode.RESOURCE_EXHAUSTED))
    assert caught.value.reason == "RESOURCE_EXHAUSTED"


@pytest.mark.parametrize(
    "wrong", [{"timeout_seconds": 0}, {"attempts": 0}, {"request_id": ""}, {"request_id": "two words"}]
)
def test_options_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Options(**wrong)


@pytest.mark.parametrize("url", ["127.0.0.1:8001", "ftp://127.0.0.1", "http://", "http://127.0.0.1:8001/api/v1"])
def test_what_is_not_an_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="http://host:port"):
        Client(url)
