"""Rescheduling a show: when, where, and what stays."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.events.v1 import events_pb2
from boxoffice.inventory.v1 import catalog_pb2 as pb

from services.inventory.seats.commands import Confirm, Extend, Hold, Reserve
from services.inventory.viewing.availability import Availability
from services.inventory.viewing.watching import Watching
from tests.databases import move_clock
from tests.inventory.catalogue_client import (
    HALL,
    HOUR,
    NOON,
    PREMIUM,
    REGULAR,
    SOME_ID,
    VIP,
    Catalogue,
    at,
    invalid_fields,
    refusal,
    section,
    stamp,
)
from tests.inventory.sale import make_desk

DAY = timedelta(days=1)


def reschedule(catalogue: Catalogue, show: pb.Show, **fields: Any) -> Any:
    return catalogue.rpc.RescheduleShow(pb.RescheduleShowRequest(show_id=show.id, **fields))


async def venue_of(catalogue: Catalogue, show: pb.Show) -> pb.Venue:
    venue: pb.Venue = await catalogue.rpc.GetVenue(pb.GetVenueRequest(venue_id=show.venue_id))
    return venue


async def test_a_show_at_another_time_is_one_revision_one_number_and_one_event(catalogue: Catalogue) -> None:
    show = await catalogue.show(sales_end_at=stamp(NOON - 2 * HOUR), sales_start_at=stamp(NOON - 10 * DAY))
    moved = await reschedule(catalogue, show, start_time=stamp(NOON + DAY))
    expected = pb.Show()
    expected.CopyFrom(show)
    expected.start_time.CopyFrom(stamp(NOON + DAY))
    expected.end_time.CopyFrom(stamp(NOON + DAY + timedelta(minutes=90)))
    expected.sales_end_at.CopyFrom(stamp(NOON + DAY - 2 * HOUR))
    expected.revision = 2
    assert moved == expected
    assert await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id)) == moved
    earlier = await reschedule(catalogue, show, start_time=stamp(NOON - DAY), sales_end_at=stamp(NOON - DAY))
    assert (earlier.revision, earlier.sales_end_at, earlier.end_time) == (
        3,
        stamp(NOON - DAY),
        stamp(NOON - DAY + timedelta(minutes=90)),
    )
    assert await reschedule(catalogue, show, start_time=stamp(NOON - DAY)) == earlier, "nothing changed"
    [row] = await catalogue.db.fetch(
        "SELECT c.sequence, (c.starts_at, c.sales_end_at, c.revision) = (s.starts_at, s.sales_end_at, s.revision)"
        " AS agree FROM shows s JOIN show_counters c ON c.show_id = s.id"
    )
    assert (row.sequence, row.agree) == (2, True)
    changes = await catalogue.db.fetch("SELECT * FROM show_changes ORDER BY sequence")
    assert [(row.sequence, row.kind, row.revision, row.starts_at) for row in changes] == [
        (1, "RESCHEDULED", 2, NOON + DAY),
        (2, "RESCHEDULED", 3, NOON - DAY),
    ]
    rows = await catalogue.db.fetch("SELECT kind, version, payload FROM topic_events ORDER BY id")
    assert [(row.kind, row.version) for row in rows] == [("CREATED", 1), ("RESCHEDULED", 2), ("RESCHEDULED", 3)]
    told = events_pb2.ShowEvent.FromString(rows[1].payload)
    assert (told.start_time, told.end_time, told.sales_end_at) == (moved.start_time, moved.end_time, moved.sales_end_at)


async def test_another_hall_has_the_same_seats_and_those_that_are_claimed_stay_so(catalogue: Catalogue) -> None:
    show = await catalogue.show()
    venue = await venue_of(catalogue, show)
    backwards = [section("Circle", ("B", 1, VIP), ("A", 2, VIP)), HALL[0]]
    screen = await catalogue.screen(venue, backwards, name="The other one")
    seats = await catalogue.db.fetch("SELECT * FROM show_seats ORDER BY position")
    moved = await reschedule(catalogue, show, screen_id=screen.id)
    assert (moved.screen_id, moved.screen_name, moved.start_time, moved.revision) == (
        screen.id,
        "The other one",
        show.start_time,
        2,
    )
    assert await catalogue.db.fetch("SELECT * FROM show_seats ORDER BY position") == seats
    # The hall that it has left is free then, and the other one is not.
    await catalogue.show(screen_id=show.screen_id)
    taken = await refusal(catalogue.show(screen_id=screen.id))
    assert (taken.reason, taken.metadata) == ("SHOW_OVERLAPS", {"show_id": show.id})


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        (
            [section("Stalls", ("A", 4, REGULAR), ("B", 3, REGULAR)), section("Circle", ("A", 2, PREMIUM))],
            "lacks Circle B1",
        ),
        ([*HALL, section("Box", ("Z", 1, VIP))], "has Box Z1 besides"),
        (
            [section("Stalls", ("A", 5, REGULAR), ("B", 2, REGULAR)), HALL[1]],
            "lacks Stalls B3 and has Stalls A5 besides",
        ),
    ],
)
async def test_a_hall_with_other_seats_is_refused_and_told_which_differ(
    catalogue: Catalogue, sections: list[Any], told: str
) -> None:
    show = await catalogue.show()
    screen = await catalogue.screen(await venue_of(catalogue, show), sections)
    fields = await invalid_fields(reschedule(catalogue, show, screen_id=screen.id))
    assert fields == {"screenId": f"must have the same seats as the show: it {told}"}
    assert await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id)) == show


async def test_what_cannot_be_is_refused_and_names_its_field(catalogue: Catalogue) -> None:
    show = await catalogue.show(sales_start_at=stamp(NOON - 10 * DAY), sales_end_at=stamp(NOON - DAY))
    elsewhere = await catalogue.screen()
    other = await catalogue.show(screen_id=show.screen_id, start_time=stamp(NOON + 5 * HOUR))
    [clock] = await catalogue.db.fetch("SELECT boxoffice_clock() AS now")
    for fields, at_fault in (
        ({}, "startTime"),
        ({"sales_end_at": stamp(NOON - 2 * DAY)}, "startTime"),
        ({"start_time": at(1_000_000_000)}, "startTime"),
        ({"start_time": stamp(clock.now + timedelta(minutes=59))}, "startTime"),
        ({"start_time": stamp(NOON - 9 * DAY)}, "startTime"),
        ({"start_time": stamp(NOON + DAY), "sales_end_at": stamp(NOON + DAY, 1_000)}, "salesEndAt"),
        ({"start_time": stamp(NOON + DAY), "sales_end_at": at(1_000_000_000)}, "salesEndAt"),
        ({"start_time": stamp(NOON + DAY), "sales_end_at": stamp(NOON - 10 * DAY)}, "salesEndAt"),
        ({"screen_id": elsewhere.id}, "screenId"),
    ):
        assert set(await invalid_fields(reschedule(catalogue, show, **fields))) == {at_fault}, fields
    overlap = await refusal(reschedule(catalogue, show, start_time=stamp(NOON + 4 * HOUR)))
    assert (overlap.reason, overlap.metadata) == ("SHOW_OVERLAPS", {"show_id": other.id})
    assert (await refusal(reschedule(catalogue, show, screen_id=SOME_ID))).reason == "SCREEN_NOT_FOUND"
    for screen_id in ("", show.screen_id, SOME_ID):
        nothing = pb.RescheduleShowRequest(show_id=SOME_ID, start_time=stamp(NOON), screen_id=screen_id)
        assert (await refusal(catalogue.rpc.RescheduleShow(nothing))).reason == "SHOW_NOT_FOUND", screen_id
    assert await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id)) == show
    # Where it stands, it may stay in part.
    await reschedule(catalogue, show, start_time=stamp(NOON + HOUR))


async def test_a_show_that_begins_soon_has_begun_or_is_off_is_not_rescheduled(catalogue: Catalogue) -> None:
    show = await catalogue.show()
    late = stamp(NOON + 40 * DAY)
    await catalogue.db.execute("UPDATE shows SET status = 'CANCELLED'")
    assert (await refusal(reschedule(catalogue, show, start_time=late))).reason == "SHOW_CANCELLED"
    await catalogue.db.execute("UPDATE shows SET status = 'SCHEDULED'")
    [clock] = await catalogue.db.fetch("SELECT boxoffice_clock() AS now")
    await move_clock(catalogue.db, NOON - clock.now - timedelta(minutes=59))
    soon = await refusal(reschedule(catalogue, show, start_time=late))
    assert (soon.code, soon.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "RESCHEDULE_TOO_LATE")
    assert soon.metadata == {"minutes": "60"}
    await move_clock(catalogue.db, "31 days")
    assert (await refusal(reschedule(catalogue, show, start_time=late))).reason == "SHOW_STARTED"


async def test_sales_do_not_end_before_the_last_claim_does_and_claims_are_told_of_the_new_times(
    catalogue: Catalogue,
) -> None:
    show, desk = await catalogue.show(), make_desk(catalogue.db)
    name, ann, booking = UUID(show.id), uuid4(), uuid4()
    one, two = (row.id for row in await catalogue.db.fetch("SELECT id FROM show_seats ORDER BY position LIMIT 2"))
    await desk.submit(Hold(show_id=name, user_id=ann, seat_ids=[one, two]))
    claim = Reserve(show_id=name, user_id=ann, booking_id=booking, seat_ids=[one], ttl=timedelta(minutes=15))
    reserved = await desk.submit(claim)
    assert (reserved.times.revision, reserved.times.starts_at) == (1, NOON)
    until = reserved.reservation.expires_at
    early = {"start_time": stamp(until + DAY), "sales_end_at": stamp(until - timedelta(microseconds=1))}
    assert set(await invalid_fields(reschedule(catalogue, show, **early))) == {"salesEndAt"}
    moved = await reschedule(catalogue, show, start_time=stamp(until + DAY), sales_end_at=stamp(until))
    again = await desk.submit(claim)
    assert (again.reservation, again.times.revision, again.times.sales_end_at) == (reserved.reservation, 2, until)
    extend = Extend(show_id=name, booking_id=booking, ttl=timedelta(minutes=30))
    extended = await desk.submit(extend)
    assert (extended.expires_at, extended.times.starts_at) == (until, until + DAY), "sales end"
    later = await reschedule(catalogue, show, start_time=stamp(NOON))
    assert later.sales_end_at == stamp(until + (NOON - until - DAY))
    assert (await desk.submit(extend)).expires_at > until
    assert (
        (await desk.submit(Confirm(show_id=name, booking_id=booking))).times.revision
        == later.revision
        == moved.revision + 1
    )
    await desk.close()


async def test_a_late_payment_finds_sales_over_at_the_new_time(catalogue: Catalogue) -> None:
    show, desk = await catalogue.show(), make_desk(catalogue.db)
    name, booking = UUID(show.id), uuid4()
    [seat] = await catalogue.db.fetch("SELECT id, boxoffice_clock() AS now FROM show_seats LIMIT 1")
    ttl = timedelta(minutes=15)
    claim = Reserve(show_id=name, user_id=uuid4(), booking_id=booking, seat_ids=[seat.id], ttl=ttl)
    await desk.submit(claim)
    await reschedule(catalogue, show, start_time=stamp(seat.now + 2 * HOUR))
    await move_clock(catalogue.db, "2 hours")
    with pytest.raises(Exception, match="could not be kept"):
        await desk.submit(Confirm(show_id=name, booking_id=booking))
    await desk.close()


async def test_who_watches_is_told_when_the_show_is_then(catalogue: Catalogue) -> None:
    from boxoffice.inventory.v1 import inventory_pb2

    from services.inventory.viewing.streams import MESSAGES

    show = await catalogue.show()
    await reschedule(catalogue, show, start_time=stamp(NOON + DAY))
    watching = Watching(catalogue.db, Availability(catalogue.db), heartbeat_seconds=15)
    stream = watching.watch(UUID(show.id), 0, MESSAGES)
    [change] = inventory_pb2.WatchSeatsResponse.FromString(await anext(stream)).changes
    await stream.aclose()
    assert (change.sequence, list(change.seats), change.show_cancelled) == (1, [], False)
    assert (change.rescheduled.revision, change.rescheduled.start_time) == (2, stamp(NOON + DAY))
    assert change.rescheduled.sales_end_at == stamp(NOON + DAY)


async def test_drafts_are_rescheduled_and_nobody_is_told(catalogue: Catalogue) -> None:
    request = pb.CreateMovieRequest(title="Low Tide", duration_minutes=90, status=pb.Event.DRAFT)
    show = await catalogue.show(movie_id=(await catalogue.rpc.CreateMovie(request)).id)
    assert (await reschedule(catalogue, show, start_time=stamp(NOON + DAY))).status == pb.Show.DRAFT
    assert await catalogue.count("topic_events") == 0


async def test_the_same_key_reschedules_once(catalogue: Catalogue) -> None:
    show = await catalogue.show()
    first = await reschedule(catalogue, show, start_time=stamp(NOON + DAY), idempotency_key="move-it")
    back = await reschedule(catalogue, show, start_time=stamp(NOON))
    assert await reschedule(catalogue, show, start_time=stamp(NOON + DAY), idempotency_key="move-it") == first
    assert await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id)) == back
    other = await refusal(reschedule(catalogue, show, start_time=stamp(NOON + 2 * DAY), idempotency_key="move-it"))
    assert other.reason == "IDEMPOTENCY_KEY_REUSED"


async def test_of_two_shows_that_race_for_a_time_one_gets_it(catalogue: Catalogue) -> None:
    """Shows that are made, and those that are rescheduled, from another hall or within this one."""
    venue = await catalogue.venue()
    here, there = await catalogue.screen(venue), await catalogue.screen(venue)
    for day in range(3, 8):
        wanted: datetime = NOON + day * DAY
        mine = await catalogue.show(screen_id=here.id, start_time=stamp(wanted + timedelta(hours=6)))
        yours = await catalogue.show(screen_id=there.id, start_time=stamp(wanted))
        make = await catalogue.show_request(screen_id=here.id, start_time=stamp(wanted + HOUR))
        outcomes = await asyncio.gather(
            reschedule(catalogue, mine, start_time=stamp(wanted)),
            reschedule(catalogue, yours, screen_id=here.id),
            catalogue.rpc.CreateShow(make),
            return_exceptions=True,
        )
        assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1, outcomes


async def test_a_show_that_changes_halls_and_times_at_once_ends_with_both_and_overlaps_nobody(
    catalogue: Catalogue,
) -> None:
    venue = await catalogue.venue()
    here, there = await catalogue.screen(venue), await catalogue.screen(venue)
    for day in range(3, 8):
        show = await catalogue.show(screen_id=here.id, start_time=stamp(NOON + day * DAY))
        moves = [{"screen_id": there.id}, {"start_time": stamp(NOON + day * DAY + HOUR)}]
        outcomes = await asyncio.gather(
            *(reschedule(catalogue, show, **move) for move in moves), return_exceptions=True
        )
        for outcome, move in zip(outcomes, moves, strict=True):
            if isinstance(outcome, grpc.aio.AioRpcError):  # its hall has changed meanwhile: it may be asked for again
                assert outcome.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED)
                await reschedule(catalogue, show, **move)
        moved = await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id))
        assert (moved.screen_id, moved.start_time, moved.revision) == (there.id, moves[1]["start_time"], 3)
