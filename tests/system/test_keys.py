"""Requests that come twice, or twenty times at once, under one idempotency key."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc
import httpx
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc

from tests.system.client import Client, Json, Show, new_user, ok, refusal


def header(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


async def one_answer(times: int, ask: Callable[[], Awaitable[httpx.Response]]) -> Json:
    """Ask so many times at once; return the answer, which must be the same each time."""
    answers = [ok(answer) for answer in await asyncio.gather(*(ask() for _ in range(times)))]
    assert all(answer == answers[0] for answer in answers)
    return answers[0]


async def test_twenty_bookings_at_once_under_one_key_are_one(
    client: Client, channel: grpc.aio.Channel, show: Show
) -> None:
    user, key = new_user(), "order-1"
    booking = await one_answer(20, lambda: client.book(show, user, show.seats[:2], headers=header(key)))
    assert booking["status"] == "PENDING"
    listed = ok(await client.ask("GET", f"bookings/user/{user}"))["bookings"]
    assert [one["id"] for one in listed] == [booking["id"]]
    # The key in the body is the same key, and so it is over gRPC.
    body = {"showId": show.id, "userId": user, "showSeatIds": show.seats[:2], "idempotencyKey": key}
    assert ok(await client.ask("POST", "bookings", body)) == booking
    again = await booking_pb2_grpc.BookingServiceStub(channel).CreateBooking(
        booking_pb2.CreateBookingRequest(
            user_id=user, show_id=show.id, show_seat_ids=show.seats[:2], idempotency_key=key
        )
    )
    assert again.id == booking["id"]


async def test_a_key_is_not_for_another_request(client: Client, show: Show) -> None:
    user = new_user()
    for ask in (client.hold, client.book):
        ok(await ask(show, user, show.seats[:1], headers=header("k")))
        refused = refusal(await ask(show, user, show.seats[1:2], headers=header("k")))
        assert (refused.status, refused.reason) == (409, "IDEMPOTENCY_KEY_REUSED")
    # It is another key of another user.
    assert ok(await client.book(show, new_user(), show.seats[1:2], headers=header("k")))["status"] == "PENDING"


async def test_header_and_body_must_name_one_key(client: Client, show: Show) -> None:
    body = {"showId": show.id, "userId": new_user(), "showSeatIds": show.seats[:1], "idempotencyKey": "a"}
    for path in ("bookings", "bookings/hold-seats"):
        refused = refusal(await client.ask("POST", path, body, headers=header("b")))
        assert (refused.status, refused.reason, refused.fields) == (400, "INVALID_FIELD", ("idempotencyKey",))
    assert await client.statuses(show.id, show.seats[:1]) == ["AVAILABLE"]
    ok(await client.ask("POST", "bookings", body, headers=header("a")))


async def test_a_refusal_may_be_tried_again_under_its_key(client: Client, show: Show) -> None:
    alice, bob, seats = new_user(), new_user(), show.seats[:1]
    ok(await client.hold(show, alice, seats))
    assert refusal(await client.book(show, bob, seats, headers=header("k"))).reason == "SEATS_UNAVAILABLE"
    assert ok(await client.ask("DELETE", f"bookings/holds/{alice}"))["released"] == 1
    assert ok(await client.book(show, bob, seats, headers=header("k")))["status"] == "PENDING"


async def test_twenty_of_everything_else_under_one_key(client: Client, show: Show) -> None:
    user, seats = new_user(), show.seats[:2]
    held = await one_answer(20, lambda: client.hold(show, user, seats, headers=header("hold")))
    assert [seat["id"] for seat in held["seats"]] == seats
    booking = await client.booked(show, user, seats)
    initiated = await one_answer(20, lambda: client.initiate(booking, headers=header("pay")))
    assert [payment["sessionId"] for payment in await client.payments(booking["id"])] == [initiated["sessionId"]]
    await asyncio.gather(*(client.pay(initiated["sessionId"]) for _ in range(20)))
    await client.until(booking["id"], "CONFIRMED")
    refunds = [
        ok(answer)
        for answer in await asyncio.gather(*(client.refund(booking, headers=header("back")) for _ in range(20)))
    ]
    assert {refund["refundAmount"] for refund in refunds} == {show.price(seats)}
    payment = await client.until_payment(booking["id"], "REFUNDED")
    assert payment["refundedAmount"] == show.price(seats)


async def test_twenty_sessions_at_once_without_a_key_are_one(client: Client, show: Show) -> None:
    booking = await client.booked(show, new_user(), show.seats[:1])
    answers = await asyncio.gather(*(client.initiate(booking) for _ in range(20)))
    assert len({ok(answer)["sessionId"] for answer in answers}) == 1


async def test_shows_and_screens_are_created_once_under_a_key(client: Client, show: Show) -> None:
    screen = {"name": "Twin", "sections": [{"name": "S", "rows": [{"label": "A", "seatCount": 3, "tier": "VIP"}]}]}
    for path, body in (
        (f"venues/{show.venue_id}/screens", screen),
        ("movies", {"title": "Once", "durationMinutes": 9}),
    ):
        await one_answer(20, lambda path=path, body=body: client.ask("POST", path, body, headers=header(new_key)))


new_key = new_user()
