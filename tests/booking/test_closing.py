"""Who is about to have no account books nothing; and nobody is closed who has something open, in whichever order."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.payment.v1 import payment_pb2

from services.booking.clients import InventoryClient
from services.booking.closing.operation import forget_closed, forget_names_of
from tests.booking.house import ANN, BOB, House, move_clocks, refused
from tests.booking.test_guests import NAME, block, guests

REQUESTED = payment_pb2.BatchRefundPaymentsResponse.Result.REQUESTED
SUCCEEDED = payment_pb2.BatchRefundPaymentsResponse.Result.SUCCEEDED


def close(house: House, user: UUID = ANN, *, deleted: bool = False) -> Any:
    return house.bookings.CloseUser(pb.CloseUserRequest(user_id=str(user), deleted=deleted))


async def closed(house: House) -> list[UUID]:
    return [row.user_id for row in await house.db.fetch("SELECT user_id FROM closed_users")]


async def test_who_is_closed_books_nothing_and_others_do(house: House) -> None:
    await close(house)
    for key in ("", "once"):
        assert (await refused(house.book(ANN, 0, key=key))).reason == "ACCOUNT_DELETED"
    await block(house, 5)
    assert (await refused(guests(house, 5))).reason == "ACCOUNT_DELETED"
    books = (house.book(ANN, 0), house.book(BOB, 1), house.book(ANN, 2, key="k"), house.book(BOB, 3, key="k"))
    answers = await asyncio.gather(*books, return_exceptions=True)
    assert [isinstance(answer, pb.Booking) for answer in answers] == [False, True, False, True]
    assert [row.user_id for row in await house.db.fetch("SELECT user_id FROM bookings")] == [BOB, BOB]


async def test_it_ends_by_itself_when_no_token_lives_any_more(house: House) -> None:
    await close(house)
    await move_clocks(house, "16 minutes")
    assert (await refused(house.book(ANN, 0))).reason == "ACCOUNT_DELETED"
    assert await forget_closed(house.db) == 0
    await move_clocks(house, "21 minutes")
    assert (await house.book(ANN, 0)).status == pb.Booking.PENDING
    assert await forget_closed(house.db) == 1
    assert await closed(house) == []


async def test_who_has_a_booking_to_come_is_not_closed(house: House) -> None:
    booking = await house.book(ANN, 0)
    for _ in range(2):
        refusal = await refused(close(house))
        assert (refusal.reason, refusal.metadata["booking_id"]) == ("BOOKING_TO_COME", booking.id)
        await house.capture(booking)
    assert await closed(house) == []
    assert (await house.book(ANN, 1)).status == pb.Booking.PENDING
    await close(house, BOB)


async def test_what_is_over_keeps_nobody(house: House) -> None:
    await house.confirmed(ANN, 0)
    cancelled = await house.book(ANN, 1)
    await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=cancelled.id, user_id=str(ANN)))
    await move_clocks(house, "4 days")
    await close(house)


async def test_a_refund_or_a_payment_that_is_under_way_keeps_the_user(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    house.payment.refund_state = REQUESTED
    await house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    await move_clocks(house, "4 days")
    assert (await refused(close(house))).reason == "PAYMENT_OPEN"
    house.payment.refund_state = SUCCEEDED
    while await house.saga.recover_once():
        pass
    house.payment.under_way = 1
    assert (await refused(close(house))).reason == "PAYMENT_OPEN"
    assert await closed(house) == []
    house.payment.under_way = 0
    await close(house)


async def test_while_payment_is_away_nobody_books_and_nothing_is_decided(house: House) -> None:
    house.payment.away = True
    assert (await refused(close(house))).reason == "UNAVAILABLE"
    assert (await refused(house.book(ANN, 0))).reason == "ACCOUNT_DELETED"
    house.payment.away, house.payment.under_way = False, 1
    assert (await refused(close(house))).reason == "PAYMENT_OPEN"
    assert (await house.book(ANN, 0)).status == pb.Booking.PENDING


async def test_of_a_deleted_user_the_names_of_guests_are_forgotten_and_no_others(house: House) -> None:
    await block(house, 0, 1)
    theirs, anothers = await guests(house, 0), await guests(house, 1, user=BOB)
    names = "SELECT booking_id FROM booking_names"
    put = "INSERT INTO booking_names SELECT gen_random_uuid(), 'asha', id FROM bookings"
    await house.db.execute(put)
    await close(house, deleted=True)
    assert {str(row.booking_id) for row in await house.db.fetch(names)} == {anothers.id}
    assert ((await house.get(theirs.id)).guest_name, (await house.get(anothers.id)).guest_name) == ("", NAME)
    assert (await refused(house.book(ANN, 2))).reason == "ACCOUNT_DELETED"


async def test_the_names_of_many_guests_are_forgotten_batch_by_batch(house: House) -> None:
    await block(house, 0, 1, 2)
    booked = [await guests(house, number) for number in range(3)]
    for limit in (2, 3):
        await house.db.execute("UPDATE bookings SET guest_name = 'Asha'")
        await forget_names_of(house.db, ANN, limit=limit)
        assert [(await house.get(booking.id)).guest_name for booking in booked] == [""] * 3


async def test_a_booking_whose_row_is_there_keeps_its_user(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = []

    async def meanwhile() -> None:
        reasons.append((await refused(close(house))).reason)

    reserving(monkeypatch, meanwhile)
    assert (await house.book(ANN, 0)).status == pb.Booking.PENDING
    assert reasons == ["BOOKING_TO_COME"]


async def test_a_booking_whose_row_came_after_the_look_is_not_made(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row was on the way when the look came: then it finds its user closed, and gives its seats back."""

    async def meanwhile() -> None:
        await house.db.execute("INSERT INTO closed_users VALUES (%s, now() + interval '20 minutes')", (ANN,))

    reserving(monkeypatch, meanwhile)
    assert (await refused(house.book(ANN, 0, key="once"))).reason == "UNAVAILABLE"
    assert (await refused(house.book(ANN, 1))).reason == "ACCOUNT_DELETED"
    await move_clocks(house, "1 minute")
    while await house.saga.recover_once():
        pass
    assert await house.db.fetch("SELECT FROM bookings") == []
    assert (await house.seat_statuses())[0] == "AVAILABLE"
    assert (await refused(house.book(ANN, 0, key="once"))).reason == "ACCOUNT_DELETED"


def reserving(monkeypatch: pytest.MonkeyPatch, meanwhile: Any) -> None:
    """Have something happen between the row of a booking and its seats."""
    reserve = InventoryClient.reserve

    async def then(self: Any, claims: Any) -> Any:
        await meanwhile()
        return await reserve(self, claims)

    monkeypatch.setattr(InventoryClient, "reserve", then)


async def test_of_those_who_book_and_are_closed_at_once_each_is_one_of_the_two(house: House) -> None:
    users = [uuid4() for _ in range(12)]
    booked, were_closed = [], []

    async def book(user: UUID, seat: int) -> None:
        try:
            await house.book(user, seat)
        except grpc.aio.AioRpcError:
            return
        booked.append(user)

    async def be_closed(user: UUID) -> None:
        try:
            await close(house, user)
        except grpc.aio.AioRpcError:
            return
        were_closed.append(user)

    await asyncio.gather(
        *(book(user, seat) for seat, user in enumerate(users)), *(be_closed(user) for user in reversed(users))
    )
    assert not set(booked) & set(were_closed)
    assert len(booked) + len(were_closed) > 0
