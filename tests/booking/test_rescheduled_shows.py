"""A show that is rescheduled: its bookings follow, and whoever does not want the new time gets his money back."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc, seat_pb2

from services.booking.clients import SHOWS_TOPIC, InventoryClient
from services.booking.show_updates import steps
from services.booking.show_updates.operation import CONSUMER, note_updates
from services.chassis.errors import Unavailable
from services.chassis.writes import topics
from services.chassis.writes.consumer import Consumer
from tests.booking.house import ANN, BOB, House, Refund, move_clocks, refused
from tests.booking.test_end_of_sales import at, decline, payable
from tests.booking.test_fees import BOOKING_FEE, SERVICE_FEE, set_fees
from tests.booking.test_watching import other as other
from tests.booking.watchers import Replica, Watcher
from tests.inventory.catalogue_client import stamp

PRICE = 25_001
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WEEK = 7 * DAY


def catalog(house: House) -> Any:
    return catalog_pb2_grpc.CatalogServiceStub(house.to_inventory)


async def show(house: House) -> catalog_pb2.Show:
    seen: catalog_pb2.Show = await catalog(house).GetShow(catalog_pb2.GetShowRequest(show_id=house.show_id))
    return seen


async def starts_at(house: House) -> datetime:
    return at((await show(house)).start_time)


async def reschedule(house: House, later: timedelta, **fields: Any) -> catalog_pb2.Show:
    """Have the show start so much later."""
    start = stamp(await starts_at(house) + later)
    request = catalog_pb2.RescheduleShowRequest(show_id=house.show_id, start_time=start, **fields)
    moved: catalog_pb2.Show = await catalog(house).RescheduleShow(request)
    return moved


async def followed(house: House) -> None:
    """Have booking read inventory's topic, and bring its bookings up to it."""
    await topics.number_events(house.inventory_db)
    inventory = InventoryClient(house.to_inventory)
    consumer = Consumer(house.db, CONSUMER, SHOWS_TOPIC, inventory.events, note_updates)
    while await consumer.consume_once():
        pass
    await swept(house)


async def swept(house: House) -> None:
    for _ in range(10):
        while await house.saga.show_updates.sweep_once():
            pass
        if not await house.db.fetch("SELECT FROM show_updates WHERE done_at IS NULL"):
            return
        await house.db.execute("UPDATE show_updates SET lease_until = boxoffice_clock()")
    raise AssertionError("it never ends")


def times(booking: pb.Booking) -> tuple[datetime, datetime, datetime]:
    return at(booking.show.booked_start_time), at(booking.show.start_time), at(booking.show.sales_end_at)


async def refund(house: House, booking: pb.Booking, *numbers: int) -> pb.RefundBookingResponse:
    """Refund a booking after a look at what that would bring, which has to be the same."""
    seats = [house.seat_ids[number] for number in numbers]
    asked = pb.PreviewRefundRequest(booking_id=booking.id, user_id=booking.user_id, show_seat_ids=seats)
    preview = await house.bookings.PreviewRefund(asked)
    request = pb.RefundBookingRequest(booking_id=booking.id, user_id=booking.user_id, show_seat_ids=seats)
    answer: pb.RefundBookingResponse = await house.bookings.RefundBooking(request)
    assert (preview.refund_amount, preview.refund_percentage) == (answer.refund_amount, answer.refund_percentage)
    return answer


async def test_bookings_follow_their_show_and_remember_when_it_was_to_be(house: House) -> None:
    paid, pending, lapsed = await house.confirmed(ANN, 0), await house.book(ANN, 1), await house.book(BOB, 2)
    given_up = await house.book(BOB, 3)
    await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=given_up.id, user_id=str(BOB)))
    await house.db.execute(
        "UPDATE bookings SET expires_at = boxoffice_clock() WHERE id = %(id)s", {"id": UUID(lapsed.id)}
    )
    booked = await starts_at(house)
    assert times(paid) == (booked, booked, booked) and not paid.HasField("full_refund_until")
    await reschedule(house, DAY)
    await followed(house)
    for one in (paid, pending, lapsed):
        seen = await house.get(one.id)
        assert times(seen) == (booked, booked + DAY, booked + DAY)
        assert seen.HasField("full_refund_until")
    assert times(await house.get(given_up.id)) == (booked, booked, booked), "it is over"
    assert at((await payable(house, pending)).sales_end_at) == booked + DAY
    await reschedule(house, -2 * DAY, sales_end_at=stamp(booked - DAY - HOUR))
    await followed(house)
    assert times(await house.get(paid.id)) == (booked, booked - DAY, booked - DAY - HOUR)
    late = await house.book(BOB, 4)
    assert times(late) == (booked - DAY, booked - DAY, booked - DAY - HOUR)
    assert not (await house.get(late.id)).HasField("full_refund_until"), "it was booked for this time"


