"""Guests: blocked seats that the organizer books for somebody, for nothing and beside what its user may have."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2

from services.booking.clients import InventoryClient
from services.booking.tidying.operation import forget_guests
from services.chassis.errors import Unavailable
from tests.booking.house import ANN, BOB, House, move_clocks, refused
from tests.booking.sellers import sold_by
from tests.booking.test_booking_events import kinds, published
from tests.databases import move_clock

NAME = "Asha Rao"


async def block(house: House, *numbers: int) -> None:
    seats = [house.seat_ids[number] for number in numbers]
    await house.seats.BlockSeats(
        inventory_pb2.BlockSeatsRequest(show_id=house.show_id, show_seat_ids=seats, reason="Guests")
    )


def guests(house: House, *numbers: int, user: UUID = ANN, key: str = "", name: str = NAME) -> Any:
    return house.bookings.BookGuests(
        pb.BookGuestsRequest(
            show_id=house.show_id,
            guest_user_id=str(user),
            show_seat_ids=[house.seat_ids[number] for number in numbers],
            idempotency_key=key,
            guest_name=name,
        )
    )


async def rights(house: House) -> list[Any]:
    rows = await house.inventory_db.fetch("SELECT right_id, price FROM show_seats WHERE holder_id IS NOT NULL")
    return [(row.right_id, row.price) for row in rows]


async def test_a_guest_is_booked_for_nothing_by_one_call_and_told_of_nowhere(house: House) -> None:
    await sold_by(house)
    await block(house, 0, 1)
    booking = await guests(house, 0, 1, key="once")
    assert (booking.status, booking.guest_name) == (pb.Booking.CONFIRMED, NAME)
    assert (booking.total_amount, booking.final_amount, booking.fee_amount, booking.tax_amount) == (0, 0, 0, 0)
    assert [seat.price for seat in booking.seats] == [0, 0]
    assert await rights(house) == [(UUID(int=0), 0)] * 2
    assert await guests(house, 0, 1, key="once") == booking
    assert (await house.get(booking.id)).guest_name == NAME
    assert (await refused(guests(house, 0, 1, key="once", name="Another"))).reason == "IDEMPOTENCY_KEY_REUSED"
    assert await kinds(house, booking) == ["CREATED", "CONFIRMED"]
    assert NAME not in str(await published(house))
    assert await house.db.fetch("SELECT FROM captures") == []


async def test_guests_are_beside_what_a_user_may_have_and_what_he_may_book_for_nothing(house: House) -> None:
    await block(house, *range(7))
    for number in range(7):
        assert (await guests(house, number)).status == pb.Booking.CONFIRMED
    assert (await house.book(ANN, 7)).status == pb.Booking.PENDING
    assert await house.db.fetch("SELECT FROM free_bookings") == []


async def test_seats_that_are_for_sale_or_somebodys_are_no_guests(house: House) -> None:
    await block(house, 0)
    error = await refused(guests(house, 0, 1))
    assert (error.reason, error.metadata["seat_ids"]) == ("SEATS_NOT_BLOCKED", house.seat_ids[1])
    await guests(house, 0)
    assert (await refused(guests(house, 0, user=BOB))).reason == "SEATS_UNAVAILABLE"
    assert len(await house.db.fetch("SELECT FROM bookings")) == 1


async def test_a_guest_that_is_given_back_leaves_blocked_seats_at_any_time(house: House) -> None:
    await block(house, 0, 1)
    booking = await guests(house, 0, 1)
    await move_clock(house.db, "2 days 23 hours")
    answer = await house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    assert (answer.refund_amount, answer.refund_percentage) == (0, 100)
    assert (await house.seat_statuses())[:2] == ["BLOCKED", "BLOCKED"]
    assert await rights(house) == []


async def test_a_guest_whose_confirmation_comes_late_gets_blocked_seats_by_his_own_right(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> Any:
        raise Unavailable()

    await block(house, 0)
    with monkeypatch.context() as patched:
        patched.setattr(InventoryClient, "confirm", away)
        with pytest.raises(grpc.aio.AioRpcError):
            await guests(house, 0, key="k")
    await move_clocks(house, "16 minutes")
    assert await house.saga.recover_once() == 1
    booking = await guests(house, 0, key="k")
    assert (booking.status, booking.guest_name) == (pb.Booking.CONFIRMED, NAME)
    assert await rights(house) == [(UUID(int=0), 0)]


async def test_a_guest_has_to_have_a_name_and_a_user(house: House) -> None:
    await block(house, 0)
    assert (await refused(guests(house, 0, name=""))).reason == "INVALID_FIELD"
    nobody = pb.BookGuestsRequest(show_id=house.show_id, show_seat_ids=house.seat_ids[:1], guest_name=NAME)
    assert (await refused(house.bookings.BookGuests(nobody))).reason == "INVALID_FIELD"


async def test_a_booking_takes_blocked_seats_by_an_access_code_without_a_hold(house: House) -> None:
    await block(house, 0, 1)
    terms = {"reason": "Guests", "max_seats": 1, "code": "SPONSOR-24"}
    await house.seats.CreateAccessCode(inventory_pb2.CreateAccessCodeRequest(show_id=house.show_id, **terms))

    def create(number: int, code: str) -> Any:
        return house.bookings.CreateBooking(
            pb.CreateBookingRequest(
                user_id=str(ANN),
                show_id=house.show_id,
                show_seat_ids=[house.seat_ids[number]],
                access_code=code,
            )
        )

    assert (await create(0, "sponsor-24")).status == pb.Booking.PENDING
    for code in ("sponsor-24", "none-such"):
        assert (await refused(create(1, code))).reason == "ACCESS_CODE_NOT_VALID"
    assert len(await house.db.fetch("SELECT FROM bookings")) == 1


async def test_a_guests_name_is_forgotten_days_after_the_show_and_it_stays_a_guest(house: House) -> None:
    await block(house, 0)
    booking = await guests(house, 0)
    await house.db.execute("INSERT INTO booking_names SELECT gen_random_uuid(), 'asha', id FROM bookings")
    assert await forget_guests(house.db, 30) == 0
    await move_clock(house.db, "33 days")  # the show is in two days
    assert await forget_guests(house.db, 30) == 1
    assert await forget_guests(house.db, 30) == 0
    assert (await house.get(booking.id)).guest_name == ""
    assert [row.guest_name for row in await house.db.fetch("SELECT guest_name FROM bookings")] == [""]
    assert await house.db.fetch("SELECT FROM booking_names") == []
    answer = await house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    assert answer.refund_percentage == 100, "it is still a guest's"
