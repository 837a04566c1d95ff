"""Bookings whose time runs out: clocks that differ, expiry, late money, more time after a decline."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2 as pb

from services.booking.expiry.operation import claim_due
from tests.booking.house import ANN, BOB, House, Refund, move_clocks, refused
from tests.databases import move_clock


async def test_a_due_booking_reads_expired_at_once_and_its_seats_can_be_booked(house: House) -> None:
    booking = await house.book(ANN, 0)
    await move_clocks(house, "16 minutes")
    assert await house.status(booking.id) == "EXPIRED"
    await house.book(BOB, 0)
    assert await house.saga.expiry.expire_due() == 1
    await house.relay()
    assert (await house.seat_statuses())[0] == "BOOKED"


async def test_a_clock_an_hour_ahead_of_inventorys_takes_no_seats_away(house: House) -> None:
    booking = await house.book(ANN, 0)
    await move_clock(house.db, "1 hour")
    assert await house.saga.expiry.expire_due() == 0
    assert (await refused(house.book(BOB, 0))).reason == "SEATS_UNAVAILABLE"
    await house.capture(booking)
    assert await house.status(booking.id) == "CONFIRMED"


async def test_a_clock_an_hour_behind_inventorys_keeps_no_seats_and_no_money(house: House) -> None:
    booking = await house.book(ANN, 0)
    await move_clock(house.inventory_db, "1 hour")
    rival = await house.book(BOB, 0)
    assert await house.status(booking.id) == "PENDING"
    await house.capture(booking)
    await house.capture(rival)
    assert (await house.status(booking.id), await house.status(rival.id)) == ("EXPIRED", "CONFIRMED")
    await house.relay()
    assert [(r.cause, r.amount) for r in house.payment.refunds] == [(Refund.NO_TICKET, booking.total_amount)]


async def test_two_replicas_that_expire_bookings_share_the_work(house: House) -> None:
    for number in range(6):
        await house.book(uuid4(), number)
    await move_clocks(house, "16 minutes")
    first, second = await asyncio.gather(claim_due(house.db, limit=3), claim_due(house.db, limit=3))
    assert len({booking_id for booking_id, _ in (*first, *second)}) == 6
    assert await house.saga.expiry.expire_due() == 0, "all of them are somebody's"
    await move_clocks(house, "17 minutes")
    assert await house.saga.expiry.expire_due() == 6


async def test_late_money_gets_the_same_seats_if_they_are_free(house: House) -> None:
    booking = await house.book(ANN, 0, 1)
    await move_clocks(house, "20 minutes")
    await house.saga.expiry.expire_due()
    await house.relay()
    await house.capture(booking)
    assert await house.status(booking.id) == "CONFIRMED"
    assert (await house.seat_statuses())[:2] == ["BOOKED", "BOOKED"]


async def test_late_money_goes_back_if_a_seat_is_gone(house: House) -> None:
    booking = await house.book(ANN, 0, 1)
    await move_clocks(house, "20 minutes")
    await house.book(BOB, 1)
    await house.capture(booking)
    await house.relay()
    assert [(r.cause, r.amount) for r in house.payment.refunds] == [(Refund.NO_TICKET, booking.total_amount)]
    assert await house.status(booking.id) == "EXPIRED"


async def test_a_decline_gives_more_time_once(house: House) -> None:
    booking = await house.book(ANN, 0)
    await move_clocks(house, "12 minutes")
    decline = pb.BatchRecordDeclinesRequest.Decline(payment_id=str(uuid4()), booking_id=booking.id)
    await house.bookings.BatchRecordDeclines(pb.BatchRecordDeclinesRequest(declines=[decline, decline]))
    extended = (await house.get(booking.id)).expires_at.ToDatetime()
    gained = extended - booking.expires_at.ToDatetime()
    assert timedelta(minutes=1, seconds=50) < gained < timedelta(minutes=2, seconds=10)
    await move_clocks(house, "14 minutes")
    await house.bookings.BatchRecordDeclines(pb.BatchRecordDeclinesRequest(declines=[decline]))
    assert (await house.get(booking.id)).expires_at.ToDatetime() == extended


async def test_a_booking_that_inventory_will_not_extend_expires(house: House) -> None:
    booking = await house.book(ANN, 0)
    await move_clock(house.inventory_db, "16 minutes")
    decline = pb.BatchRecordDeclinesRequest.Decline(payment_id=str(uuid4()), booking_id=booking.id)
    await house.bookings.BatchRecordDeclines(pb.BatchRecordDeclinesRequest(declines=[decline]))
    assert await house.status(booking.id) == "EXPIRED"


async def test_long_dead_bookings_lose_their_seat_rows_but_keep_their_labels(house: House) -> None:
    dead, alive = await house.book(ANN, 0), await house.confirmed(ANN, 1)
    await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=dead.id, user_id=str(ANN)))
    await move_clock(house.db, "31 days")
    assert await house.saga.archive.archive_once() == 1
    assert await house.saga.archive.archive_once() == 0
    assert len((await house.get(alive.id)).seats) == 1
    rows = await house.db.fetch("SELECT seat_labels FROM bookings")
    assert all(row.seat_labels for row in rows)


@pytest.mark.parametrize("starts_in", [timedelta(days=60)])
async def test_an_expired_booking_keeps_its_seats_as_long_as_late_money_may_buy_them(house: House) -> None:
    booking = await house.book(ANN, 0, 1)
    await move_clocks(house, "16 minutes")
    assert await house.saga.expiry.expire_due() == 1
    await move_clocks(house, "31 days")
    assert await house.saga.archive.archive_once() == 0
    await house.capture(booking)
    late = await house.get(booking.id)
    assert (late.status, [seat.id for seat in late.seats]) == (pb.Booking.CONFIRMED, house.seat_ids[:2])
