"""What was sold of shows and events, for those who run them: it agrees with the bookings to the minor unit."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import available_timezones

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.booking.v1 import office_pb2 as pb
from boxoffice.inventory.v1 import catalog_pb2_grpc, inventory_pb2, seat_pb2

from services.booking.office import sales
from services.booking.office import statements as sql
from services.booking.office.domain import Days
from services.chassis.errors import InvalidField
from services.chassis.wire.identity import Caller
from services.inventory.catalogue.zones import check_zone
from tests.booking.house import ANN, BOB, House, make_show, refused
from tests.booking.test_fees import BOOKING_FEE, COMMISSION, SERVICE_FEE, refund, set_fees
from tests.booking.test_kinds import CHILD, booked, set_kinds
from tests.booking.test_office import CAT, OURS, THEIRS, called_by, calling

PRICE = 25_001
REGULAR = seat_pb2.Seat.REGULAR
LEDGER = """
    SELECT coalesce(sum(amount), 0)::int AS amount FROM captures c JOIN bookings b ON b.id = c.booking_id
    WHERE c.settlement = 'KEPT' AND b.event_id = %(event_id)s
"""
"""What customers have paid for tickets of an event, as payment has told of it."""


async def of_show(house: House, show_id: str = "", **days: str) -> pb.Sales:
    return await house.office.GetShowSales(pb.GetShowSalesRequest(show_id=show_id or house.show_id, **days))


async def of_event(house: House, **days: str) -> pb.Sales:
    return await house.office.GetEventSales(pb.GetEventSalesRequest(event_id=await event_id(house), **days))


async def event_id(house: House) -> str:
    [show] = await house.inventory_db.fetch("SELECT event_id FROM shows WHERE id = %(id)s", {"id": UUID(house.show_id)})
    return str(show.event_id)


async def sold_at(house: House, booking_id: str, at: str) -> None:
    """Let a booking have been confirmed at another time."""
    given = {"id": UUID(booking_id), "at": at}
    await house.db.execute("UPDATE bookings SET confirmed_at = %(at)s::timestamptz WHERE id = %(id)s", given)


def lines(found: pb.Sales) -> list[tuple[Any, ...]]:
    return [
        (each.day, each.tier, each.kind, each.seats, each.amount, each.refunded_seats, each.refunded_amount)
        for each in found.lines
    ]


async def another_show(house: House) -> tuple[str, Sequence[str]]:
    """Make a second show of the event; return it with its seats."""
    show_id = await make_show(
        catalog_pb2_grpc.CatalogServiceStub(house.to_inventory), in_=timedelta(9), closes=timedelta()
    )
    given = {"id": UUID(show_id), "event_id": UUID(await event_id(house))}
    await house.inventory_db.execute("UPDATE shows SET event_id = %(event_id)s WHERE id = %(id)s", given)
    seat_map = await house.seats.GetSeatMap(inventory_pb2.GetSeatMapRequest(show_id=show_id))
    return show_id, [seat.id for seat in seat_map.seats]


async def test_a_show_of_which_nothing_is_sold_has_no_lines(house: House) -> None:
    assert await of_show(house) == await of_event(house) == pb.Sales()
    waiting = await house.book(ANN, 0)
    cancelled = await house.book(BOB, 1)
    request = booking_pb2.CancelBookingRequest(booking_id=cancelled.id, user_id=str(BOB))
    await house.bookings.CancelBooking(request)
    assert await of_show(house) == pb.Sales(), "who has not paid has bought nothing"
    await house.capture(waiting)
    assert [total.seats for total in (await of_show(house)).totals] == [1]


async def test_sales_have_a_line_for_each_day_tier_and_kind_and_agree_with_the_ledger(house: House) -> None:
    await set_kinds(house, CHILD)
    await set_fees(house, BOOKING_FEE, SERVICE_FEE, COMMISSION)
    first = await booked(house, ANN, ["ADULT", "CHILD", "CHILD"], 0, 1, 2)
    second = await booked(house, BOB, ["ADULT"], 3)
    for booking in (first, second):
        await house.capture(booking)
    await refund(house, first.id, 1)
    await refund(house, first.id, 0)
    await refund(house, first.id)
    found = await of_show(house)
    today = found.lines[0].day
    assert [line[:4] for line in lines(found)] == [
        (today, 0, "", 0),
        (today, REGULAR, "ADULT", 2),
        (today, REGULAR, "CHILD", 2),
    ]
    of_order, adults, children = found.lines
    assert of_order.refunded_amount > 0 == of_order.amount, "the fees of the order came back with the last seat"
    assert (adults.refunded_seats, children.refunded_seats) == (1, 2)
    assert adults.amount + children.amount == first.final_amount + second.final_amount
    [total] = found.totals
    assert (total.currency, total.seats, total.guest_seats, total.refunded_seats) == ("INR", 4, 0, 3)
    [paid] = await house.db.fetch(LEDGER, {"event_id": UUID(await event_id(house))})
    assert total.amount == paid.amount
    assert total.refunded_amount == sum(part.amount for part in house.payment.parts) > 0
    assert await of_event(house) == found


async def test_a_guest_has_a_seat_and_pays_nothing(house: House) -> None:
    block = inventory_pb2.BlockSeatsRequest(show_id=house.show_id, show_seat_ids=house.seat_ids[:1], reason="Press")
    await house.seats.BlockSeats(block)
    request = booking_pb2.BookGuestsRequest(
        show_id=house.show_id, show_seat_ids=house.seat_ids[:1], guest_name="Asha Rao", guest_user_id=str(BOB)
    )
    await house.bookings.BookGuests(request)
    await house.confirmed(ANN, 1)
    [total] = (await of_show(house)).totals
    assert (total.seats, total.guest_seats, total.amount) == (2, 1, PRICE)


async def test_a_day_is_one_of_the_venue(house: House) -> None:
    await house.inventory_db.execute("UPDATE venues SET time_zone = 'Europe/Berlin'")
    bookings = [await house.confirmed(uuid4(), number) for number in range(5)]
    for booking, at in zip(
        bookings,
        # Summer time begins there on the 28th, which has 23 hours.
        ("2027-03-27T22:59:59Z", "2027-03-27T23:00:00Z", "2027-03-28T21:59:59Z", "2027-03-28T22:00:00Z", None),
        strict=True,
    ):
        if at:
            await sold_at(house, booking.id, at)
    await sold_at(house, bookings[4].id, "2027-03-30T12:00:00+05:30")
    days = ["2027-03-27", "2027-03-28", "2027-03-29", "2027-03-30"]
    assert [(line.day, line.seats) for line in (await of_show(house)).lines] == list(
        zip(days, [1, 2, 1, 1], strict=True)
    )
    some = await of_event(house, date_from="2027-03-28", date_to="2027-03-29")
    assert [line.day for line in some.lines] == days[1:3] and some.totals[0].seats == 3
    assert [line.day for line in (await of_show(house, date_to="2027-03-27")).lines] == days[:1]


async def test_every_time_zone_of_a_venue_is_one_of_the_databases(house: House) -> None:
    unknown = "SELECT name FROM unnest(%(names)s::text[]) AS name EXCEPT SELECT name FROM pg_timezone_names"
    [*missing] = [row.name for row in await house.db.fetch(unknown, {"names": sorted(available_timezones())})]
    assert missing in ([], ["localtime"])
    with pytest.raises(InvalidField):
        check_zone("localtime")


async def test_the_shows_of_an_event_are_summed_up_each_by_its_own_days(house: House) -> None:
    other, seats = await another_show(house)
    one = await house.confirmed(ANN, 0)
    request = booking_pb2.CreateBookingRequest(user_id=str(BOB), show_id=other, show_seat_ids=seats[:2])
    two = await house.bookings.CreateBooking(request)
    await house.capture(two)
    zones = "UPDATE venues v SET time_zone = 'UTC' FROM screens c JOIN shows s ON s.screen_id = c.id"
    await house.inventory_db.execute(f"{zones} WHERE c.venue_id = v.id AND s.id = %(id)s", {"id": UUID(house.show_id)})
    for booking in (one, two):
        await sold_at(house, booking.id, "2027-06-01T20:00:00Z")
    assert lines(await of_event(house)) == [
        ("2027-06-01", REGULAR, "ADULT", 1, PRICE, 0, 0),
        ("2027-06-02", REGULAR, "ADULT", 2, 2 * PRICE, 0, 0),
    ]
    await sold_at(house, one.id, "2027-06-02T20:00:00Z")
    assert lines(await of_event(house)) == [("2027-06-02", REGULAR, "ADULT", 3, 3 * PRICE, 0, 0)]
    await house.inventory_db.execute("UPDATE shows SET status = 'CANCELLED' WHERE id = %(id)s", {"id": UUID(other)})
    assert (await of_event(house)).totals[0].seats == 3, "cancelled shows were sold, too"


async def test_what_others_sell_of_an_event_is_theirs_to_know(house: House) -> None:
    other, seats = await another_show(house)
    await house.confirmed(ANN, 0)
    request = booking_pb2.CreateBookingRequest(user_id=str(BOB), show_id=other, show_seat_ids=seats[:2])
    await house.capture(await house.bookings.CreateBooking(request))
    theirs = {"id": UUID(other), "theirs": THEIRS}
    organizer = Caller(CAT, frozenset({"USER", "ORGANIZER"}), memberships={THEIRS: "OWNER"})
    for owner, called in ((OURS, called_by(house, "FINANCE")), (None, calling(house, organizer))):
        await house.inventory_db.execute("UPDATE events SET organization_id = %(owner)s", {"owner": owner})
        await house.inventory_db.execute("UPDATE shows SET organization_id = %(owner)s", {"owner": owner})
        await house.inventory_db.execute("UPDATE shows SET organization_id = %(theirs)s WHERE id = %(id)s", theirs)
        with called:
            assert [total.seats for total in (await of_event(house)).totals] == [1]
        with calling(house, Caller(CAT, frozenset({"USER", "ADMIN"}))):
            assert [total.seats for total in (await of_event(house)).totals] == [3]
        assert [total.seats for total in (await of_event(house)).totals] == [3], "nobody is checked"


async def test_what_code_from_before_wrote_is_counted(house: House) -> None:
    sold, refunded = await house.confirmed(ANN, 0), await house.confirmed(BOB, 1)
    await house.db.execute("UPDATE bookings SET confirmed_at = NULL, time_zone = NULL")
    given_back = """
        UPDATE bookings SET state = 'REFUNDED', refund_amount = final_amount, refund_percentage = 100
        WHERE id = %(id)s
    """
    await house.db.execute(given_back, {"id": UUID(refunded.id)})
    told = "UPDATE topic_events SET kind = 'REFUNDED' WHERE key = %(id)s AND kind = 'CONFIRMED'"
    await house.db.execute(told, {"id": UUID(refunded.id)})
    found = await of_show(house)
    today = found.lines[0].day
    assert lines(found) == [(today, 0, "", 0, 0, 0, PRICE), (today, REGULAR, "ADULT", 2, 2 * PRICE, 0, 0)]
    assert found.totals[0].amount == sold.final_amount + refunded.final_amount


async def test_amounts_of_a_large_hall_are_exact(house: House) -> None:
    await house.confirmed(ANN, 0)
    await house.db.execute("UPDATE booking_seats SET price = 2147483647, fee = 0")
    more = """
        INSERT INTO booking_seats (booking_id, position, seat_id, section, row, number, tier, price)
        SELECT booking_id, n, gen_random_uuid(), section, row, n, tier, price
        FROM booking_seats CROSS JOIN generate_series(1, 9) AS n
    """
    await house.db.execute(more)
    [total] = (await of_show(house)).totals
    assert (total.seats, total.amount) == (10, 21_474_836_470)


async def test_more_lines_than_an_answer_has_room_for_are_refused(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await house.confirmed(ANN, 0), await house.confirmed(BOB, 1)
    await sold_at(house, first.id, "2027-06-01T20:00:00Z")
    await sold_at(house, second.id, "2027-06-03T20:00:00Z")
    monkeypatch.setattr(sales, "MAX_LINES", 1)
    for asked in (of_show, of_event):
        info = await refused(asked(house))
        assert (info.reason, info.metadata["limit"]) == ("EXPORT_TOO_LARGE", "1")
        assert len((await asked(house, date_from="2027-06-03")).lines) == 1


async def test_what_is_no_day_or_no_show_is_refused(house: House) -> None:
    for days, field in (
        ({"date_from": "2027-02-30"}, "dateFrom"),
        ({"date_to": "1999-12-31"}, "dateTo"),
        ({"date_from": "2027-03-02", "date_to": "2027-03-01"}, "dateTo"),
    ):
        for asked in (of_show, of_event):
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await asked(house, **days)
            assert (error.value.details() or "").startswith(field)
    assert (await refused(of_show(house, str(uuid4())))).reason == "SHOW_NOT_FOUND"
    unknown = house.office.GetEventSales(pb.GetEventSalesRequest(event_id=str(uuid4())))
    assert (await refused(unknown)).reason == "EVENT_NOT_FOUND"


async def test_a_draft_has_sold_nothing(house: House) -> None:
    await house.inventory_db.execute("UPDATE events SET status = 'DRAFT'")
    await house.inventory_db.execute("UPDATE shows SET status = 'DRAFT'")
    assert await of_show(house) == await of_event(house) == pb.Sales()


async def test_sales_of_a_show_are_found_by_an_index(house: House) -> None:
    given = {"show_id": UUID(house.show_id), "time_zone": "UTC", "first": None, "last": None, "limit": 10}
    async with house.db.transaction() as tx:
        await tx.send("SET LOCAL enable_seqscan = off")
        plan = await tx.fetch(f"EXPLAIN {sql.SALES_OF_SHOW}", given)
    text = "\n".join(row[0] for row in plan)
    assert "bookings_show_idx" in text and "Seq Scan" not in text
    assert await sales.sales_of(house.db, {UUID(house.show_id): "UTC"}, Days(None, None)) == []
