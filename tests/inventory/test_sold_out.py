"""A show is sold out while nobody can take a seat of it, whatever jobs have done; an event, while all its shows are."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb

from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.inventory.catalogue import sold_out_statements as sql
from services.inventory.seats.blocking import BlockSeats, UnblockSeats
from services.inventory.seats.commands import SeatCommand, Unbook
from services.inventory.seats.holds import ReleaseHolds
from services.inventory.viewing.availability import Availability
from services.inventory.viewing.render import ELEMENTS
from tests.databases import move_clock
from tests.inventory.catalogue_client import NOON, REGULAR, Catalogue, prices, section, stamp
from tests.inventory.sale import OnSale, make_desk, put_on_sale

DAY = timedelta(days=1)
SMALL = (section("Stalls", ("A", 3, REGULAR)),)
ANN, BOB = uuid4(), uuid4()


@dataclass
class Sale(OnSale):
    """A show on sale, as the catalogue shows it."""

    catalogue: Catalogue
    event_id: str

    async def sold_out(self) -> bool:
        """Return whether the show is sold out, which all views agree about; the seat map counts its free seats."""
        asked = pb.GetShowRequest(show_id=str(self.show_id))
        found = await self.catalogue.rpc.GetShow(asked)
        [listed] = (await self.catalogue.rpc.ListShows(pb.ListShowsRequest(event_id=self.event_id))).shows
        event = await self.catalogue.rpc.GetEvent(pb.GetEventRequest(event_id=self.event_id))
        [seen] = (await self.catalogue.rpc.ListEvents(pb.ListEventsRequest())).events
        views = {found.sold_out, listed.sold_out, event.sold_out, event.shows[0].sold_out, seen.sold_out}
        assert len(views) == 1, views
        seats = await Availability(self.db).get(self.show_id)
        assert found.sold_out == (not seats.free(ELEMENTS, "").seats)
        return bool(found.sold_out)


@pytest.fixture
async def sale(catalogue: Catalogue) -> AsyncIterator[Sale]:
    event = await catalogue.event()
    screen = await catalogue.screen(sections=SMALL)
    show = await catalogue.show(event_id=event.id, screen_id=screen.id, prices=prices(REGULAR))
    rows = await catalogue.db.fetch("SELECT id FROM show_seats ORDER BY position")
    desk = make_desk(catalogue.db)
    yield Sale(catalogue.db, desk, UUID(show.id), [row.id for row in rows], catalogue, event.id)
    await desk.close()


async def test_a_show_is_sold_out_while_each_seat_is_somebodys_or_not_for_sale(sale: Sale) -> None:
    assert not await sale.sold_out()
    await sale.confirm(await sale.reserve(ANN, 0))
    await sale.desk.submit(BlockSeats(show_id=sale.show_id, seat_ids=sale.ids(1), reason="A camera"))
    assert not await sale.sold_out()
    await sale.hold(BOB, 2)
    assert await sale.sold_out()
    await move_clock(sale.db, "5 minutes 1 second")
    assert not await sale.sold_out(), "a hold has lapsed, and no job was there"
    booking = await sale.reserve(BOB, 2)
    assert await sale.sold_out()
    await move_clock(sale.db, "21 minutes")
    assert not await sale.sold_out(), "so has a booking"
    await sale.confirm(booking)
    assert await sale.sold_out()
    await sale.desk.submit(UnblockSeats(show_id=sale.show_id, seat_ids=sale.ids(1)))
    assert not await sale.sold_out()


async def test_whoever_holds_a_seat_that_is_blocked_meanwhile_leaves_none_to_others(sale: Sale) -> None:
    await sale.hold(ANN, 0, 1, 2)
    await sale.desk.submit(BlockSeats(show_id=sale.show_id, seat_ids=sale.seats, reason="A camera"))
    assert await sale.sold_out()
    await move_clock(sale.db, "5 minutes 1 second")
    assert await sale.sold_out()


async def test_whatever_happens_to_its_seats_it_is_sold_out_when_its_map_has_none_that_is_free(sale: Sale) -> None:
    """Random commands at random times; each look is compared with the seat map in `sold_out`."""
    drawn = random.Random(19)
    bookings: list[UUID] = []
    minutes, seen = 0, set()
    for _ in range(150):
        user, seat = drawn.choice((ANN, BOB)), drawn.randrange(3)
        named: Mapping[str, Any] = {"show_id": sale.show_id, "seat_ids": sale.ids(seat)}
        commands: list[SeatCommand[Any]] = [
            BlockSeats(**named, reason="A camera"),
            UnblockSeats(**named),
            ReleaseHolds(show_id=sale.show_id, user_id=user),
            *(Unbook(show_id=sale.show_id, booking_id=booking) for booking in bookings[-2:]),
        ]
        with suppress(Failure):
            match drawn.randrange(7):
                case 0 | 1:
                    await sale.hold(user, seat)
                case 2:
                    bookings.append(await sale.reserve(user, seat))
                case 3 if bookings:
                    await sale.confirm(bookings[-1])
                case 4 | 5:
                    await sale.desk.submit(drawn.choice(commands))
                case 6:
                    minutes += drawn.choice((1, 3, 6))
                    await move_clock(sale.db, f"{minutes} minutes")
        seen.add(await sale.sold_out())
    assert seen == {True, False}


async def test_a_show_that_is_made_with_all_its_seats_blocked_says_at_once_that_it_is_sold_out(
    catalogue: Catalogue,
) -> None:
    screen = await catalogue.screen(sections=SMALL)
    ids = [seat.id for row in (await catalogue.layout(screen)).rows for seat in row.seats]
    for blocked in (ids, ids[1:]):
        start = stamp(NOON + len(blocked) * DAY)
        show = await catalogue.show(
            screen_id=screen.id, blocked_seat_ids=blocked, prices=prices(REGULAR), start_time=start
        )
        assert show.sold_out == (blocked == ids)
        assert await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id)) == show
    moved = pb.RescheduleShowRequest(show_id=show.id, start_time=stamp(NOON + 9 * DAY))
    assert not (await catalogue.rpc.RescheduleShow(moved)).sold_out
    await catalogue.db.execute("UPDATE show_seats SET blocked_for = ''")
    edit = pb.UpdateShowRequest(show_id=show.id, sales_end_at=stamp(NOON + 8 * DAY))
    assert (await catalogue.rpc.UpdateShow(edit)).sold_out


async def test_an_event_is_sold_out_while_all_its_shows_are_whose_sales_have_not_ended(catalogue: Catalogue) -> None:
    event, other = await catalogue.event(), await catalogue.event(title="Low Tide")

    async def sold_out() -> bool:
        listed = await catalogue.rpc.ListEvents(pb.ListEventsRequest())
        counted = await catalogue.rpc.ListEvents(pb.ListEventsRequest(page=1))
        found = await catalogue.rpc.GetEvent(pb.GetEventRequest(event_id=event.id))
        views = [{one.id: one.sold_out for one in page.events} for page in (listed, counted)]
        assert views == [{event.id: found.sold_out, other.id: False}] * 2
        return bool(found.sold_out)

    async def take(show: pb.Show) -> None:
        await catalogue.db.execute("UPDATE show_seats SET blocked_for = '' WHERE show_id = %s", (UUID(show.id),))

    assert not await sold_out(), "it has no show"
    first, second, third = [
        await catalogue.show(event_id=event.id, start_time=stamp(NOON + days * DAY)) for days in range(3)
    ]
    await take(first)
    await take(second)
    assert not await sold_out(), "there is the third"
    await catalogue.rpc.CancelShows(pb.CancelShowsRequest(show_id=third.id, by_admin=True))
    assert await sold_out()
    fourth = await catalogue.show(event_id=event.id, start_time=stamp(NOON - DAY))
    assert not await sold_out()
    end = stamp(NOON - 2 * DAY)
    await catalogue.rpc.UpdateShow(pb.UpdateShowRequest(show_id=fourth.id, sales_end_at=end))
    [row] = await catalogue.db.fetch("SELECT %s - boxoffice_clock() AS left", (end.ToDatetime(UTC),))
    await move_clock(catalogue.db, f"{row.left.total_seconds() + 1} seconds")
    assert await sold_out(), "the sales of the fourth have ended"
    await move_clock(catalogue.db, "60 days")
    assert not await sold_out(), "all are over"


async def test_no_seat_but_one_of_each_show_is_looked_at(inventory_db: Database) -> None:
    """However many are sold, and whatever the planner knows of those of other shows."""
    shows = [(await put_on_sale(inventory_db, seats=2_000))[0] for _ in range(4)]
    sold = "UPDATE show_seats SET status = 'BOOKED', holder_id = id, booking_id = id WHERE show_id = ANY(%s)"
    await inventory_db.execute(sold, (shows[:2],))
    blocked = "UPDATE show_seats SET blocked_for = '', status = 'BLOCKED' WHERE show_id = %s"
    await inventory_db.execute(blocked, (shows[2],))
    for _ in range(2):
        explained = f"EXPLAIN (ANALYZE, FORMAT JSON) {sql.SOLD_OUT}"
        [row] = await inventory_db.fetch(explained, {"show_ids": shows})
        plan = row[0] if isinstance(row[0], list) else json.loads(row[0])
        scans = list(_scans(plan[0]["Plan"]))
        assert {scan["Index Name"] for scan in scans} == {"show_seats_for_sale_idx"}
        assert sum(scan["Actual Rows"] * scan["Actual Loops"] for scan in scans) <= len(shows)
        assert not any(scan.get("Rows Removed by Filter") for scan in scans)
        found = await inventory_db.fetch(sql.SOLD_OUT, {"show_ids": shows})
        assert {row.show_id for row in found} == set(shows[:3])
        await inventory_db.execute("ANALYZE show_seats")


def _scans(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the parts of a plan that read seats."""
    if plan.get("Relation Name") == "show_seats":
        yield plan
    for part in plan.get("Plans", ()):
        yield from _scans(part)
