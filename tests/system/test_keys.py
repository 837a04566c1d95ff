"""Requests that come twice, or twenty times at once: under an idempotency key, or harmless by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import grpc
import httpx
import pytest
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc

from stack.launcher import Stack
from tests.gateway.openapi import hold
from tests.system.case import Case
from tests.system.client import Client, Json, Show, new_user, ok, refusal
from tests.system.databases import at_rest, money, unchanged, value
from tests.system.mutations import KEYED, SETTLES, ask
from tests.system.test_scenarios_webhooks import signed

TWENTY = 20
NO_KEYS: dict[str, dict[str, Any]] = {
    "one in the body and another in the header": {"key": "a", "header": "b"},
    "two headers": {"header": ("a", "b")},
    "too long": {"key": "k" * 201},
    "too long in the header": {"header": "k" * 201},
    "a space": {"key": "a b"},
    "a space in the header": {"header": "a b"},
    "a letter beyond ASCII": {"key": "cl\u00e9"},
    "a letter beyond ASCII in the header": {"header": "cl\u00e9".encode()},
    "a NUL": {"key": "a\0b"},
}


def header(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def effects(stack: Stack, case: Case) -> int:
    """Count how often what is right has happened."""
    return int(value(stack.server, case.database, case.effects, case.name))


def outcome(method: str, answer: httpx.Response) -> Json:
    """Return what a success says that can be compared; it is as the OpenAPI document says."""
    hold(answer)
    return {name: what for name, what in ok(answer).items() if name != SETTLES.get(method)}


@pytest.fixture(params=KEYED)
def method(request: pytest.FixtureRequest) -> str:
    """The name of each method that takes a key."""
    return str(request.param)


@pytest.fixture
def key() -> str:
    """A key that no other test uses: those of methods without a user are everybody's."""
    return f"order-{uuid4()}"


@pytest.fixture
async def case(client: Client, show: Show, method: str) -> Case:
    return await KEYED[method](client, show)


