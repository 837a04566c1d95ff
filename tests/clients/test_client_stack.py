"""The Python client against a real stack: through the gateway, and each service by itself."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from boxoffice.booking.v1.booking_pb2 import Booking
from boxoffice.inventory.v1.seat_pb2 import ShowSeat

from boxoffice_client import AsyncClient, BoxofficeError, Client, errors
from stack.launcher import Stack
from tests.clients.service import NOBODY


def test_seats_are_had_by_one_and_the_other_is_told_which(stack: Stack) -> None:
    show, alice, bob = stack.demo.shows[-1], str(uuid4()), str(uuid4())
    with Client(stack.public_url) as boxoffice:
        ids = [seat.id for seat in boxoffice.list_available_seats(show_id=show.id).seats[:3]]
        held = boxoffice.hold_seats(user_id=alice, show_id=show.id, show_seat_ids=ids[:2])
        assert [seat.id for seat in held.seats] == ids[:2]
        with pytest.raises(errors.SeatsUnavailable) as caught:
            boxoffice.create_booking(user_id=bob, show_id=show.id, show_seat_ids=ids)
        assert set(caught.value.seat_ids) == set(ids[:2])
        assert boxoffice.release_holds(user_id=alice).released == 2
        booking = boxoffice.create_booking(user_id=bob, show_id=show.id, show_seat_ids=ids)
        assert [one.id for one in boxoffice.list_bookings(user_id=bob).bookings] == [booking.id]
        assert boxoffice.cancel_booking(user_id=bob, booking_id=booking.id).status == Booking.CANCELLED
        with pytest.raises(errors.BookingNotPending) as late:
            boxoffice.initiate_payment(user_id=bob, booking_id=booking.id)
        assert late.value.metadata == {"status": "CANCELLED"}
        with pytest.raises(errors.NotFound):
            boxoffice.get_payment_status(booking_id=booking.id)


async def test_twenty_calls_at_once_over_one_connection_are_answered(stack: Stack) -> None:
    since = datetime.now(UTC) + timedelta(hours=1)
    async with AsyncClient(stack.public_url) as boxoffice:
        pages = await asyncio.gather(*(boxoffice.list_shows(from_=since, page_size=3) for _ in range(20)))
    assert {len(page.shows) for page in pages} == {3}


def test_a_key_of_ones_own_gives_the_same_answer(stack: Stack) -> None:
    show, user = stack.demo.shows[-1].id, str(uuid4())
    with Client(stack.public_url) as boxoffice:
        seats = [boxoffice.list_available_seats(show_id=show).seats[0].id]
        asked = {"user_id": user, "show_id": show, "idempotency_key": str(uuid4())}
        first = boxoffice.hold_seats(**asked, show_seat_ids=seats)
        assert boxoffice.hold_seats(**asked, show_seat_ids=seats) == first
        with pytest.raises(errors.IdempotencyKeyReused):
            boxoffice.hold_seats(**asked, show_seat_ids=[NOBODY])
        boxoffice.release_holds(user_id=user)


def test_each_service_answers_its_own_methods_and_no_others(stack: Stack) -> None:
    def reason(service: str, method: str, **fields: str) -> str:
        with Client(f"http://{stack.address(service)}") as client, pytest.raises(BoxofficeError) as caught:
            getattr(client, method)(**fields)
        return caught.value.reason

    assert reason("inventory", "get_show", show_id=NOBODY) == "SHOW_NOT_FOUND"
    assert reason("booking", "get_booking", booking_id=NOBODY) == "BOOKING_NOT_FOUND"
    assert reason("payment", "get_payment_status", booking_id=NOBODY) == "PAYMENT_NOT_FOUND"
    assert reason("bank", "simulate_payment", session_id=f"sess_{NOBODY}") == "SESSION_NOT_FOUND"
    assert reason("booking", "get_show", show_id=NOBODY) == "UNIMPLEMENTED"


def test_seats_are_watched_as_they_change(stack: Stack) -> None:
    show, user = stack.demo.shows[-1].id, str(uuid4())
    with Client(stack.public_url) as boxoffice:
        seat_map = boxoffice.get_seat_map(show_id=show)
        watched = boxoffice.watch_seats(show_id=show, after_sequence=seat_map.sequence)
        assert not next(watched).changes
        [seat] = [seat.id for seat in seat_map.seats if seat.status == ShowSeat.AVAILABLE][:1]
        boxoffice.hold_seats(user_id=user, show_id=show, show_seat_ids=[seat])
        [change] = next(watched).changes
        assert (change.sequence, change.seats[0].id) == (seat_map.sequence + 1, seat)
        watched.close()
        boxoffice.release_holds(user_id=user)
        with pytest.raises(errors.SequenceNoLongerKept):
            next(boxoffice.watch_seats(show_id=show, after_sequence=10**9))


def test_a_booking_is_watched_and_waited_for(stack: Stack) -> None:
    user = str(uuid4())
    with Client(stack.public_url) as boxoffice:
        show = stack.demo.shows[-1].id
        [seat, *_] = boxoffice.list_available_seats(show_id=show).seats
        booking = boxoffice.create_booking(user_id=user, show_id=show, show_seat_ids=[seat.id])
        watched = boxoffice.watch_booking(booking_id=booking.id, user_id=user)
        assert next(watched).booking.status == Booking.PENDING
        session = boxoffice.initiate_payment(booking_id=booking.id, user_id=user).session_id
        boxoffice.simulate_payment(session_id=session, payment_method="pm_succeed")
        # Its deadline is later by the wait.
        confirmed = boxoffice.with_options(timeout_seconds=2).get_booking(booking_id=booking.id, wait_seconds=25)
        assert confirmed.status == Booking.CONFIRMED
        assert next(message.booking for message in watched if message.HasField("booking")).status == Booking.CONFIRMED
        boxoffice.refund_booking(booking_id=booking.id, user_id=user)
        refunded = boxoffice.get_booking(booking_id=booking.id, wait_seconds=25, while_status=Booking.CONFIRMED)
        assert refunded.status == Booking.REFUNDED
        # A refund that is under way is seen too, unless it is over by then.
        *under_way, last = [message.booking for message in watched if message.HasField("booking")]
        assert last.status == Booking.REFUNDED
        assert all(it.status == Booking.CONFIRMED for it in under_way)
        assert all([refund.completed for refund in it.refunds] == [False] for it in under_way)
        with pytest.raises(errors.BookingNotFound):
            next(boxoffice.watch_booking(booking_id=booking.id, user_id=NOBODY))


async def test_seats_are_watched_asynchronously(stack: Stack) -> None:
    show = stack.demo.shows[-1].id
    async with AsyncClient(stack.public_url) as boxoffice:
        number = (await boxoffice.get_seat_map(show_id=show)).sequence
        async with aclosing(boxoffice.watch_seats(show_id=show, after_sequence=number)) as watched:
            assert not (await anext(watched)).changes
        with pytest.raises(errors.ShowNotFound):
            await anext(boxoffice.watch_seats(show_id=NOBODY))