async def test_bookings_follow_a_show_whose_prices_were_set_before(house: House) -> None:
    """What the topic tells of prices is no revision of the show that bookings could have."""
    booked, paid = await starts_at(house), await house.confirmed(ANN, 0)
    for price in (PRICE + 1, PRICE + 2):
        prices = [catalog_pb2.TierPrice(tier=seat_pb2.Seat.REGULAR, price=price)]
        await catalog(house).SetShowPrices(catalog_pb2.SetShowPricesRequest(show_id=house.show_id, prices=prices))
    await followed(house)
    assert not await house.db.fetch("SELECT FROM show_updates")
    moved = await reschedule(house, DAY)
    await followed(house)
    assert times(await house.get(paid.id)) == (booked, booked + DAY, booked + DAY)
    [row] = await house.db.fetch("SELECT revision FROM show_updates")
    assert row.revision == moved.revision == 2


async def test_a_booking_is_of_the_show_as_it_was_when_its_seats_were_reserved(house: House) -> None:
    """Whatever booking knows of the show by heart, the answer to the request says when it is."""
    await house.book(ANN, 0)
    before = await starts_at(house)
    await reschedule(house, DAY)
    booked = await house.book(BOB, 1)
    assert times(booked) == (before + DAY, before + DAY, before + DAY)
    assert times(await house.get(booked.id)) == times(booked)
    await followed(house)
    seen = await house.get(booked.id)
    assert times(seen) == times(booked) and not seen.HasField("full_refund_until")


async def test_who_watches_a_booking_is_told_of_the_new_time(house: House, other: Replica) -> None:
    booked, booking = await starts_at(house), await house.confirmed(ANN, 0)
    watcher = Watcher(other, booking.id)
    assert await watcher.status() == "CONFIRMED"
    await reschedule(house, DAY)
    await followed(house)
    told = await watcher.next()
    assert told is not None and times(told) == (booked, booked + DAY, booked + DAY)


