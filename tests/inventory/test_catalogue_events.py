"""Events and movies, through the whole service."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb

from services.chassis.ids import new_id
from services.inventory.catalogue import listing
from tests.inventory.catalogue_client import NOON, Catalogue, invalid_fields, refusal, stamp, walk

NOBODYS_ID = "0189abcd-0000-7000-8000-000000000000"
EVENT: dict[str, Any] = {
    "status": "PUBLISHED",
    "title": "Monsoon Letters",
    "description": "A postman delivers\n\tthirty years of lost mail.",
    "category": "MOVIE",
    "duration_minutes": 128,
    "language": "en-IN",
}


@pytest.mark.parametrize("category", ["MOVIE", "CONCERT", "THEATRE", "SPORT", "OTHER"])
async def test_an_event_is_read_as_it_was_created(catalogue: Catalogue, category: str) -> None:
    created = await catalogue.rpc.CreateEvent(pb.CreateEventRequest(**EVENT | {"category": category}))
    assert created.title == EVENT["title"]
    assert created.description == EVENT["description"]
    assert pb.Event.Category.Name(created.category) == category
    assert created.duration_minutes == 128
    assert created.language == "en-IN"
    assert created.HasField("created_at")
    assert await catalogue.rpc.GetEvent(pb.GetEventRequest(event_id=created.id)) == created


async def test_an_event_was_created_when_the_database_says(catalogue: Catalogue) -> None:
    [before] = await catalogue.db.fetch("SELECT clock_timestamp() AS now")
    created = (await catalogue.event()).created_at.ToDatetime(before.now.tzinfo)
    [after] = await catalogue.db.fetch("SELECT clock_timestamp() AS now")
    assert before.now < created < after.now


async def test_a_movie_is_an_event_of_category_movie_and_the_other_way_round(catalogue: Catalogue) -> None:
    movie = await catalogue.movie()
    as_event = await catalogue.rpc.GetEvent(pb.GetEventRequest(event_id=movie.id))
    assert as_event.category == pb.Event.MOVIE
    assert (as_event.title, as_event.created_at) == (movie.title, movie.created_at)
    event = await catalogue.event(pb.Event.MOVIE)
    assert (await catalogue.rpc.GetMovie(pb.GetMovieRequest(movie_id=event.id))).title == event.title


async def test_a_concert_is_no_movie(catalogue: Catalogue) -> None:
    concert = await catalogue.event(pb.Event.CONCERT)
    refused = await refusal(catalogue.rpc.GetMovie(pb.GetMovieRequest(movie_id=concert.id)))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, "MOVIE_NOT_FOUND")
    assert not (await catalogue.rpc.ListMovies(pb.ListMoviesRequest())).movies


async def test_ids_may_be_spelled_in_upper_case(catalogue: Catalogue) -> None:
    movie = await catalogue.movie()
    assert await catalogue.rpc.GetMovie(pb.GetMovieRequest(movie_id=movie.id.upper())) == movie


@pytest.mark.parametrize(
    ("method", "request_", "reason"),
    [
        ("GetEvent", pb.GetEventRequest(event_id=NOBODYS_ID), "EVENT_NOT_FOUND"),
        ("GetMovie", pb.GetMovieRequest(movie_id=NOBODYS_ID), "MOVIE_NOT_FOUND"),
        ("GetVenue", pb.GetVenueRequest(venue_id=NOBODYS_ID), "VENUE_NOT_FOUND"),
        ("GetSeatLayout", pb.GetSeatLayoutRequest(screen_id=NOBODYS_ID), "SCREEN_NOT_FOUND"),
        ("GetShow", pb.GetShowRequest(show_id=NOBODYS_ID), "SHOW_NOT_FOUND"),
    ],
)
async def test_what_does_not_exist_is_not_found_by_name(
    catalogue: Catalogue, method: str, request_: Any, reason: str
) -> None:
    refused = await refusal(getattr(catalogue.rpc, method)(request_))
    assert (refused.code, refused.reason) == (grpc.StatusCode.NOT_FOUND, reason)
    assert refused.message.startswith("There is no such")


@pytest.mark.parametrize(
    "bad", ["", "x", "123", NOBODYS_ID + "\n", "{" + NOBODYS_ID + "}", NOBODYS_ID.replace("-", ""), "\0" * 36]
)
@pytest.mark.parametrize(
    ("method", "kind", "field", "path"),
    [
        ("GetEvent", pb.GetEventRequest, "event_id", "eventId"),
        ("GetMovie", pb.GetMovieRequest, "movie_id", "movieId"),
        ("GetVenue", pb.GetVenueRequest, "venue_id", "venueId"),
        ("GetSeatLayout", pb.GetSeatLayoutRequest, "screen_id", "screenId"),
        ("GetShow", pb.GetShowRequest, "show_id", "showId"),
    ],
)
async def test_what_is_no_id_is_refused_by_its_field(
    catalogue: Catalogue, method: str, kind: Any, field: str, path: str, bad: str
) -> None:
    assert list(await invalid_fields(getattr(catalogue.rpc, method)(kind(**{field: bad})))) == [path]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "x" * 201),
        ("title", "nul\0"),
        ("title", "bell\a"),
        ("title", "two\nlines"),
        ("title", "delete\x7f"),
        ("title", "trailing\n"),
        ("description", "x" * 4_001),
        ("description", "nul\0"),
        ("description", "escape\x1b[0m"),
        ("description", "return\r\n"),
        ("category", 0),
        ("category", 99),
        ("duration_minutes", 0),
        ("duration_minutes", -1),
        ("duration_minutes", 1_441),
        ("language", "english please"),
        ("language", "en\0"),
        ("language", "xx-YY"),
        ("idempotency_key", "with space"),
        ("idempotency_key", "x" * 201),
        ("idempotency_key", "nul\0"),
    ],
)
async def test_an_event_that_breaks_a_rule_is_refused_by_its_field_and_not_created(
    catalogue: Catalogue, field: str, value: Any
) -> None:
    path = {"duration_minutes": "durationMinutes", "idempotency_key": "idempotencyKey"}.get(field, field)
    broken = EVENT | {field: value}
    assert list(await invalid_fields(catalogue.rpc.CreateEvent(pb.CreateEventRequest(**broken)))) == [path]
    if field != "category":
        del broken["category"]
        assert list(await invalid_fields(catalogue.rpc.CreateMovie(pb.CreateMovieRequest(**broken)))) == [path]
    assert await catalogue.count("events") == 0


async def test_texts_of_every_script_and_full_length_come_back_unharmed(catalogue: Catalogue) -> None:
    title = ("मानसून 🎬 ' \" \\ %s {} $1 " * 10)[:200]
    request = pb.CreateEventRequest(**EVENT | {"title": title, "description": "ß" * 4_000})
    created = await catalogue.rpc.CreateEvent(request)
    read = await catalogue.rpc.GetEvent(pb.GetEventRequest(event_id=created.id))
    assert (read.title, read.description) == (title, "ß" * 4_000)


async def test_a_list_is_read_page_by_page_without_loss_or_repetition_while_it_grows(catalogue: Catalogue) -> None:
    created = [(await catalogue.event(title=f"Event {number}")).id for number in range(11)]
    first = await catalogue.rpc.ListEvents(pb.ListEventsRequest(page_size=3))
    await catalogue.event(title="Newer")
    rest = await walk(
        catalogue.rpc.ListEvents, pb.ListEventsRequest(page_size=3, page_token=first.next_page_token), "events"
    )
    assert [len(page) for page in rest] == [3, 3, 2]
    listed = [event.id for page in [first.events, *rest] for event in page]
    assert listed == created[::-1]


async def test_a_list_whose_length_is_a_whole_number_of_pages_ends_without_an_empty_one(catalogue: Catalogue) -> None:
    for _ in range(6):
        await catalogue.movie()
    pages = await walk(catalogue.rpc.ListMovies, pb.ListMoviesRequest(page_size=2), "movies")
    assert [len(page) for page in pages] == [2, 2, 2]


async def test_a_page_has_20_events_where_nothing_is_said_and_100_at_most(catalogue: Catalogue) -> None:
    await catalogue.db.execute(
        "INSERT INTO events (id, title, description, category, duration_minutes, language)"
        " SELECT id, 'Old', '', 'MOVIE', 60, '' FROM unnest(%s::uuid[]) AS id",
        ([new_id() for _ in range(101)],),
    )
    assert len((await catalogue.rpc.ListEvents(pb.ListEventsRequest())).events) == 20
    assert len((await catalogue.rpc.ListMovies(pb.ListMoviesRequest())).movies) == 20
    pages = await walk(catalogue.rpc.ListEvents, pb.ListEventsRequest(page_size=100), "events")
    assert [len(page) for page in pages] == [100, 1]


async def test_events_are_listed_by_category(catalogue: Catalogue) -> None:
    for category in (pb.Event.MOVIE, pb.Event.CONCERT, pb.Event.SPORT, pb.Event.CONCERT):
        await catalogue.event(category)
    pages = await walk(catalogue.rpc.ListEvents, pb.ListEventsRequest(category=pb.Event.CONCERT, page_size=1), "events")
    assert [[event.category for event in page] for page in pages] == [[pb.Event.CONCERT]] * 2
    pages = await walk(catalogue.rpc.ListEvents, pb.ListEventsRequest(category=pb.Event.OTHER), "events")
    assert pages == [[]]


async def test_events_and_shows_are_listed_by_organization(catalogue: Catalogue) -> None:
    mine, others = str(uuid4()), str(uuid4())
    ids: dict[str, tuple[list[str], list[str]]] = {}
    for hours, organization_id in enumerate((mine, "", others, mine)):
        whose = {"organization_id": organization_id}
        event = await catalogue.rpc.CreateEvent(
            pb.CreateEventRequest(title="x", category="OTHER", duration_minutes=30, status="PUBLISHED", **whose)
        )
        start = stamp(NOON + timedelta(hours=hours))
        show = await catalogue.show(event_id=event.id, movie_id="", start_time=start, **whose)
        events, shows = ids.setdefault(organization_id, ([], []))
        events.insert(0, event.id)
        shows.append(show.id)
    for organization_id in (mine, others):
        asked = {"organization_id": organization_id, "page_size": 1}
        for order in ("NEWEST", "TITLE"):
            pages = await walk(catalogue.rpc.ListEvents, pb.ListEventsRequest(**asked, sort=order), "events")
            assert sorted(event.id for page in pages for event in page) == sorted(ids[organization_id][0])
        pages = await walk(catalogue.rpc.ListShows, pb.ListShowsRequest(**asked), "shows")
        assert [show.id for page in pages for show in page] == ids[organization_id][1]
    found = await catalogue.rpc.ListEvents(pb.ListEventsRequest(organization_id=mine, page=1, limit=1))
    assert (found.total, [event.id for event in found.events]) == (2, ids[mine][0][:1])


@pytest.mark.parametrize("token", ["x", "=", "_" * 200, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "bm90IGEgdG9rZW4="])
@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("ListEvents", pb.ListEventsRequest),
        ("ListMovies", pb.ListMoviesRequest),
        ("ListVenues", pb.ListVenuesRequest),
        ("ListShows", pb.ListShowsRequest),
    ],
)
async def test_a_token_that_no_list_gave_is_refused(catalogue: Catalogue, method: str, kind: Any, token: str) -> None:
    assert list(await invalid_fields(getattr(catalogue.rpc, method)(kind(page_token=token)))) == ["pageToken"]


async def test_a_token_of_another_method_or_filter_is_refused(catalogue: Catalogue) -> None:
    for _ in range(2):
        await catalogue.movie()
    token = (await catalogue.rpc.ListMovies(pb.ListMoviesRequest(page_size=1))).next_page_token
    for request in (pb.ListEventsRequest(page_token=token), pb.ListEventsRequest(category="MOVIE", page_token=token)):
        assert list(await invalid_fields(catalogue.rpc.ListEvents(request))) == ["pageToken"]
    assert list(await invalid_fields(catalogue.rpc.ListVenues(pb.ListVenuesRequest(page_token=token)))) == ["pageToken"]
    assert len((await catalogue.rpc.ListMovies(pb.ListMoviesRequest(page_token=token))).movies) == 1


@pytest.mark.parametrize("size", [-1, 101, 2**31 - 1])
async def test_a_page_size_out_of_bounds_is_refused(catalogue: Catalogue, size: int) -> None:
    assert list(await invalid_fields(catalogue.rpc.ListEvents(pb.ListEventsRequest(page_size=size)))) == ["pageSize"]


async def test_twenty_equal_requests_at_once_with_one_key_create_one_event_and_get_one_answer(
    catalogue: Catalogue,
) -> None:
    request = pb.CreateEventRequest(**EVENT, idempotency_key="once")
    answers = await catalogue.race(catalogue.rpc.CreateEvent, [request] * 20)
    assert all(answer == answers[0] for answer in answers)
    assert await catalogue.count("events") == 1


async def test_the_key_may_come_as_a_header(catalogue: Catalogue) -> None:
    plain = pb.CreateMovieRequest(title="Once", duration_minutes=60)
    keyed = pb.CreateMovieRequest(title="Once", duration_minutes=60, idempotency_key="k")
    first = await catalogue.rpc.CreateMovie(plain, metadata=(("idempotency-key", "k"),))
    assert await catalogue.rpc.CreateMovie(keyed) == first
    assert await catalogue.count("events") == 1


async def test_a_key_used_for_another_request_is_refused(catalogue: Catalogue) -> None:
    await catalogue.rpc.CreateEvent(pb.CreateEventRequest(**EVENT, idempotency_key="once"))
    other = pb.CreateEventRequest(**EVENT | {"title": "Another"}, idempotency_key="once")
    refused = await refusal(catalogue.rpc.CreateEvent(other))
    assert (refused.code, refused.reason) == (grpc.StatusCode.ALREADY_EXISTS, "IDEMPOTENCY_KEY_REUSED")
    assert await catalogue.count("events") == 1


async def test_methods_do_not_share_keys_and_without_a_key_every_request_creates(catalogue: Catalogue) -> None:
    await catalogue.rpc.CreateMovie(pb.CreateMovieRequest(title="One", duration_minutes=60, idempotency_key="k"))
    await catalogue.rpc.CreateEvent(pb.CreateEventRequest(**EVENT, idempotency_key="k"))
    await catalogue.rpc.CreateVenue(pb.CreateVenueRequest(name="Two", city="Pune", idempotency_key="k"))
    await catalogue.rpc.CreateEvent(pb.CreateEventRequest(**EVENT))
    await catalogue.rpc.CreateEvent(pb.CreateEventRequest(**EVENT))
    assert (await catalogue.count("events"), await catalogue.count("venues")) == (4, 1)


async def test_a_counted_page_that_no_client_could_read_is_refused(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        await catalogue.event()
    monkeypatch.setattr(listing, "MAX_ANSWER_BYTES", 130)
    assert len((await catalogue.rpc.ListEvents(pb.ListEventsRequest(limit=1))).events) == 1
    assert list(await invalid_fields(catalogue.rpc.ListEvents(pb.ListEventsRequest(limit=2)))) == ["limit"]
