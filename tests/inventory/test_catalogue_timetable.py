"""The timetable: one show at a time on a screen, and lists of shows."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb

from services.chassis.store.database import READ_CLOCK
from services.chassis.writes.idempotency import Once
from services.inventory.catalogue.messages import parse_show, render_show
from services.inventory.catalogue.shows import CreateShow, CreateShows
from services.inventory.catalogue.statements import list_shows
from services.inventory.errors import ShowOverlaps
from tests.databases import move_clock
from tests.inventory.catalogue_client import (
    HOUR,
    MAX_SEATS,
    MICROSECOND,
    NOON,
    SOME_ID,
    Catalogue,
    at,
    invalid_fields,
    refusal,
    seats_of,
    stamp,
    walk,
)

DAY = timedelta(days=1)

# --- One show at a time


@pytest.mark.parametrize("shift", [timedelta(), MICROSECOND, -MICROSECOND, HOUR, -HOUR, 1.5 * HOUR - MICROSECOND])
async def test_shows_that_overlap_on_a_screen_are_refused(catalogue: Catalogue, shift: timedelta) -> None:
    screen = await catalogue.screen()
    show = await catalogue.show(screen_id=screen.id)
    request = await catalogue.show_request(screen_id=screen.id, start_time=stamp(NOON + shift))
    refused = await refusal(catalogue.rpc.CreateShow(request))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "SHOW_OVERLAPS")
    assert refused.metadata == {"show_id": show.id}
    assert await catalogue.count("shows") == 1


async def test_a_short_show_within_a_day_long_one_is_refused(catalogue: Catalogue) -> None:
    screen, marathon = await catalogue.screen(), await catalogue.movie(minutes=1_440)
    await catalogue.show(screen_id=screen.id, movie_id=marathon.id)
    almost_over = stamp(NOON + 24 * HOUR - MICROSECOND)
    request = await catalogue.show_request(screen_id=screen.id, start_time=almost_over)
    assert (await refusal(catalogue.rpc.CreateShow(request))).reason == "SHOW_OVERLAPS"


async def test_shows_may_follow_each_other_at_once_and_run_beside_each_other(catalogue: Catalogue) -> None:
    screen = await catalogue.screen()
    for start in (NOON, NOON + 1.5 * HOUR, NOON - 1.5 * HOUR):
        await catalogue.show(screen_id=screen.id, start_time=stamp(start))
    await catalogue.show(start_time=stamp(NOON))
    assert await catalogue.count("shows") == 4


async def test_of_many_overlapping_shows_created_at_once_one_is_created(catalogue: Catalogue) -> None:
    screen, movie = await catalogue.screen(), await catalogue.movie()
    requests = [
        await catalogue.show_request(
            screen_id=screen.id, movie_id=movie.id, start_time=stamp(NOON + timedelta(minutes=5 * number))
        )
        for number in range(16)
    ]
    answers = await catalogue.race(catalogue.rpc.CreateShow, requests)
    won = [answer for answer in answers if isinstance(answer, pb.Show)]
    lost = [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert (len(won), len(lost)) == (1, 15)
    assert {error.code() for error in lost} == {grpc.StatusCode.FAILED_PRECONDITION}
    assert (await catalogue.count("shows"), await catalogue.count("show_seats")) == (1, 10)


async def test_shows_that_are_created_in_one_transaction_are_held_against_each_other(catalogue: Catalogue) -> None:
    here, there = await catalogue.screen(), await catalogue.screen()
    create: CreateShows[pb.Show] = CreateShows(catalogue.db)
    batch = [
        CreateShow(
            parse_show(await catalogue.show_request(screen_id=screen.id, start_time=stamp(start)), MAX_SEATS),
            Once(None, pb.Show, render_show),
        )
        for screen, start in ((here, NOON), (here, NOON + HOUR), (there, NOON + HOUR), (here, NOON + 2 * HOUR))
    ]
    first, overlapping, *others = await create.together(batch)
    assert isinstance(first, pb.Show)
    assert isinstance(overlapping, ShowOverlaps)
    assert overlapping.metadata == {"show_id": first.id}
    for show in (first, *others):
        assert isinstance(show, pb.Show)
        assert await catalogue.rpc.GetShow(pb.GetShowRequest(show_id=show.id)) == show
        assert len(await seats_of(catalogue, show)) == 10
    assert await catalogue.count("shows") == 3


async def test_twenty_equal_shows_at_once_with_one_key_are_one_show(catalogue: Catalogue) -> None:
    request = await catalogue.show_request(idempotency_key="once")
    answers = await catalogue.race(catalogue.rpc.CreateShow, [request] * 20)
    assert all(answer == answers[0] for answer in answers)
    assert (await catalogue.count("shows"), await catalogue.count("show_seats")) == (1, 10)
    request.currency = "EUR"
    assert (await refusal(catalogue.rpc.CreateShow(request))).reason == "IDEMPOTENCY_KEY_REUSED"


# --- Lists


async def listed(catalogue: Catalogue, **filters: Any) -> list[str]:
    pages = await walk(catalogue.rpc.ListShows, pb.ListShowsRequest(**filters), "shows")
    return [show.id for page in pages for show in page]


async def test_shows_are_listed_by_start_and_id_page_by_page_without_loss_or_repetition(catalogue: Catalogue) -> None:
    screens, movie = [await catalogue.screen() for _ in range(3)], await catalogue.movie()
    shows = [
        await catalogue.show(screen_id=screen.id, movie_id=movie.id, start_time=stamp(NOON + 2 * number * HOUR))
        for number in (2, 0, 1)
        for screen in screens
    ]
    expected = [show.id for show in sorted(shows, key=lambda show: (show.start_time.seconds, show.id))]
    for size in (1, 2, 4, 9):
        pages = await walk(catalogue.rpc.ListShows, pb.ListShowsRequest(page_size=size), "shows")
        assert [show.id for page in pages for show in page] == expected
        assert {len(page) for page in pages[:-1]} <= {size}
        assert pages[-1]


async def test_shows_are_listed_by_event_movie_screen_and_time_and_all_filters_together(catalogue: Catalogue) -> None:
    movie, concert = await catalogue.movie(), await catalogue.event(pb.Event.CONCERT)
    one, two = await catalogue.screen(), await catalogue.screen()
    a = (await catalogue.show(movie_id=movie.id, screen_id=one.id, start_time=stamp(NOON))).id
    b = (await catalogue.show(event_id=concert.id, screen_id=one.id, start_time=stamp(NOON + 2 * HOUR))).id
    c = (await catalogue.show(movie_id=movie.id, screen_id=two.id, start_time=stamp(NOON + 4 * HOUR))).id
    assert await listed(catalogue) == [a, b, c]
    assert await listed(catalogue, movie_id=movie.id) == [a, c]
    assert await listed(catalogue, event_id=movie.id.upper()) == [a, c]
    assert await listed(catalogue, event_id=concert.id) == [b]
    assert await listed(catalogue, movie_id=concert.id) == []
    assert await listed(catalogue, screen_id=one.id) == [a, b]
    assert await listed(catalogue, event_id=str(uuid4())) == []
    assert await listed(catalogue, **{"from": stamp(NOON + HOUR)}) == [b, c]
    assert await listed(catalogue, to=stamp(NOON + 3 * HOUR)) == [a, b]
    everything = {"movie_id": movie.id, "screen_id": two.id, "from": stamp(NOON), "to": stamp(NOON + 5 * HOUR)}
    assert await listed(catalogue, **everything, page_size=1) == [c]


async def test_shows_that_have_begun_are_listed_only_where_a_beginning_is_given(catalogue: Catalogue) -> None:
    movie, screen = await catalogue.movie(), await catalogue.screen()
    past, present, future = [
        (await catalogue.show(movie_id=movie.id, screen_id=screen.id, start_time=stamp(NOON + number * 2 * HOUR))).id
        for number in range(3)
    ]
    now = (await catalogue.db.fetch(READ_CLOCK))[0].now
    await move_clock(catalogue.db, f"{(NOON + 2 * HOUR - now).total_seconds()} seconds")  # the second has just begun
    for filters in ({}, {"movie_id": movie.id}, {"screen_id": screen.id}, {"to": stamp(NOON + 9 * HOUR)}):
        assert await listed(catalogue, **filters, page_size=1) == [future]
    assert await listed(catalogue, to=stamp(NOON + HOUR)) == []
    assert await listed(catalogue, **{"from": stamp(NOON)}) == [past, present, future]
    assert await listed(catalogue, **{"from": at(0), "to": stamp(NOON + HOUR)}) == [past]


async def test_a_period_has_its_beginning_and_not_its_end_to_the_nanosecond(catalogue: Catalogue) -> None:
    start = NOON + MICROSECOND
    show = (await catalogue.show(start_time=stamp(start))).id
    assert await listed(catalogue, **{"from": stamp(start)}) == [show]
    assert await listed(catalogue, **{"from": stamp(start, nanos=1)}) == []
    assert await listed(catalogue, **{"from": stamp(NOON, nanos=1)}) == [show]
    assert await listed(catalogue, to=stamp(start)) == []
    assert await listed(catalogue, to=stamp(start, nanos=1)) == [show]
    assert await listed(catalogue, to=stamp(NOON, nanos=999)) == []
    assert await listed(catalogue, **{"from": stamp(NOON, nanos=1), "to": stamp(NOON, nanos=2)}) == []


async def test_a_period_may_reach_as_far_as_a_calendar_does(catalogue: Catalogue) -> None:
    show = (await catalogue.show()).id
    year_1, year_9999 = at(-62_135_596_800), at(253_402_300_799, 999_999_999)
    assert await listed(catalogue, **{"from": year_1, "to": year_9999}) == [show]
    assert await listed(catalogue, **{"from": year_9999}) == []
    assert await listed(catalogue, to=year_1) == []
    assert await listed(catalogue, **{"from": at(0)}) == [show]


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"event_id": SOME_ID, "movie_id": SOME_ID}, "movieId"),
        ({"event_id": "x"}, "eventId"),
        ({"movie_id": "\0"}, "movieId"),
        ({"screen_id": SOME_ID + "\n"}, "screenId"),
        ({"from": at(2), "to": at(2)}, "to"),
        ({"from": at(2), "to": at(1, 999_999_999)}, "to"),
        ({"from": at(-62_135_596_801)}, "from"),
        ({"from": at(2**63 - 1)}, "from"),
        ({"from": at(0, -1)}, "from"),
        ({"to": at(253_402_300_800)}, "to"),
        ({"to": at(-(2**63))}, "to"),
        ({"to": at(0, 2**31 - 1)}, "to"),
        ({"page_size": 101}, "pageSize"),
    ],
)
async def test_filters_that_break_a_rule_are_refused(catalogue: Catalogue, filters: dict[str, Any], field: str) -> None:
    assert list(await invalid_fields(catalogue.rpc.ListShows(pb.ListShowsRequest(**filters)))) == [field]


async def test_a_token_is_good_for_the_filters_it_was_given_with(catalogue: Catalogue) -> None:
    movie = await catalogue.movie()
    for _ in range(2):
        await catalogue.show(movie_id=movie.id)
    asked: dict[str, Any] = {"movie_id": movie.id, "from": stamp(NOON)}
    token = (await catalogue.rpc.ListShows(pb.ListShowsRequest(**asked, page_size=1))).next_page_token
    assert len((await catalogue.rpc.ListShows(pb.ListShowsRequest(**asked, page_token=token))).shows) == 1
    for other in ({}, {"movie_id": movie.id}, {"event_id": movie.id, "from": stamp(NOON)}):
        request = pb.ListShowsRequest(**other, page_token=token)
        assert list(await invalid_fields(catalogue.rpc.ListShows(request))) == ["pageToken"]


@pytest.mark.parametrize(
    "filters", [{}, {"screen_id"}, {"event_id"}, {"begin", "end"}, {"movie_id", "begin", "after_id"}]
)
async def test_a_page_of_many_shows_is_read_in_order_by_an_index(catalogue: Catalogue, filters: set[str]) -> None:
    show = await catalogue.show()
    await catalogue.db.execute(
        "INSERT INTO shows (id, event_id, screen_id, starts_at, ends_at, currency)"
        " SELECT gen_random_uuid(), %s, %s, t, t + interval '1 minute', 'INR'"
        " FROM generate_series(timestamptz '2001-01-01', '2001-12-31', '20 minutes') AS t",
        (show.event_id, show.screen_id),
    )
    await catalogue.db.execute("ANALYZE")
    given: dict[str, Any] = {
        "event_id": show.event_id,
        "movie_id": show.event_id,
        "screen_id": show.screen_id,
        "begin": datetime(2001, 6, 1, tzinfo=UTC),
        "end": datetime(2001, 9, 1, tzinfo=UTC),
        "after_id": uuid4(),
        "day": None,
        "is_cancelled": None,
        "organization_id": None,
    }
    given = {name: value if name in filters else None for name, value in given.items()}
    given |= {
        "after_starts_at": datetime(2001, 7, 1, tzinfo=UTC),
        "drafts_of": [],
        "drafts_of_boxoffice": True,
        "limit": 21,
    }
    plan = "\n".join(line[0] for line in await catalogue.db.fetch(f"EXPLAIN {list_shows(given)}", given))
    assert "on shows" in plan
    assert "Seq Scan on shows" not in plan, plan
    assert "Sort Key" not in plan.split("Aggregate")[0], plan


async def test_a_list_of_events_has_the_next_show_of_each_for_who_asks(catalogue: Catalogue) -> None:
    busy, quiet, movie = await catalogue.event(), await catalogue.event(title="Low Tide"), await catalogue.movie()
    screen = await catalogue.screen()
    of_busy: dict[str, Any] = {"event_id": busy.id, "movie_id": "", "screen_id": screen.id}
    first, later, _ = [await catalogue.show(**of_busy, start_time=stamp(NOON + days * DAY)) for days in (0, 2, 4)]
    film = await catalogue.show(movie_id=movie.id, start_time=stamp(NOON + 9 * DAY))

    async def listed(**asked: Any) -> dict[str, list[pb.Show]]:
        ways: list[dict[str, Any]] = [{}, {"page": 1, "sort": "TITLE"}]
        pages = [(await catalogue.rpc.ListEvents(pb.ListEventsRequest(**asked, **way))).events for way in ways]
        by_token, counted = [{event.id: list(event.shows) for event in page} for page in pages]
        assert by_token == counted
        return by_token

    assert await listed() == {busy.id: [], quiet.id: [], movie.id: []}
    assert await listed(with_next_show=True) == {busy.id: [first], quiet.id: [], movie.id: [film]}
    await catalogue.rpc.CancelShows(pb.CancelShowsRequest(show_id=first.id, by_admin=True))
    await catalogue.db.execute("UPDATE show_seats SET blocked_for = '' WHERE show_id = %s", (UUID(film.id),))
    film.sold_out = True
    assert await listed(with_next_show=True) == {busy.id: [later], quiet.id: [], movie.id: [film]}
    await catalogue.db.execute("UPDATE shows SET status = 'DRAFT' WHERE id = %s", (UUID(film.id),))
    await move_clock(catalogue.db, "33 days")
    following = await listed(with_next_show=True)
    assert following[movie.id] == [], "nobody sees drafts who does not organize them"
    [third] = following[busy.id]
    assert third.start_time.ToDatetime(UTC) == NOON + 4 * DAY, "the second has begun"
