"""Many at once want the same: one gets it, the others are told, and nobody waits for ever."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc
from boxoffice.inventory.v1 import inventory_pb2, inventory_pb2_grpc

from stack.launcher import Stack
from tests.system.client import Client, Json, Show, new_user, ok, refusal
from tests.system.databases import at_rest, money
from tests.system.test_walk import refused


@pytest.mark.parametrize("buyers", [10, 50])
async def test_one_of_many_books_a_seat_over_rest(client: Client, show: Show, buyers: int) -> None:
    seat = show.seats[0]
    answers = await asyncio.gather(*(client.book(show, new_user(), [seat]) for _ in range(buyers)))
    won = [ok(answer) for answer in answers if answer.status_code == 200]
    lost = [refusal(answer) for answer in answers if answer.status_code != 200]
    assert (len(won), len(lost)) == (1, buyers - 1)
    assert {(one.status, one.reason, one.metadata["seat_ids"]) for one in lost} == {(409, "SEATS_UNAVAILABLE", seat)}
    assert (await client.seat_map(show.id))["summary"]["booked"] == 1


@pytest.mark.parametrize("buyers", [10, 50])
async def test_one_of_many_books_a_seat_over_grpc(channel: grpc.aio.Channel, show: Show, buyers: int) -> None:
    bookings = booking_pb2_grpc.BookingServiceStub(channel)
    seat = show.seats[0]

    async def book() -> tuple[str, str]:
        request = booking_pb2.CreateBookingRequest(user_id=new_user(), show_id=show.id, show_seat_ids=[seat])
        try:
            booking = await bookings.CreateBooking(request)
        except grpc.aio.AioRpcError as error:
            code, info = await refused(_raised(error))
            return f"{code.name} {info.reason}", info.metadata["seat_ids"]
        return "OK", booking.seats[0].id

    outcomes = await asyncio.gather(*(book() for _ in range(buyers)))
    assert Counter(outcomes) == {("OK", seat): 1, ("ABORTED SEATS_UNAVAILABLE", seat): buyers - 1}


async def _raised(error: grpc.aio.AioRpcError) -> None:
    raise error


async def test_one_of_many_holds_a_seat(client: Client, channel: grpc.aio.Channel, show: Show) -> None:
    inventory = inventory_pb2_grpc.InventoryServiceStub(channel)
    seat = show.seats[0]

    async def over_grpc() -> int:
        request = inventory_pb2.HoldSeatsRequest(user_id=new_user(), show_id=show.id, show_seat_ids=[seat])
        try:
            await inventory.HoldSeats(request)
        except grpc.aio.AioRpcError as error:
            assert error.code() == grpc.StatusCode.ABORTED
            return 409
        return 200

    async def over_rest() -> int:
        return (await client.hold(show, new_user(), [seat])).status_code

    outcomes = await asyncio.gather(*(way() for _ in range(25) for way in (over_rest, over_grpc)))
    assert Counter(outcomes) == {200: 1, 409: 49}


async def test_a_user_who_asks_fifty_times_at_once_has_one_booking(client: Client, show: Show) -> None:
    user = new_user()
    answers = await asyncio.gather(*(client.book(show, user, [show.seats[0]]) for _ in range(50)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 49}
    listed = ok(await client.ask("GET", f"bookings/user/{user}"))["bookings"]
    assert [booking["status"] for booking in listed] == ["PENDING"]


async def test_all_who_book_different_seats_at_once_get_them(client: Client, show: Show) -> None:
    answers = await asyncio.gather(*(client.book(show, new_user(), [seat]) for seat in show.seats))
    assert [ok(answer)["seats"][0]["id"] for answer in answers] == show.seats
    assert (await client.seat_map(show.id))["summary"]["available"] == 0


async def test_all_who_book_different_seats_over_grpc_get_them(channel: grpc.aio.Channel, show: Show) -> None:
    bookings = booking_pb2_grpc.BookingServiceStub(channel)
    booked = await asyncio.gather(
        *(
            bookings.CreateBooking(
                booking_pb2.CreateBookingRequest(user_id=new_user(), show_id=show.id, show_seat_ids=[seat])
            )
            for seat in show.seats
        )
    )
    assert [booking.seats[0].id for booking in booked] == show.seats


async def test_opposite_orders_of_booking_do_not_deadlock(client: Client) -> None:
    show = await client.make_show(seats_per_row=20)
    pairs = [show.seats[at : at + 2] for at in range(0, 60, 2)]

    async def both(pair: Sequence[str]) -> list[int]:
        orders = (pair, pair[::-1])
        answers = await asyncio.gather(*(client.book(show, new_user(), order) for order in orders))
        return sorted(answer.status_code for answer in answers)

    assert await asyncio.gather(*map(both, pairs)) == [[200, 409]] * 30
    assert (await client.seat_map(show.id))["summary"]["booked"] == 60


async def test_opposite_orders_of_holding_do_not_deadlock(client: Client, show: Show) -> None:
    a, b = show.seats[:2]
    users = [new_user(), new_user()]
    for _ in range(40):
        answers = await asyncio.gather(
            client.hold(show, users[0], [a, b]),
            client.hold(show, users[1], [b, a]),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        released = await asyncio.gather(*(client.ask("DELETE", f"bookings/holds/{user}") for user in users))
        assert sorted(ok(answer)["released"] for answer in released) == [0, 2]


async def test_overlapping_bookings_leave_all_or_nothing(client: Client, show: Show) -> None:
    # Rings of seats, each of which two want: whoever wins has all of it.
    wishes = [[show.seats[at], show.seats[(at + 1) % 30], show.seats[(at + 2) % 30]] for at in range(30)]
    answers = await asyncio.gather(*(client.book(show, new_user(), wish) for wish in wishes))
    won = [wish for wish, answer in zip(wishes, answers, strict=True) if answer.status_code == 200]
    lost = [refusal(answer).reason for answer in answers if answer.status_code != 200]
    taken = [seat for wish in won for seat in wish]
    assert won
    assert set(lost) == {"SEATS_UNAVAILABLE"}
    assert len(taken) == len(set(taken))
    assert set(await client.statuses(show.id, taken)) == {"BOOKED"}
    assert (await client.seat_map(show.id))["summary"]["booked"] == len(taken)


async def test_nobody_gets_more_seats_than_allowed_by_asking_at_once(client: Client, show: Show) -> None:
    user = new_user()
    ways = [client.hold, client.book]
    answers = await asyncio.gather(*(ways[at % 2](show, user, show.seats[2 * at : 2 * at + 2]) for at in range(15)))
    assert Counter(answer.status_code for answer in answers) == {200: 3, 400: 12}
    refusals = {(r.reason, r.metadata["limit"]) for r in map(refusal, (a for a in answers if a.status_code == 400))}
    assert refusals == {("SEAT_LIMIT_EXCEEDED", "6")}
    summary = (await client.seat_map(show.id, user))["summary"]
    assert summary["heldByMe"] + summary["reservedByMe"] == 6


async def test_cancel_and_pay_at_once_end_in_a_ticket_or_in_money_back(
    stack: Stack, client: Client, show: Show
) -> None:
    bookings = [await client.booked(show, new_user(), [seat]) for seat in show.seats[:10]]
    sessions = [await client.session(booking) for booking in bookings]

    async def race(booking: Json, session: str) -> None:
        answer, _ = await asyncio.gather(client.cancel(booking), client.pay(session))
        assert answer.status_code == 200 or refusal(answer).reason in ("PAYMENT_IN_PROGRESS", "BOOKING_NOT_PENDING")

    await asyncio.gather(*map(race, bookings, sessions))
    await at_rest(stack.server)
    for booking in bookings:
        status = (await client.booking(booking["id"]))["status"]
        assert status in ("CONFIRMED", "CANCELLED")
        assert money(stack.server, booking["id"]) == (booking["totalAmount"] if status == "CONFIRMED" else 0)