async def test_twenty_at_once_under_one_key_are_one(
    stack: Stack, client: Client, method: str, case: Case, key: str
) -> None:
    assert effects(stack, case) == 0

    def again(number: int) -> Awaitable[httpx.Response]:
        """Ask at each of the method's paths, with the key in the body or in the header."""
        where = {"key": key} if number % 2 else {"header": key}
        return ask(client, method, case.right, binding=number // 2, who=case.headers, **where)

    answers = await asyncio.gather(*map(again, range(TWENTY)))
    await at_rest(stack.server)
    assert effects(stack, case) == 1
    async with unchanged(stack.server):
        answers.append(await again(0))
    assert [outcome(method, answer) for answer in answers] == [outcome(method, answers[0])] * (TWENTY + 1)
    if method not in SETTLES:
        assert {answer.content for answer in answers} == {answers[0].content}


async def test_a_key_is_for_one_request_of_one_user_to_one_method(
    stack: Stack, client: Client, method: str, case: Case, key: str
) -> None:
    first = outcome(method, await ask(client, method, case.right, header=key, who=case.headers))
    async with unchanged(stack.server):
        for where in ({"key": key}, {"header": key}):
            answers = await asyncio.gather(
                *(ask(client, method, case.other, **where, who=case.headers) for _ in range(3))
            )
            refused = {(refused.status, refused.reason) for refused in map(refusal, answers)}
            assert refused == {(409, "IDEMPOTENCY_KEY_REUSED")}
    assert effects(stack, case) == 1
    if case.theirs is not None:
        assert outcome(method, await ask(client, method, case.theirs, header=key, who=case.headers)) != first
    assert outcome(method, await ask(client, method, case.other, header=f"{key}-2", who=case.headers)) != first


async def test_a_refusal_stores_nothing_under_its_key(
    stack: Stack, client: Client, method: str, case: Case, key: str
) -> None:
    async with unchanged(stack.server):
        refusals = [refusal(await ask(client, method, case.refused, header=key, who=case.headers)) for _ in range(2)]
        assert {400 <= refused.status < 500 for refused in refusals} == {True}
        assert "IDEMPOTENCY_KEY_REUSED" not in {refused.reason for refused in refusals}
    ok(await ask(client, method, case.right, header=key, who=case.headers))
    await at_rest(stack.server)
    assert effects(stack, case) == 1


async def test_what_is_no_key_is_refused_by_its_name(stack: Stack, client: Client, method: str, case: Case) -> None:
    async with unchanged(stack.server):
        for what, where in NO_KEYS.items():
            refused = refusal(await ask(client, method, case.right, **where, who=case.headers))
            seen = (refused.status, refused.reason, refused.fields)
            assert seen == (400, "INVALID_FIELD", ("idempotencyKey",)), what
    longest = ("".join(map(chr, range(ord("!"), ord("~") + 1))) * 3)[:200]
    first = outcome(method, await ask(client, method, case.right, key=longest, who=case.headers))
    assert (
        outcome(method, await ask(client, method, case.right, key=longest, header=longest, who=case.headers)) == first
    )
    assert outcome(method, await ask(client, method, case.right, header=longest, who=case.headers)) == first


async def test_the_same_key_for_another_method_is_another_key(client: Client, show: Show, key: str) -> None:
    user, seats = new_user(), show.seats[:2]
    held = ok(await client.hold(show, user, seats, headers=header(key)))
    booking = ok(await client.book(show, user, seats, headers=header(key)))
    session = ok(await client.initiate(booking, headers=header(key)))
    await client.pay(session["sessionId"])
    await client.until(booking["id"], "CONFIRMED")
    ok(await client.refund(booking, headers=header(key)))
    # Each is still there under its own.
    assert ok(await client.hold(show, user, seats, headers=header(key))) == held
    assert ok(await client.book(show, user, seats, headers=header(key))) == booking
    assert ok(await client.initiate(booking, headers=header(key))) == session


async def test_the_same_key_for_a_hold_of_another_show_is_another_request(client: Client, show: Show, key: str) -> None:
    user, another_show = new_user(), await client.make_show()
    first = ok(await client.hold(show, user, show.seats[:2], headers=header(key)))
    second = ok(await client.hold(another_show, user, another_show.seats[:1], headers=header(key)))
    assert [first["showId"], second["showId"]] == [show.id, another_show.id]
    assert ok(await client.ask("DELETE", f"bookings/holds/{user}"))["released"] == 3
    assert ok(await client.hold(show, user, show.seats[:2], headers=header(key))) == first
    assert ok(await client.hold(another_show, user, another_show.seats[:1], headers=header(key))) == second
    assert (
        refusal(await client.hold(show, user, show.seats[:1], headers=header(key))).reason == "IDEMPOTENCY_KEY_REUSED"
    )
    assert ok(await client.ask("DELETE", f"bookings/holds/{user}"))["released"] == 0


async def test_a_key_is_the_same_over_grpc(client: Client, channel: grpc.aio.Channel, show: Show, key: str) -> None:
    user = new_user()
    booking = ok(await client.book(show, user, show.seats[:2], headers=header(key)))
    request = booking_pb2.CreateBookingRequest(
        user_id=user, show_id=show.id, show_seat_ids=show.seats[:2], idempotency_key=key
    )
    assert (await booking_pb2_grpc.BookingServiceStub(channel).CreateBooking(request)).id == booking["id"]


async def test_a_refused_booking_may_be_had_under_its_key_once_its_seats_are_free(
    client: Client, show: Show, key: str
) -> None:
    alice, bob, seats = new_user(), new_user(), show.seats[:1]
    ok(await client.hold(show, alice, seats))
    assert refusal(await client.book(show, bob, seats, headers=header(key))).reason == "SEATS_UNAVAILABLE"
    assert ok(await client.ask("DELETE", f"bookings/holds/{alice}"))["released"] == 1
    assert ok(await client.book(show, bob, seats, headers=header(key)))["status"] == "PENDING"


@pytest.mark.parametrize(
    ("process", "method"),
    [
        ("inventory", "CreateShow"),
        ("inventory", "HoldSeats"),
        ("booking", "CreateBooking"),
        ("booking", "CancelBooking"),
        ("payment", "InitiatePayment"),
    ],
)
async def test_an_answer_outlives_its_service(
    stack: Stack, client: Client, process: str, method: str, case: Case, key: str
) -> None:
    client.patient = True  # other services may find it again a moment later than the gateway does
    first = await ask(client, method, case.right, header=key, who=case.headers)
    ok(first)
    await at_rest(stack.server)
    stack.kill(process)
    await asyncio.to_thread(stack.wait_healthy, process)
    await client.healthy()
    async with unchanged(stack.server):
        assert (await ask(client, method, case.right, header=key, who=case.headers)).content == first.content
        refused = refusal(await ask(client, method, case.other, header=key, who=case.headers))
        assert (refused.status, refused.reason) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert effects(stack, case) == 1


# --- Without a key: each of HARMLESS


async def twenty(ask_once: Callable[[], Awaitable[httpx.Response]]) -> list[Json]:
    return [ok(answer) for answer in await asyncio.gather(*(ask_once() for _ in range(TWENTY)))]


async def test_twenty_releases_of_holds_release_each_hold_once(client: Client, show: Show) -> None:
    user, another_show = new_user(), await client.make_show()
    ok(await client.hold(show, user, show.seats[:3]))
    ok(await client.hold(another_show, user, another_show.seats[:2]))
    answers = await twenty(lambda: client.ask("DELETE", f"bookings/holds/{user}"))
    assert sum(answer["released"] for answer in answers) == 5
    assert ok(await client.ask("DELETE", f"bookings/holds/{user}"))["released"] == 0
    assert set(await client.statuses(show.id, show.seats[:3])) == {"AVAILABLE"}
    assert (await client.seat_map(show.id))["sequence"] == 2, "the hold, and one release"


async def test_twenty_clicks_come_to_one_payment(stack: Stack, client: Client, show: Show) -> None:
    booking = await client.booked(show, new_user(), show.seats[:1])
    session = await client.session(booking)
    results = iter(["SUCCESS", "DECLINE"] * TWENTY)
    answers = await twenty(lambda: client.ask("POST", f"payments/simulate/{session}", {"result": next(results)}))
    await at_rest(stack.server)
    # Whoever came first has decided; all were shown the session as it was by then.
    [payment] = await client.payments(booking["id"])
    status = (await client.pay(session))["status"]
    assert {answer["id"] for answer in answers} == {session}
    assert {answer["status"] for answer in answers} == {status}
    assert (payment["status"], money(stack.server, booking["id"])) == {
        "CAPTURED": ("SUCCESS", booking["totalAmount"]),
        "DECLINED": ("FAILED", 0),
    }[status]


async def test_an_event_that_comes_twenty_times_is_taken_once(stack: Stack, client: Client, show: Show) -> None:
    booking = await client.booked(show, new_user(), show.seats[:1])
    initiated = ok(await client.initiate(booking))
    await client.pay(initiated["sessionId"])
    content, headers = signed(stack, initiated, "payment.captured")
    answers = await twenty(lambda: client.ask("POST", "payments/webhook", content=content, headers=headers))
    assert answers == [{"status": "processed"}] * TWENTY
    await client.until(booking["id"], "CONFIRMED")
    await at_rest(stack.server)
    taken = "SELECT count(*) FROM webhook_events WHERE id = %s"
    assert value(stack.server, "payment", taken, headers["webhook-id"]) == 1
    assert money(stack.server, booking["id"]) == booking["totalAmount"]
    async with unchanged(stack.server):
        ok(await client.ask("POST", "payments/webhook", content=content, headers=headers))


async def test_twenty_sessions_at_once_without_a_key_are_one(client: Client, show: Show) -> None:
    booking = await client.booked(show, new_user(), show.seats[:1])
    answers = await twenty(lambda: client.initiate(booking))
    assert len({answer["sessionId"] for answer in answers}) == 1
