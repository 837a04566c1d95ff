"""Demo data against a catalogue that keeps the contract's promises, in memory."""

import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as catalog
from boxoffice.inventory.v1.catalog_pb2_grpc import CatalogServiceServicer, add_CatalogServiceServicer_to_server

from services.inventory.halls.document import read_hall
from stack import demo, ports
from stack.errors import StackError

NOW = datetime(2030, 5, 17, 22, 15, tzinfo=UTC)


class Catalog(CatalogServiceServicer):
    """A catalogue in memory; pages hold one item, so that whoever forgets the other pages is found out."""

    def __init__(self) -> None:
        self.events: list[catalog.Event] = []
        self.venues: list[catalog.Venue] = []
        self.shows: list[catalog.Show] = []
        self.layouts: list[catalog.CreateScreenRequest] = []
        self.keys: set[str] = set()

    def CreateMovie(self, request: Any, context: Any) -> Any:
        self._claim(request)
        self.events.append(catalog.Event(id=_id(), title=request.title, category=catalog.Event.MOVIE))
        return catalog.Movie(id=self.events[-1].id)

    def CreateEvent(self, request: Any, context: Any) -> Any:
        self._claim(request)
        self.events.append(catalog.Event(id=_id(), title=request.title, category=request.category))
        return self.events[-1]

    def ListEvents(self, request: Any, context: Any) -> Any:
        events, token = _page([one for one in self.events if one.category == request.category], request)
        return catalog.ListEventsResponse(events=events, next_page_token=token)

    def CreateVenue(self, request: Any, context: Any) -> Any:
        self._claim(request)
        self.venues.append(catalog.Venue(id=_id(), name=request.name, city=request.city))
        return self.venues[-1]

    def ListVenues(self, request: Any, context: Any) -> Any:
        venues, token = _page([one for one in self.venues if one.city == request.city], request)
        return catalog.ListVenuesResponse(venues=venues, next_page_token=token)

    def CreateScreen(self, request: Any, context: Any) -> Any:
        self._claim(request)
        self.layouts.append(request)
        venue = next(one for one in self.venues if one.id == request.venue_id)
        venue.screens.append(catalog.Screen(id=_id(), venue_id=venue.id, name=request.name))
        return venue.screens[-1]

    def ImportHall(self, request: Any, context: Any) -> Any:
        self._claim(request)
        hall = read_hall(request.file.encode(), uuid.UUID(request.venue_id))
        venue = next(one for one in self.venues if one.id == request.venue_id)
        venue.screens.append(catalog.Screen(id=_id(), venue_id=venue.id, name=hall.name, seat_count=hall.seat_count))
        return venue.screens[-1]

    def CreateShow(self, request: Any, context: Any) -> Any:
        start = request.start_time.ToDatetime(UTC)
        for show in self.shows:
            same_screen = show.screen_id == request.screen_id
            if same_screen and abs(show.start_time.ToDatetime(UTC) - start) < timedelta(hours=3):
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, "another show is on this screen at that time")
        self._claim(request)
        self.shows.append(
            catalog.Show(
                id=_id(),
                event_id=request.event_id,
                screen_id=request.screen_id,
                start_time=request.start_time,
                prices=request.prices,
            )
        )
        return self.shows[-1]

    def ListShows(self, request: Any, context: Any) -> Any:
        since = getattr(request, "from").ToDatetime(UTC)
        matching = [
            show
            for show in self.shows
            if show.event_id == request.event_id and show.start_time.ToDatetime(UTC) >= since
        ]
        shows, token = _page(matching, request)
        return catalog.ListShowsResponse(shows=shows, next_page_token=token)

    def _claim(self, request: Any) -> None:
        assert request.idempotency_key
        assert request.idempotency_key not in self.keys
        self.keys.add(request.idempotency_key)


def _id() -> str:
    return str(uuid.uuid4())


def _page(items: list[Any], request: Any) -> tuple[list[Any], str]:
    at = int(request.page_token or 0)
    return items[at : at + 1], str(at + 1) if at + 1 < len(items) else ""


@pytest.fixture
def kept() -> Catalog:
    return Catalog()


@pytest.fixture
def target(kept: Catalog) -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(2))
    add_CatalogServiceServicer_to_server(kept, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def test_the_first_start_makes_the_programme(kept: Catalog, target: str) -> None:
    loaded = demo.load(target, NOW)
    categories = Counter(event.category for event in kept.events)
    assert categories == {catalog.Event.MOVIE: 3, catalog.Event.CONCERT: 1}
    assert len(kept.venues) == 5
    plans = {venue.name: venue.screens[0].seat_count for venue in kept.venues if venue.screens[0].seat_count}
    assert plans == {"The Curved House": 435, "Seven Screens": 240, "Blue Cellar": 316}
    assert len(kept.layouts) == 3
    assert len(loaded.shows) == demo.SHOWS_AHEAD == 5
    assert {show.event_id for show in loaded.shows} == {event.id for event in kept.events}


def test_every_screen_has_a_hundred_seats_in_three_tiers(kept: Catalog, target: str) -> None:
    demo.load(target, NOW)
    for layout in kept.layouts:
        rows = [row for section in layout.sections for row in section.rows]
        assert sum(row.seat_count for row in rows) == 100
        assert len({row.tier for row in rows}) == 3
        assert {row.tier for row in rows} == {price.tier for price in kept.shows[0].prices}


def test_every_show_starts_late_enough_for_a_whole_refund(target: str) -> None:
    for show in demo.load(target, NOW).shows:
        assert show.start_time.ToDatetime(UTC) >= NOW + timedelta(hours=48)


def test_a_second_start_makes_nothing(kept: Catalog, target: str) -> None:
    first = demo.load(target, NOW)
    assert demo.load(target, NOW + timedelta(minutes=5)) == first
    assert len(kept.shows) == 5
    assert len(kept.events) == 4


@pytest.mark.parametrize("days", [1, 2, 3, 30])
def test_later_starts_replace_the_shows_that_have_come_near(kept: Catalog, target: str, days: int) -> None:
    demo.load(target, NOW)
    later = NOW + timedelta(days=days, hours=5)
    loaded = demo.load(target, later)
    assert len(loaded.shows) == 5
    assert all(show.start_time.ToDatetime(UTC) >= later + timedelta(hours=48) for show in loaded.shows)
    assert len(kept.events) == 4


def test_a_screen_that_somebody_else_uses_moves_the_show_to_another_day(kept: Catalog, target: str) -> None:
    demo.load(target, NOW)
    for show in kept.shows:
        show.event_id = "somebody else's event"
    kept.keys.clear()
    loaded = demo.load(target, NOW)
    assert len(loaded.shows) == 5
    assert len(kept.shows) == 10


def test_a_catalogue_that_does_not_answer_is_one_line() -> None:
    with pytest.raises(StackError, match=r"\Acannot load the demo data: [^\n]+\Z"):
        demo.load(f"127.0.0.1:{ports.choose(1)[0]}", NOW)