async def test_where_inventory_does_not_say_how_the_show_is_now_no_booking_is_made(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.book(ANN, 0)
    await reschedule(house, DAY)
    true = InventoryClient.show

    async def show(self: InventoryClient, show_id: UUID, *, revision: int = 0) -> Any:
        if revision:
            raise Unavailable()
        return await true(self, show_id)

    monkeypatch.setattr(InventoryClient, "show", show)
    assert (await refused(house.book(BOB, 1))).reason == "UNAVAILABLE"
    monkeypatch.undo()
    assert (await house.seat_statuses())[1] == "AVAILABLE"
    assert len(await house.db.fetch("SELECT FROM bookings")) == 1


async def test_a_booking_that_is_between_two_steps_follows_afterwards(house: House) -> None:
    booked = await starts_at(house)
    booking = await house.book(ANN, 0)
    await house.db.execute(
        "UPDATE bookings SET state = 'CONFIRMING', confirming_from = 'PENDING', lease_until = boxoffice_clock(),"
        " payment_id = %(payment)s, version = version + 1",
        {"payment": uuid4()},
    )
    await reschedule(house, DAY)
    await topics.number_events(house.inventory_db)
    consumer = Consumer(house.db, CONSUMER, SHOWS_TOPIC, InventoryClient(house.to_inventory).events, note_updates)
    await consumer.consume_once()
    assert await house.saga.show_updates.sweep_once() == 0
    assert times(await house.get(booking.id)) == (booked, booked, booked)
    assert await house.db.fetch("SELECT FROM show_updates WHERE done_at IS NULL"), "it is waited for"
    assert await house.saga.recover_once() == 1
    await house.db.execute("UPDATE show_updates SET lease_until = boxoffice_clock()")
    await swept(house)
    seen = await house.get(booking.id)
    assert (seen.status, times(seen)) == (pb.Booking.CONFIRMED, (booked, booked + DAY, booked + DAY))


async def test_an_answer_of_inventory_tells_before_its_topic_does(house: House) -> None:
    booked = await starts_at(house)
    paid, declined = await house.book(ANN, 0), await house.book(BOB, 1)
    await reschedule(house, DAY)
    await house.capture(paid)
    await swept(house)
    assert times(await house.get(paid.id)) == (booked, booked + DAY, booked + DAY)
    await reschedule(house, DAY)
    await decline(house, declined)
    await swept(house)
    assert times(await house.get(declined.id)) == (booked, booked + 2 * DAY, booked + 2 * DAY)


@pytest.mark.parametrize("closes", [3 * DAY - timedelta(minutes=16)])
async def test_a_decline_gives_time_beyond_the_end_of_sales_that_was_known(house: House) -> None:
    """So no booking ever waits longer than its own row says that sales go on."""
    booking = await house.book(ANN, 0)
    await move_clocks(house, "14 minutes")
    await reschedule(house, DAY)
    await decline(house, booking)
    seen = await house.get(booking.id)
    assert at(booking.show.sales_end_at) < at(seen.expires_at) <= at(seen.show.sales_end_at)


async def test_another_hall_is_shown_and_all_comes_back_on_request(house: House) -> None:
    paid = await house.confirmed(ANN, 0)
    row = catalog_pb2.CreateScreenRequest.Row(label="A", seat_count=12, tier=seat_pb2.Seat.REGULAR)
    section = catalog_pb2.CreateScreenRequest.Section(name="Stalls", rows=[row])
    venue_id = (await show(house)).venue_id
    make = catalog_pb2.CreateScreenRequest(venue_id=venue_id, name="The other one", sections=[section])
    screen = await catalog(house).CreateScreen(make)
    await catalog(house).RescheduleShow(catalog_pb2.RescheduleShowRequest(show_id=house.show_id, screen_id=screen.id))
    await followed(house)
    seen = await house.get(paid.id)
    assert (seen.show.screen, seen.show.start_time) == ("The other one", paid.show.start_time)
    assert (await refund(house, paid)).refund_percentage == 100


async def test_an_edit_of_sales_is_followed_and_gives_nobody_his_money_back(house: House) -> None:
    paid = await house.confirmed(ANN, 0)
    end = stamp(await starts_at(house) - HOUR)
    await catalog(house).UpdateShow(catalog_pb2.UpdateShowRequest(show_id=house.show_id, sales_end_at=end))
    await followed(house)
    seen = await house.get(paid.id)
    assert seen.show.sales_end_at == end and not seen.HasField("full_refund_until")


@pytest.mark.parametrize("starts_in", [timedelta(hours=5)])
async def test_until_the_deadline_all_comes_back_on_request_with_its_fees_in_any_parts(house: House) -> None:
    await set_fees(house, SERVICE_FEE, BOOKING_FEE)
    paid, granted = await house.confirmed(ANN, 0, 1), await house.confirmed(BOB, 2)
    await reschedule(house, -HOUR)
    await followed(house)
    seen = await house.get(paid.id)
    first = await refund(house, paid, 0)
    second = await refund(house, paid)
    assert (first.refund_percentage, second.refund_percentage) == (100, 100)
    assert (
        first.refund_amount + second.refund_amount == seen.final_amount == sum(it.amount for it in house.payment.parts)
    )
    given = await house.get(paid.id)
    assert (given.status, given.refunded_amount) == (pb.Booking.REFUNDED, seen.final_amount)
    assert {(one.cause, one.kept_amount) for one in given.refunds} == {(pb.Booking.SeatRefund.SHOW_RESCHEDULED, 0)}
    # What the staff grants is what they say.
    grant = pb.GrantRefundRequest(booking_id=granted.id, percentage=10, reason="A gesture.")
    assert (await house.bookings.GrantRefund(grant)).refund_percentage == 10


@pytest.mark.parametrize("starts_in", [30 * DAY])
async def test_after_the_deadline_the_time_counts_that_is_better_until_the_show_begins(house: House) -> None:
    booked = await starts_at(house)
    earlier, later = await house.confirmed(ANN, 0, 1, 2), await house.confirmed(BOB, 3)
    await reschedule(house, -15 * DAY)
    await followed(house)
    await move_clocks(house, "7 days 1 minute")
    assert (await refund(house, earlier, 0)).refund_percentage == 100
    [refunded] = (await house.get(earlier.id)).refunds
    assert refunded.cause == refunded.REQUESTED, "the deadline is over"
    await move_clocks(house, "14 days 23 hours")
    assert (await refund(house, earlier, 1)).refund_percentage == 100, "it was booked for another day"
    assert (await refused(house.bookings.RefundBooking(of_late_booker(await house.confirmed(BOB, 4))))).reason == (
        "REFUND_NOT_ALLOWED"
    )
    await move_clocks(house, "15 days 1 minute")
    asked = pb.RefundBookingRequest(booking_id=earlier.id, user_id=str(ANN))
    assert (await refused(house.bookings.RefundBooking(asked))).reason == "REFUND_NOT_ALLOWED", "it has taken place"
    assert times(await house.get(later.id))[:2] == (booked, booked - 15 * DAY)


def of_late_booker(booking: pb.Booking) -> pb.RefundBookingRequest:
    return pb.RefundBookingRequest(booking_id=booking.id, user_id=booking.user_id)


@pytest.mark.parametrize("starts_in", [timedelta(hours=3)])
async def test_who_booked_for_an_earlier_time_has_as_long_as_the_show_that_is_later(house: House) -> None:
    paid = await house.confirmed(ANN, 0)
    await reschedule(house, 30 * DAY)
    await followed(house)
    await move_clocks(house, "8 days")
    assert (await refund(house, paid)).refund_percentage == 100


async def test_money_that_comes_after_the_end_of_sales_that_is_earlier_now_goes_back(house: House) -> None:
    booking = await house.book(ANN, 0, 1)
    await reschedule(house, -3 * DAY + 2 * HOUR)
    await followed(house)
    await move_clocks(house, "2 hours")
    assert await house.saga.expiry.expire_due() == 1
    await house.capture(booking)
    assert await house.status(booking.id) == "EXPIRED"
    await house.relay()
    assert [(it.cause, it.amount) for it in house.payment.refunds] == [(Refund.NO_TICKET, booking.total_amount)]


async def test_money_that_comes_late_buys_the_seats_of_the_show_that_is_later_now(house: House) -> None:
    booked = await starts_at(house)
    booking = await house.book(ANN, 0, 1)
    await move_clocks(house, "16 minutes")
    assert await house.saga.expiry.expire_due() == 1
    await reschedule(house, 10 * DAY)
    await move_clocks(house, "5 days")
    await house.capture(booking)
    await followed(house)
    seen = await house.get(booking.id)
    assert (seen.status, times(seen)) == (pb.Booking.CONFIRMED, (booked, booked + 10 * DAY, booked + 10 * DAY))


@pytest.mark.parametrize(("starts_in", "closes"), [(40 * DAY, 39 * DAY)])
async def test_what_is_archived_is_closed_at_inventory_and_sales_that_go_on_do_not_revive_it(house: House) -> None:
    booking = await house.book(ANN, 0, 1)
    await move_clocks(house, "16 minutes")
    assert await house.saga.expiry.expire_due() == 1
    await move_clocks(house, "32 days")
    await reschedule(house, DAY, sales_end_at=stamp(await starts_at(house)))
    # Booking has not been told yet that sales go on.
    assert await house.saga.archive.archive_once() == 2
    await followed(house)
    await house.capture(booking)
    assert await house.status(booking.id) == "EXPIRED"
    await house.relay()
    assert [it.cause for it in house.payment.refunds] == [Refund.NO_TICKET]
    assert await house.saga.archive.archive_once() == 0


async def test_all_bookings_of_a_large_show_follow_batch_by_batch_and_a_later_revision_counts(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "BATCH", 2)
    booked = await starts_at(house)
    bookings = [await house.confirmed(uuid4(), number) for number in range(5)]
    await reschedule(house, DAY)
    await topics.number_events(house.inventory_db)
    consumer = Consumer(house.db, CONSUMER, SHOWS_TOPIC, InventoryClient(house.to_inventory).events, note_updates)
    await consumer.consume_once()
    assert await house.saga.show_updates.sweep_once() == 2
    await reschedule(house, DAY)
    await followed(house)
    for booking in bookings:
        assert times(await house.get(booking.id)) == (booked, booked + 2 * DAY, booked + 2 * DAY)
    [update] = await house.db.fetch("SELECT revision, done_at IS NOT NULL AS is_done FROM show_updates")
    assert (update.revision, update.is_done) == (3, True)
    # What is told again, and late, changes nothing.
    async with house.db.transaction() as tx:
        await note_updates(tx, (await InventoryClient(house.to_inventory).events(None)).events)
    assert not await house.db.fetch("SELECT FROM show_updates WHERE done_at IS NULL")


async def test_who_buys_while_the_show_is_rescheduled_ends_with_its_new_time(house: House) -> None:
    async def buy(number: int) -> pb.Booking:
        return await house.confirmed(uuid4(), number)

    bought, moved = await asyncio.gather(
        asyncio.gather(*map(buy, range(8))), asyncio.gather(*(reschedule(house, HOUR) for _ in range(2)))
    )
    await followed(house)
    end = max(moved, key=lambda one: one.revision)
    for booking in bought:
        assert (await house.get(booking.id)).show.start_time == end.start_time
    rows = await house.db.fetch("SELECT DISTINCT show_revision FROM bookings")
    assert [row.show_revision for row in rows] == [end.revision]
