"""Nothing that was begun outlives the end of a show's sales: no hold, no booking, no payment."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2
from boxoffice.payment.v1 import payment_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from tests.booking.house import House, move_clocks, refused
from tests.booking.test_own_claims import hold
from tests.databases import move_clock
from tests.patience import eventually

ANN, BOB = uuid4(), uuid4()
NO_TICKET = payment_pb2.BatchRefundPaymentsRequest.Refund.NO_TICKET

pytestmark = [
    pytest.mark.parametrize("starts_in", [timedelta(hours=1)]),
    pytest.mark.parametrize("closes", [timedelta(minutes=20)]),
]


async def sales_end(house: House) -> datetime:
    [row] = await house.inventory_db.fetch("SELECT sales_end_at FROM show_counters")
    end: datetime = row.sales_end_at
    return end


async def payable(house: House, booking: pb.Booking) -> pb.PayableBooking:
    request = pb.GetPayableBookingRequest(booking_id=booking.id, user_id=booking.user_id)
    answer: pb.PayableBooking = await house.bookings.GetPayableBooking(request)
    return answer


async def decline(house: House, booking: pb.Booking) -> None:
    declined = pb.BatchRecordDeclinesRequest.Decline(payment_id=str(uuid4()), booking_id=booking.id)
    await house.bookings.BatchRecordDeclines(pb.BatchRecordDeclinesRequest(declines=[declined]))


def at(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(UTC)


async def test_holds_and_bookings_end_with_sales_and_a_decline_adds_nothing(house: House) -> None:
    end = await sales_end(house)
    early = await house.book(ANN, 0)
    assert at(early.expires_at) < end
    await move_clocks(house, "37 minutes")
    held, booking = await hold(house, ANN, 1), await house.book(ANN, 2)
    assert (at(held.expires_at), at(booking.expires_at)) == (end, end)
    assert 100 < held.expires_in <= 180
    await decline(house, booking)
    assert at((await house.get(booking.id)).expires_at) == end
    answer = await payable(house, booking)
    assert (at(answer.expires_at), at(answer.sales_end_at)) == (end, end)


async def test_from_the_end_of_sales_on_nothing_is_held_or_booked(house: House) -> None:
    for minutes, reason in ((41, "SALES_ENDED"), (61, "SHOW_STARTED")):
        await move_clocks(house, f"{minutes} minutes")
        for ask in (hold, House.book):
            assert (await refused(ask(house, ANN, 0))).reason == reason
    assert await house.db.fetch("SELECT FROM bookings") == []
    assert set(await house.seat_statuses()) == {"AVAILABLE"}


@pytest.mark.parametrize("swept", [False, True])
@pytest.mark.parametrize("lapsed_before", [False, True], ids=["ended with sales", "lapsed before"])
async def test_money_that_comes_after_the_end_of_sales_goes_back_though_all_seats_are_free(
    house: House, swept: bool, lapsed_before: bool
) -> None:
    if not lapsed_before:
        await move_clocks(house, "38 minutes")
    booking = await house.book(ANN, 0, 1)
    if swept and lapsed_before:
        await move_clocks(house, "39 minutes")
        assert await house.saga.expiry.expire_due() == 1
    await move_clocks(house, "41 minutes")
    if swept and not lapsed_before:
        assert await house.saga.expiry.expire_due() == 1
    await house.capture(booking)
    assert await house.status(booking.id) == "EXPIRED"
    assert set(await house.seat_statuses()) == {"AVAILABLE"}
    await house.relay()
    assert [(it.cause, it.amount) for it in house.payment.refunds] == [(NO_TICKET, booking.total_amount)]


async def test_inventorys_clock_alone_says_when_sales_have_ended(house: House) -> None:
    booking = await house.book(ANN, 0)
    await move_clock(house.db, "1 hour")
    await house.capture(booking)
    assert await house.status(booking.id) == "CONFIRMED"
    late = await house.book(BOB, 1)
    await move_clock(house.db, "0 minutes")
    await move_clock(house.inventory_db, "41 minutes")
    await house.capture(late)
    assert await house.status(late.id) == "EXPIRED"


async def test_a_booking_keeps_the_end_of_sales_that_it_was_made_with(house: House) -> None:
    end = await sales_end(house)
    first = await house.book(ANN, 0)
    for table in ("shows", "show_counters"):
        await house.inventory_db.execute(f"UPDATE {table} SET sales_end_at = sales_end_at - interval '10 minutes'")
    second = await house.book(ANN, 1)
    assert (at(first.show.sales_end_at), at(second.show.sales_end_at)) == (end, end - timedelta(minutes=10))
    for made in (first, second):
        assert (await house.get(made.id)).show.sales_end_at == made.show.sales_end_at
    # What counts for money is the present end.
    await move_clocks(house, "31 minutes")
    await house.capture(first)
    assert await house.status(first.id) == "EXPIRED"


async def test_where_none_was_written_sales_end_at_the_start(house: House) -> None:
    for table in ("shows", "show_counters"):
        await house.inventory_db.execute(f"UPDATE {table} SET sales_end_at = NULL")
    booking = await house.book(ANN, 0)
    assert booking.show.sales_end_at == booking.show.start_time
    await house.db.execute("UPDATE bookings SET sales_end_at = NULL")
    assert (await house.get(booking.id)).show.sales_end_at == booking.show.start_time
    assert (await payable(house, booking)).sales_end_at == booking.show.start_time
    seats = await house.seats.GetSeatMap(inventory_pb2.GetSeatMapRequest(show_id=house.show_id))
    free = await house.seats.ListAvailableSeats(inventory_pb2.ListAvailableSeatsRequest(show_id=house.show_id))
    assert {at(seats.sales_end_at), at(free.sales_end_at)} == {at(booking.show.start_time)}
    await move_clocks(house, "59 minutes")
    assert (await house.book(ANN, 1)).status == pb.Booking.PENDING
    await move_clocks(house, "61 minutes")
    assert (await refused(house.book(ANN, 2))).reason == "SHOW_STARTED"


async def test_sales_that_end_while_their_show_is_waited_for_have_ended(house: House) -> None:
    waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%%show_counters%%'"
    booking = await house.book(ANN, 0)
    async with house.inventory_db.transaction() as elsewhere:
        await elsewhere.fetch("SELECT FROM show_counters FOR UPDATE")
        settling: list[Any] = [
            asyncio.ensure_future(house.capture(booking)),
            asyncio.ensure_future(hold(house, BOB, 1)),
        ]
        await eventually(lambda: house.inventory_db.fetch(waiting))
        await elsewhere.send("UPDATE show_counters SET sales_end_at = clock_timestamp()")
    await settling[0]
    assert (await refused(settling[1])).reason == "SALES_ENDED"
    assert await house.status(booking.id) == "EXPIRED"


async def test_once_sales_have_ended_an_expired_booking_is_archived_a_month_later(house: House) -> None:
    await house.book(ANN, 0)
    await move_clocks(house, "20 minutes")
    await house.saga.expiry.expire_due()
    await house.db.execute("UPDATE bookings SET starts_at = starts_at + interval '60 days'")
    await move_clocks(house, "31 days")
    assert await house.saga.archive.archive_once() == 1
