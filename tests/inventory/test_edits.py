"""Edits of events, venues and shows."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.events.v1 import events_pb2
from boxoffice.inventory.v1 import catalog_pb2 as pb

from services.inventory.seats.commands import Hold
from tests.databases import move_clock
from tests.inventory.catalogue_client import NOON, Catalogue, at, invalid_fields, refusal, stamp
from tests.inventory.sale import make_desk

DAY = timedelta(days=1)


# --- Events


async def test_an_edit_of_an_event_changes_what_it_names_and_nothing_else(catalogue: Catalogue) -> None:
    rpc, event = catalogue.rpc, await catalogue.event()
    changes: dict[str, Any] = {
        "title": "Ten Rivers",
        "description": "Live.",
        "category": pb.Event.COMEDY,
        "duration_minutes": 120,
        "language": "hi",
    }
    for name, value in changes.items():
        edited = await rpc.UpdateEvent(pb.UpdateEventRequest(event_id=event.id, **{name: value}))
        setattr(event, name, value)
        assert edited == event, name
    assert await rpc.GetEvent(pb.GetEventRequest(event_id=event.id)) == event
    emptied = await rpc.UpdateEvent(pb.UpdateEventRequest(event_id=event.id, description="", language=""))
    assert (emptied.description, emptied.language, emptied.title) == ("", "", "Ten Rivers")


async def test_an_event_with_a_show_keeps_its_duration_and_stays_a_movie_or_none(catalogue: Catalogue) -> None:
    movie, concert = await catalogue.movie(), await catalogue.event()
    for id_ in (movie.id, concert.id):
        await catalogue.show(event_id=id_)

    async def refused(event: Any, **fields: Any) -> dict[str, str]:
        refused = await refusal(catalogue.rpc.UpdateEvent(pb.UpdateEventRequest(event_id=event.id, **fields)))
        assert refused.reason == "EVENT_HAS_SHOWS"
        return refused.metadata

    assert await refused(movie, category=pb.Event.CONCERT) == {"field": "category"}
    assert await refused(concert, category=pb.Event.MOVIE) == {"field": "category"}
    assert await refused(movie, duration_minutes=91) == {"field": "durationMinutes"}
    same = pb.UpdateEventRequest(event_id=movie.id, category=pb.Event.MOVIE, duration_minutes=90, title="Low Tide")
    assert (await catalogue.rpc.UpdateEvent(same)).title == "Low Tide"
    other = pb.UpdateEventRequest(event_id=concert.id, category=pb.Event.CONFERENCE)
    assert (await catalogue.rpc.UpdateEvent(other)).category == pb.Event.CONFERENCE


async def test_an_event_becomes_no_movie_while_it_gets_its_first_show(catalogue: Catalogue) -> None:
    """Either the show is of what the event is then, or the event stays what it was."""
    for day in range(5):
        event = await catalogue.event()
        make = await catalogue.show_request(event_id=event.id, start_time=stamp(NOON + day * DAY))
        change = pb.UpdateEventRequest(event_id=event.id, category=pb.Event.MOVIE, duration_minutes=30)
        show, edited = await asyncio.gather(
            catalogue.rpc.CreateShow(make), catalogue.rpc.UpdateEvent(change), return_exceptions=True
        )
        became_movie = not isinstance(edited, Exception)
        assert bool(show.movie_id) == became_movie
        minutes = (show.end_time.ToDatetime() - show.start_time.ToDatetime()) / timedelta(minutes=1)
        assert minutes == (30 if became_movie else 90)


async def test_a_show_has_the_title_that_its_event_has_now(catalogue: Catalogue) -> None:
    show = await catalogue.show()
    await catalogue.rpc.UpdateEvent(pb.UpdateEventRequest(event_id=show.event_id, title="Low Tide"))
    shown = await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id))
    assert (shown.title, shown.revision) == ("Low Tide", 1)


# --- Venues

VENUE: dict[str, Any] = {
    "name": "Regal",
    "city": "Mumbai",
    "address": "1 Shore Road",
    "time_zone": "Asia/Kolkata",
    "amenities": ["parking", 'a "bar", open {late}', "step-free"],
    "capacity": "2,000, standing",
}


async def test_a_venue_is_read_as_it_was_created_and_edited(catalogue: Catalogue) -> None:
    rpc = catalogue.rpc
    made = await rpc.CreateVenue(pb.CreateVenueRequest(**VENUE))
    assert await rpc.GetVenue(pb.GetVenueRequest(venue_id=made.id)) == made
    assert {name: list(value) if name == "amenities" else value for name, value in told(made).items()} == VENUE

    venue = await catalogue.venue("Lantern House", "Pune")
    venue.screens.append(await catalogue.screen(venue))
    for name, value in VENUE.items():
        edited = await rpc.UpdateVenue(pb.UpdateVenueRequest(venue_id=venue.id, **{name: value}))
        venue.MergeFrom(pb.Venue(**{name: value}))
        assert edited == venue, name
    assert await rpc.GetVenue(pb.GetVenueRequest(venue_id=venue.id)) == venue
    assert [one.id for one in (await rpc.ListVenues(pb.ListVenuesRequest(city="MUMBAI"))).venues] == [venue.id, made.id]
    assert not (await rpc.ListVenues(pb.ListVenuesRequest(city="pune"))).venues
    emptied = pb.UpdateVenueRequest(venue_id=venue.id, address="", time_zone="", no_amenities=True, capacity="")
    assert told(await rpc.UpdateVenue(emptied)) == {
        "name": "Regal",
        "city": "Mumbai",
        "address": "",
        "time_zone": "Asia/Kolkata",
        "amenities": [],
        "capacity": "",
    }


def told(venue: pb.Venue) -> dict[str, Any]:
    return {name: getattr(venue, name) for name in VENUE}


async def test_a_time_zone_is_one_of_ianas(catalogue: Catalogue) -> None:
    venue = await catalogue.venue()
    for request in (
        catalogue.rpc.CreateVenue(pb.CreateVenueRequest(name="Regal", city="Pune", time_zone="Asia/Puna")),
        catalogue.rpc.UpdateVenue(pb.UpdateVenueRequest(venue_id=venue.id, time_zone="Mars/Base")),
    ):
        assert set(await invalid_fields(request)) == {"timeZone"}


async def test_amenities_are_not_given_and_taken_away_at_once(catalogue: Catalogue) -> None:
    request = pb.UpdateVenueRequest(venue_id=str(uuid4()), amenities=["bar"], no_amenities=True)
    assert set(await invalid_fields(catalogue.rpc.UpdateVenue(request))) == {"noAmenities"}


# --- Shows


async def update(catalogue: Catalogue, show: Any, **fields: Any) -> pb.Show:
    edited: pb.Show = await catalogue.rpc.UpdateShow(pb.UpdateShowRequest(show_id=show.id, **fields))
    return edited


async def test_an_edit_of_a_shows_sales_is_one_revision_that_everybody_reads(catalogue: Catalogue) -> None:
    show = await catalogue.show()
    begin, end = stamp(NOON - 2 * DAY), stamp(NOON - DAY)
    first = await update(catalogue, show, sales_start_at=begin)
    assert (first.revision, first.status, first.sales_start_at) == (2, pb.Show.ANNOUNCED, begin)
    second = await update(catalogue, show, sales_end_at=end)
    assert (second.revision, second.sales_start_at, second.sales_end_at) == (3, begin, end)
    assert await update(catalogue, show, sales_end_at=end) == second, "nothing changed"
    opened = await update(catalogue, show, sales_start_at=at(1_000_000_000))
    assert (opened.status, opened.sales_end_at) == (pb.Show.ON_SALE, end)
    assert await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id)) == opened
    [row] = await catalogue.db.fetch(
        "SELECT (c.sales_start_at, c.sales_end_at, c.revision) = (s.sales_start_at, s.sales_end_at, s.revision)"
        " AS agree FROM shows s JOIN show_counters c ON c.show_id = s.id"
    )
    assert row.agree
    rows = await catalogue.db.fetch("SELECT kind, version, payload FROM topic_events ORDER BY id")
    assert [(row.kind, row.version) for row in rows] == [("CREATED", 1), ("UPDATED", 2), ("UPDATED", 3), ("UPDATED", 4)]
    assert events_pb2.ShowEvent.FromString(rows[2].payload).sales_end_at == end


async def test_nobody_is_told_of_edits_of_a_draft(catalogue: Catalogue) -> None:
    request = pb.CreateMovieRequest(title="Low Tide", duration_minutes=90, status=pb.Event.DRAFT)
    show = await catalogue.show(movie_id=(await catalogue.rpc.CreateMovie(request)).id)
    assert (await update(catalogue, show, sales_end_at=stamp(NOON - DAY))).status == pb.Show.DRAFT
    assert await catalogue.count("topic_events") == 0
    await catalogue.rpc.PublishEvent(pb.PublishEventRequest(event_id=show.event_id))
    [row] = await catalogue.db.fetch("SELECT kind, version FROM topic_events")
    assert (row.kind, row.version) == ("PUBLISHED", 2)


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"sales_end_at": stamp(NOON, 1_000)}, "salesEndAt"),
        ({"sales_end_at": at(1_000_000_000)}, "salesEndAt"),
        ({"sales_start_at": stamp(NOON)}, "salesStartAt"),
        ({"sales_start_at": stamp(NOON - DAY), "sales_end_at": stamp(NOON - DAY)}, "salesStartAt"),
    ],
)
async def test_sales_begin_before_they_end_and_end_in_the_future_at_the_start_at_the_latest(
    catalogue: Catalogue, fields: dict[str, Any], at_fault: str
) -> None:
    show = await catalogue.show()
    assert set(await invalid_fields(update(catalogue, show, **fields))) == {at_fault}
    assert await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id)) == show


async def test_sales_do_not_end_before_the_last_claim_on_a_seat_does(catalogue: Catalogue) -> None:
    show, desk = await catalogue.show(), make_desk(catalogue.db)
    [seat] = await catalogue.db.fetch("SELECT id, show_id, boxoffice_clock() AS now FROM show_seats LIMIT 1")
    held = await desk.submit(Hold(show_id=UUID(show.id), user_id=uuid4(), seat_ids=[seat.id]))
    await desk.close()
    until = held.seats[0].expires_at
    early = stamp(until - timedelta(microseconds=1))
    assert set(await invalid_fields(update(catalogue, show, sales_end_at=early))) == {"salesEndAt"}
    assert (await update(catalogue, show, sales_end_at=stamp(until))).sales_end_at == stamp(until)


async def test_a_show_that_has_begun_or_is_off_is_not_edited(catalogue: Catalogue) -> None:
    show = await catalogue.show()
    await catalogue.db.execute("UPDATE shows SET status = 'CANCELLED'")
    assert (await refusal(update(catalogue, show, sales_end_at=stamp(NOON - DAY)))).reason == "SHOW_CANCELLED"
    await catalogue.db.execute("UPDATE shows SET status = 'SCHEDULED'")
    await move_clock(catalogue.db, "60 days")
    assert (await refusal(update(catalogue, show, sales_end_at=stamp(NOON - DAY)))).reason == "SHOW_STARTED"


async def test_what_there_is_not_is_not_edited(catalogue: Catalogue) -> None:
    rpc, nobody = catalogue.rpc, str(uuid4())
    for call, reason in (
        (rpc.UpdateEvent(pb.UpdateEventRequest(event_id=nobody, title="x")), "EVENT_NOT_FOUND"),
        (rpc.UpdateVenue(pb.UpdateVenueRequest(venue_id=nobody, name="x")), "VENUE_NOT_FOUND"),
        (rpc.UpdateShow(pb.UpdateShowRequest(show_id=nobody)), "SHOW_NOT_FOUND"),
    ):
        assert (await refusal(call)).reason == reason


@pytest.mark.parametrize(
    ("days", "status"),
    [(0, pb.Show.ANNOUNCED), (26, pb.Show.ON_SALE), (28.5, pb.Show.SALES_ENDED), (31.5, pb.Show.OVER)],
)
async def test_a_shows_status_follows_from_the_clock(catalogue: Catalogue, days: float, status: int) -> None:
    show = await catalogue.show(sales_start_at=stamp(NOON - 5 * DAY), sales_end_at=stamp(NOON - 2 * DAY))
    await move_clock(catalogue.db, f"{days} days")
    assert (await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id))).status == status
