"""Events are found by what they are called and where they are, in any script, and by their shows."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, timedelta
from typing import Any

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb

from services.chassis.errors import ResourceExhausted
from services.chassis.store.database import Database, Patience
from services.chassis.values.words import words_of
from services.inventory.finding.domain import alternatives, parse_query
from services.inventory.finding.index import index_what_lacks
from tests.inventory.catalogue_client import (
    NOON,
    REGULAR,
    VIP,
    Catalogue,
    invalid_fields,
    section,
    stamp,
    walk,
)

TITLES = [
    "The Lantern Keeper",
    "Crème Brûlée à Łódź",
    "AC/DC Revisited",
    "Evenings at St.Paul",
    "Flight A-12",
    "“Nine Rivers” Live",
    "₹500 का नोट",
    "दिल्ली की बारिश",
    "मिट्टी के दीये",
    "மழை இரவு",
    "Ночной поезд",
    "Ёлка и снег",
    "Don't Look Down",
    "Straße der Lieder",
]


async def fill(catalogue: Catalogue, titles: Iterable[str]) -> dict[str, str]:
    return {title: (await catalogue.event(title=title)).id for title in titles}


async def found(catalogue: Catalogue, **wanted: Any) -> list[str]:
    answer = await catalogue.rpc.ListEvents(pb.ListEventsRequest(page_size=100, **wanted))
    return [event.title for event in answer.events]


SEARCHES = [
    # Whole words, in any capitals and with accents or without.
    ("lantern", "The Lantern Keeper"),
    ("KEEPER the", "The Lantern Keeper"),
    ("creme brulee", "Crème Brûlée à Łódź"),
    ("crème łódź", "Crème Brûlée à Łódź"),
    ("lodz", "Crème Brûlée à Łódź"),
    ("ночной", "Ночной поезд"),
    ("елка", "Ёлка и снег"),
    ("ёлка", "Ёлка и снег"),
    ("strasse", "Straße der Lieder"),
    ("மழை", "மழை இரவு"),
    ("बारिश", "दिल्ली की बारिश"),
    ("दीये", "मिट्टी के दीये"),
    # Parts of what PostgreSQL's parser takes for a file, a host, a number or one word.
    ("AC/DC", "AC/DC Revisited"),
    ("dc", "AC/DC Revisited"),
    ("St.Paul", "Evenings at St.Paul"),
    ("paul", "Evenings at St.Paul"),
    ("A-12", "Flight A-12"),
    ("12", "Flight A-12"),
    ("nine", "“Nine Rivers” Live"),
    ("rivers", "“Nine Rivers” Live"),
    ("500", "₹500 का नोट"),
    ("नोट", "₹500 का नोट"),
    ("don't", "Don't Look Down"),
    ("dont", "Don't Look Down"),
    ("don’t", "Don't Look Down"),
    # The beginning of a word.
    ("lant", "The Lantern Keeper"),
    ("दिल्", "दिल्ली की बारिश"),
    ("поез", "Ночной поезд"),
    # A letter is missing, too many, another one, or swapped.
    ("lanern", "The Lantern Keeper"),
    ("lantterns", "The Lantern Keeper"),
    ("lamtern keeper", "The Lantern Keeper"),
    ("latnern", "The Lantern Keeper"),
    ("alntern", "The Lantern Keeper"),
    ("lantenr", "The Lantern Keeper"),
    ("nien rivers", "“Nine Rivers” Live"),
    ("brlee", "Crème Brûlée à Łódź"),
    ("बरिश", "दिल्ली की बारिश"),
    ("ночнйо", "Ночной поезд"),
    ("இவு", "மழை இரவு"),
    # Words together, words that must not be there, and one of several.
    ('"lantern keeper"', "The Lantern Keeper"),
    ("“lantern keeper”", "The Lantern Keeper"),
    ("flight -river", "Flight A-12"),
    ("flight or nothing", "Flight A-12"),
]


async def test_events_are_found_by_their_titles(catalogue: Catalogue) -> None:
    await fill(catalogue, TITLES)
    wrong = {q: each for q, title in SEARCHES if (each := await found(catalogue, q=q)) != [title]}
    assert not wrong


@pytest.mark.parametrize("q", ['"keeper lantern"', "lantern -keeper", "lantern keeper opera", "xylophon", "दिल्लि-आगरा"])
async def test_what_does_not_match_is_not_found(catalogue: Catalogue, q: str) -> None:
    await fill(catalogue, TITLES[:1] + TITLES[7:8])
    assert await found(catalogue, q=q) == []


async def test_words_reach_the_database_as_they_are(catalogue: Catalogue) -> None:
    words = {word for title in TITLES for word in words_of(title)}
    words |= {"1e5", "007", "x86", "भाग2", "a", "2x4", "http", "com", "ſ", "ǆ", "ทดสอบ", "北京", "ﷺ"}
    for word in sorted({each for text in words for each in words_of(text)}):
        [row] = await catalogue.db.fetch(
            "SELECT tsvector_to_array(to_tsvector('simple', %(word)s)) AS words", {"word": word}
        )
        assert row.words == [word]


@pytest.mark.parametrize(
    ("q", "wrong"),
    [("x" * 101, "100"), ("a b c d e f g h i", "8 words"), ("a-b-c-d e.f.g.h.i", "8 words"), ("₹ !?", "a letter")],
)
async def test_a_search_that_cannot_be_is_refused(catalogue: Catalogue, q: str, wrong: str) -> None:
    fields = await invalid_fields(catalogue.rpc.ListEvents(pb.ListEventsRequest(q=q)))
    assert list(fields) == ["q"]
    assert wrong in fields["q"]


async def test_hostile_searches_are_answered(catalogue: Catalogue) -> None:
    await fill(catalogue, TITLES[:2])
    for q in (
        "'",
        '"',
        '""',
        "-",
        "- -",
        "a:*",
        "a & b | !c",
        "\\",
        "%",
        "<->",
        "or or or",
        '-"',
        "a -",
        "((a",
        "\U0001f600 a",
    ):
        try:
            await catalogue.rpc.ListEvents(pb.ListEventsRequest(q=q))
        except grpc.aio.AioRpcError as error:
            assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, q


def test_a_word_that_was_typed_stands_for_those_that_are_near() -> None:
    assert alternatives("hamelt", ["hamlet", "helmet", "ham"]) == ["hamlet"]
    assert alternatives("jws", ["jaws", "jewels"]) == ["jaws"]
    assert alternatives("mississipi", ["mississippi", "missouri"]) == ["mississippi"]
    assert alternatives("of", ["off", "if"]) == []
    assert (query := parse_query("a “b c” -d")) and query.websearch == 'a "b c" -"d"'


async def test_what_matches_best_comes_first(catalogue: Catalogue) -> None:
    event = {"category": pb.Event.CONCERT, "duration_minutes": 90, "status": pb.Event.PUBLISHED}
    for title, description in (("Night", "A river in the north"), ("River", "By night"), ("River of Night", "river")):
        await catalogue.rpc.CreateEvent(pb.CreateEventRequest(title=title, description=description, **event))
    assert await found(catalogue, q="river night") == ["River of Night", "Night", "River"] or await found(
        catalogue, q="river night"
    ) == ["River of Night", "River", "Night"]


async def test_edits_are_found_at_once_and_what_was_is_not(catalogue: Catalogue) -> None:
    event = await catalogue.event(title="Monsoon Letters")
    venue = await catalogue.venue("Regal", "Pune")
    screen = await catalogue.screen(venue)
    assert await found(catalogue, q="regal") == []
    await catalogue.show(event_id=event.id, screen_id=screen.id)
    assert await found(catalogue, q="monsoon regal pune") == ["Monsoon Letters"]
    await catalogue.rpc.UpdateVenue(pb.UpdateVenueRequest(venue_id=venue.id, name="Galaxy", city="Mumbai"))
    assert await found(catalogue, q="regal") == []
    assert await found(catalogue, q="galaxy mumbai") == ["Monsoon Letters"]
    await catalogue.rpc.UpdateEvent(pb.UpdateEventRequest(event_id=event.id, title="Winter Letters"))
    assert await found(catalogue, q="monsoon") == []
    assert await found(catalogue, q="winter galaxy") == ["Winter Letters"]


async def test_drafts_are_not_found(catalogue: Catalogue) -> None:
    request = pb.CreateEventRequest(title="Secret Supper", category=pb.Event.OTHER, duration_minutes=60)
    draft = await catalogue.rpc.CreateEvent(request)
    for wanted in (
        {"q": "secret"},
        {"q": "secrte"},
        {},
        {"status": pb.Event.DRAFT},
        {"sort": pb.ListEventsRequest.TITLE},
    ):
        assert await found(catalogue, **wanted) == [], wanted
    assert (await catalogue.rpc.ListEvents(pb.ListEventsRequest(q="secret", page=1))).total == 0
    await catalogue.rpc.PublishEvent(pb.PublishEventRequest(event_id=draft.id))
    assert await found(catalogue, q="secret") == ["Secret Supper"]


async def test_what_code_from_before_made_is_indexed_by_a_job(catalogue: Catalogue) -> None:
    event = await catalogue.event(title="Monsoon Letters")
    await catalogue.show(event_id=event.id, screen_id=(await catalogue.screen(await catalogue.venue("Regal"))).id)
    for table in ("event_index", "venue_index", "search_words", "search_grams"):
        await catalogue.db.execute(f"DELETE FROM {table}")
    assert await found(catalogue, q="monsoon") == []
    assert await found(catalogue) == ["Monsoon Letters"]
    assert await found(catalogue, sort=pb.ListEventsRequest.TITLE) == ["Monsoon Letters"]
    assert await index_what_lacks(catalogue.db) == 2
    assert await index_what_lacks(catalogue.db) == 0
    assert await found(catalogue, q="mosnoon regla") == ["Monsoon Letters"]


HALL = [section("Stalls", ("A", 1, REGULAR)), section("Circle", ("A", 1, VIP))]


async def shows(catalogue: Catalogue) -> None:
    """Make a cheap event in Pune, a dear one in London, one that is in both, and one without a show."""
    places = {}
    for city in ("Pune", "London"):
        places[city] = await catalogue.screen(await catalogue.venue(f"Hall of {city}", city), HALL)
    for title, city, day, price in (
        ("Cheap", "Pune", 0, 100),
        ("Dear", "London", 1, 5_000),
        ("Both", "Pune", 3, 200),
        ("Both", "London", 2, 300),
    ):
        listed = (await catalogue.rpc.ListEvents(pb.ListEventsRequest(q=title))).events
        event = listed[0] if listed else await catalogue.event(title=title)
        await catalogue.show(
            event_id=event.id,
            screen_id=places[city].id,
            start_time=stamp(NOON + timedelta(days=day)),
            prices=[pb.TierPrice(tier=REGULAR, price=price), pb.TierPrice(tier=VIP, price=2 * price)],
        )
    await catalogue.event(title="None")


def day(number: int) -> str:
    return (NOON + timedelta(days=number)).astimezone(UTC).date().isoformat()


async def test_one_and_the_same_show_meets_all_conditions(catalogue: Catalogue) -> None:
    await shows(catalogue)
    for wanted, titles in (
        ({"city": "PUNE"}, {"Cheap", "Both"}),
        ({"city": "London"}, {"Dear", "Both"}),
        ({"city": "Paris"}, set()),
        ({"min_price": 1_000}, {"Dear"}),
        ({"max_price": 200}, {"Cheap", "Both"}),
        ({"min_price": 201, "max_price": 400}, {"Both"}),
        ({"min_price": 201, "max_price": 299}, set()),
        ({"date_from": day(1), "date_to": day(2)}, {"Dear", "Both"}),
        ({"date_from": day(3)}, {"Both"}),
        ({"date_to": day(0)}, {"Cheap"}),
        ({"date": day(3), "city": "London"}, set()),
        ({"date": day(3), "city": "Pune"}, {"Both"}),
        ({"city": "London", "max_price": 250}, set()),
        ({"category": pb.Event.CONCERT}, {"Cheap", "Dear", "Both", "None"}),
        ({"category": pb.Event.SPORT}, set()),
        ({"q": "hall london", "max_price": 300}, {"Both"}),
    ):
        assert set(await found(catalogue, **wanted)) == titles, wanted


async def test_lists_are_ordered_and_read_in_pages_of_both_kinds(catalogue: Catalogue) -> None:
    await shows(catalogue)
    sort = pb.ListEventsRequest
    for order, titles in (
        (sort.NEWEST, ["None", "Both", "Dear", "Cheap"]),
        (sort.DATE, ["Cheap", "Dear", "Both", "None"]),
        (sort.PRICE, ["Cheap", "Both", "Dear", "None"]),
        (sort.PRICE_DESCENDING, ["Dear", "Both", "Cheap", "None"]),
        (sort.TITLE, ["Both", "Cheap", "Dear", "None"]),
    ):
        assert await found(catalogue, sort=order) == titles, order
        pages = await walk(catalogue.rpc.ListEvents, pb.ListEventsRequest(sort=order, page_size=1), "events")
        assert [event.title for page in pages for event in page] == titles, order
        counted = [
            await catalogue.rpc.ListEvents(pb.ListEventsRequest(sort=order, page=page, limit=3)) for page in (1, 2, 3)
        ]
        assert [event.title for page in counted for event in page.events] == titles, order
        assert [(page.page, page.limit, page.total) for page in counted] == [(1, 3, 4), (2, 3, 4), (3, 3, 4)]
    pages = await walk(catalogue.rpc.ListEvents, pb.ListEventsRequest(q="hall", page_size=1), "events")
    assert len({event.title for [event] in pages}) == len(pages) == 3


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"page": 1, "page_size": 5}, "page"),
        ({"limit": 5, "page_token": "x"}, "page"),
        ({"page": 101, "limit": 100}, "page"),
        ({"page": 1_001}, "page"),
        ({"limit": 101}, "limit"),
        ({"page_token": "x"}, "pageToken"),
        ({"min_price": 2, "max_price": 1}, "maxPrice"),
        ({"date": "2027-01-01", "date_to": "2027-01-01"}, "date"),
        ({"date_from": "2027-01-02", "date_to": "2027-01-01"}, "dateTo"),
        ({"date_from": "2027-02-30"}, "dateFrom"),
        ({"sort": pb.ListEventsRequest.RELEVANCE}, "sort"),
    ],
)
async def test_a_list_that_cannot_be_is_refused(catalogue: Catalogue, wanted: dict[str, Any], field: str) -> None:
    assert list(await invalid_fields(catalogue.rpc.ListEvents(pb.ListEventsRequest(**wanted)))) == [field]


async def test_the_last_page_that_is_counted_may_be_read(catalogue: Catalogue) -> None:
    answer = await catalogue.rpc.ListEvents(pb.ListEventsRequest(page=100, limit=100))
    assert (len(answer.events), answer.total) == (0, 0)


async def test_admins_recommend_events(catalogue: Catalogue) -> None:
    ids = await fill(catalogue, TITLES[:2])
    edit = pb.UpdateEventRequest(event_id=ids[TITLES[0]], featured=True)
    assert (await catalogue.rpc.UpdateEvent(edit)).featured
    assert await found(catalogue, featured=True) == TITLES[:1]
    assert await found(catalogue, featured=False) == TITLES[1:2]
    assert len(await found(catalogue)) == 2


async def test_an_event_tells_where_and_when_it_is_and_what_it_costs(catalogue: Catalogue) -> None:
    await shows(catalogue)
    [both] = (await catalogue.rpc.ListEvents(pb.ListEventsRequest(q="both"))).events
    assert not both.shows
    event = await catalogue.rpc.GetEvent(pb.GetEventRequest(event_id=both.id))
    assert [(place.name, place.time_zone) for place in event.places] == [
        ("Hall of London", "Europe/London"),
        ("Hall of Pune", "Asia/Kolkata"),
    ]
    assert [show.city for show in event.shows] == ["London", "Pune"]
    assert [(each.currency, each.lowest, each.highest) for each in event.price_ranges] == [("INR", 200, 600)]
    [none] = (await catalogue.rpc.ListEvents(pb.ListEventsRequest(q="none"))).events
    event = await catalogue.rpc.GetEvent(pb.GetEventRequest(event_id=none.id))
    assert not (event.places or event.shows or event.price_ranges)


async def test_a_search_that_takes_too_long_is_refused_as_too_much_traffic(catalogue: Catalogue) -> None:
    hasty = Database(catalogue.db._url, pool_size=1, name="hasty", patience=Patience(statement_ms=50, refuses=True))
    await hasty.open()
    with pytest.raises(ResourceExhausted):
        await hasty.fetch("SELECT pg_sleep(5)")
    assert (await hasty.fetch("SELECT 1 AS one"))[0].one == 1
    await hasty.close()


async def test_edits_and_shows_at_once_leave_the_index_as_if_they_had_come_one_by_one(catalogue: Catalogue) -> None:
    venues = [await catalogue.venue(f"Hall {number}") for number in range(2)]
    screens = [await catalogue.screen(venue, HALL) for venue in venues]
    events = [await catalogue.event(title=f"Event {number}") for number in range(3)]
    listed = [pb.TierPrice(tier=REGULAR), pb.TierPrice(tier=VIP)]
    for turn in range(4):
        wishes = [
            catalogue.rpc.UpdateVenue(pb.UpdateVenueRequest(venue_id=venue.id, name=f"Palace {turn}"))
            for venue in venues
        ]
        wishes += [
            catalogue.rpc.UpdateEvent(pb.UpdateEventRequest(event_id=event.id, title=f"Opera {turn}"))
            for event in events
        ]
        for number, event in enumerate(events):
            for screen in screens:
                start = stamp(NOON + timedelta(days=10 * turn + number))
                wishes.append(
                    catalogue.rpc.CreateShow(
                        pb.CreateShowRequest(event_id=event.id, screen_id=screen.id, start_time=start, prices=listed)
                    )
                )
        await asyncio.gather(*wishes)
    venue_ids = "ARRAY(SELECT unnest(venue_ids) ORDER BY 1) AS venue_ids"
    kept = f"SELECT event_id, title, words, {venue_ids} FROM event_index ORDER BY 1"
    before = await catalogue.db.fetch(kept)
    assert {row.title for row in before} == {"opera 3"}
    assert all(len(row.venue_ids) == 2 for row in before)
    for table in ("event_index", "venue_index"):
        await catalogue.db.execute(f"DELETE FROM {table}")
    await index_what_lacks(catalogue.db)
    assert await catalogue.db.fetch(kept) == before
