"""Demo data: something to look at and to book, made through the public contract like anybody's.

What is there already, found by its title or name, is left alone. Shows are added until enough lie ahead.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

import grpc
from boxoffice.inventory.v1 import catalog_pb2 as catalog
from boxoffice.inventory.v1.catalog_pb2_grpc import CatalogServiceStub
from boxoffice.inventory.v1.seat_pb2 import Seat

from examples.halls.halls import cinema, club, theatre
from stack import accounts
from stack.errors import StackError
from stack.services import opened

CALL_SECONDS = 10
PAGE_SIZE = 100
SHOWS_AHEAD = 5
# Far enough for a refund of everything (24 hours before), however long the stack runs on today.
LEAD = timedelta(hours=48)
LAST_DAY = 60


@dataclass(frozen=True)
class Title:
    """An event to show and what it costs, in minor units by tier."""

    title: str
    description: str
    minutes: int
    language: str
    prices: tuple[int, int, int]
    category: catalog.Event.Category.ValueType = catalog.Event.MOVIE


@dataclass(frozen=True)
class Hall:
    """A screen to show it on."""

    venue: str
    city: str
    address: str
    screen: str


TITLES = (
    Title("Monsoon Letters", "A postman delivers thirty years of lost mail.", 128, "hi", (18000, 25000, 40000)),
    Title("The Clockmaker's Orbit", "A village clock keeps time with a satellite.", 112, "en", (22000, 30000, 45000)),
    Title("Second Platform", "Two strangers miss the same train, every day.", 101, "ta", (16000, 22000, 35000)),
    Title(
        "Nine Rivers Live",
        "An evening with nine drummers and no amplifier.",
        150,
        "",
        (90000, 150000, 280000),
        catalog.Event.CONCERT,
    ),
)
HALLS = (
    Hall("Lantern House", "Pune", "4 Tamarind Lane", "Screen 1"),
    Hall("Lantern House", "Pune", "4 Tamarind Lane", "Screen 2"),
    Hall("Harbour Hall", "Mumbai", "11 Breakwater Road", "Main Hall"),
)
# Halls of other shapes, of those in examples/halls: to look at, and to make shows in.
PLANS = (
    (theatre, "The Curved House", "Jaipur", "2 Mirror Street"),
    (cinema, "Seven Screens", "Chennai", "31 Lighthouse Avenue"),
    (club, "Blue Cellar", "Kolkata", "8 Tram Lane"),
)
# One day's shows: which title, in which hall, at what time (UTC). Shows in one hall leave time to clean it.
PROGRAMME = (
    (0, 0, time(9, 30)),
    (1, 0, time(13, 0)),
    (2, 1, time(10, 0)),
    (0, 1, time(13, 30)),
    (3, 2, time(14, 0)),
)
# From the front to the back: sections with their rows, ten seats each.
SECTIONS = (("Stalls", "ABCDE", Seat.REGULAR), ("Circle", "FGH", Seat.PREMIUM), ("Balcony", "JK", Seat.VIP))
SEATS_PER_ROW = 10


@dataclass(frozen=True)
class Demo:
    """What is there to try: demo shows at least LEAD ahead, earliest first; at least SHOWS_AHEAD of them."""

    shows: tuple[catalog.Show, ...]


def load(target: str, now: datetime | None = None, *, token: str = "", tls: Path | None = None) -> Demo:
    """Make what is missing of the demo data through the catalogue at host:port `target`, with a token if it takes one.

    `tls`: the folder of certificates, where AUTH is on. Raise StackError if the catalogue refuses or cannot be reached.
    """
    with opened(target, "inventory", tls) as channel:
        asked = grpc.intercept_channel(channel, accounts.WithToken(token))
        try:
            return _load(CatalogServiceStub(asked), now or datetime.now(UTC))
        except grpc.RpcError as error:
            reason = error.details() if isinstance(error, grpc.Call) else error
            raise StackError(f"cannot load the demo data: {reason}") from None


def _load(stub: CatalogServiceStub, now: datetime) -> Demo:
    events = _events(stub)
    screens = _screens(stub)
    _add_plans(stub)
    shows = _upcoming(stub, events, now)
    for title, hall, start in _slots(now):
        if len(shows) >= SHOWS_AHEAD:
            break
        screen = screens[hall]
        if any(show.screen_id == screen and show.start_time.ToDatetime(UTC) == start for show in shows):
            continue
        made = _create_show(stub, events[title], screen, title, start)
        if made is not None:
            shows.append(made)
    if len(shows) < SHOWS_AHEAD:
        raise StackError("cannot load the demo data: no time is left for its shows on its screens")
    return Demo(tuple(sorted(shows, key=lambda show: show.start_time.ToDatetime())))


def _events(stub: CatalogServiceStub) -> dict[Title, str]:
    """Return the id of each title's event, creating those that are missing."""
    known = {
        (event.title, event.category): event.id
        for category in {title.category for title in TITLES}
        for event in _all(
            lambda token, category=category: stub.ListEvents(  # type: ignore[misc]  # binds the loop's category
                catalog.ListEventsRequest(category=category, page_size=PAGE_SIZE, page_token=token),
                timeout=CALL_SECONDS,
            ),
            lambda page: page.events,
        )
    }
    return {title: known.get((title.title, title.category)) or _create_event(stub, title) for title in TITLES}


def _create_event(stub: CatalogServiceStub, title: Title) -> str:
    key = f"demo-event-{_slug(title.title)}"
    if title.category == catalog.Event.MOVIE:
        movie = catalog.CreateMovieRequest(
            title=title.title,
            description=title.description,
            duration_minutes=title.minutes,
            language=title.language,
            idempotency_key=key,
        )
        return stub.CreateMovie(movie, timeout=CALL_SECONDS).id
    event = catalog.CreateEventRequest(
        title=title.title,
        description=title.description,
        category=title.category,
        duration_minutes=title.minutes,
        language=title.language,
        status=catalog.Event.PUBLISHED,
        idempotency_key=key,
    )
    return stub.CreateEvent(event, timeout=CALL_SECONDS).id


def _screens(stub: CatalogServiceStub) -> dict[Hall, str]:
    """Return the id of each hall's screen, creating the venues and screens that are missing."""
    venues = _venues(stub, {hall.city for hall in HALLS})
    screens = {}
    for hall in HALLS:
        place = (hall.venue, hall.city)
        if place not in venues:
            venues[place] = _create_venue(stub, *place, hall.address)
        venue = venues[place]
        known = {screen.name: screen.id for screen in venue.screens}
        screens[hall] = known.get(hall.screen) or _create_screen(stub, venue.id, hall)
    return screens


def _venues(stub: CatalogServiceStub, cities: Iterable[str]) -> dict[tuple[str, str], catalog.Venue]:
    """Return the venues of cities by their names and cities."""
    return {
        (venue.name, venue.city): venue
        for city in cities
        for venue in _all(
            lambda token, city=city: stub.ListVenues(  # type: ignore[misc]  # binds the loop's city
                catalog.ListVenuesRequest(city=city, page_size=PAGE_SIZE, page_token=token), timeout=CALL_SECONDS
            ),
            lambda page: page.venues,
        )
    }


def _create_venue(stub: CatalogServiceStub, name: str, city: str, address: str) -> catalog.Venue:
    key = f"demo-venue-{_slug(name)}"
    request = catalog.CreateVenueRequest(name=name, city=city, address=address, idempotency_key=key)
    return stub.CreateVenue(request, timeout=CALL_SECONDS)


def _add_plans(stub: CatalogServiceStub) -> None:
    """Create those of the venues of PLANS that are missing, with their halls."""
    venues = _venues(stub, {city for _, _, city, _ in PLANS})
    for plan, name, city, address in PLANS:
        venue = venues.get((name, city)) or _create_venue(stub, name, city, address)
        if not venue.screens:
            key = f"demo-hall-{_slug(name)}"
            request = catalog.ImportHallRequest(venue_id=venue.id, file=json.dumps(plan()), idempotency_key=key)
            stub.ImportHall(request, timeout=CALL_SECONDS)


def _create_screen(stub: CatalogServiceStub, venue_id: str, hall: Hall) -> str:
    request = catalog.CreateScreenRequest(
        venue_id=venue_id,
        name=hall.screen,
        sections=[
            catalog.CreateScreenRequest.Section(
                name=name,
                rows=[catalog.CreateScreenRequest.Row(label=row, seat_count=SEATS_PER_ROW, tier=tier) for row in rows],
            )
            for name, rows, tier in SECTIONS
        ],
        idempotency_key=f"demo-screen-{_slug(hall.venue)}-{_slug(hall.screen)}",
    )
    return stub.CreateScreen(request, timeout=CALL_SECONDS).id


def _upcoming(stub: CatalogServiceStub, events: dict[Title, str], now: datetime) -> list[catalog.Show]:
    return [
        show
        for event_id in events.values()
        for show in _all(
            lambda token, event_id=event_id: stub.ListShows(  # type: ignore[misc]  # binds the loop's event
                _shows_request(event_id, now + LEAD, token), timeout=CALL_SECONDS
            ),
            lambda page: page.shows,
        )
    ]


def _shows_request(event_id: str, since: datetime, token: str) -> catalog.ListShowsRequest:
    request = catalog.ListShowsRequest(event_id=event_id, page_size=PAGE_SIZE, page_token=token)
    getattr(request, "from").FromDatetime(since)
    return request


def _slots(now: datetime) -> Iterator[tuple[Title, Hall, datetime]]:
    """Yield the programme day by day, beginning with the first day that lies LEAD ahead as a whole."""
    first = (now + LEAD).date() + timedelta(days=1)
    for day in range(LAST_DAY):
        for title, hall, at in PROGRAMME:
            yield TITLES[title], HALLS[hall], datetime.combine(first + timedelta(days=day), at, UTC)


def _create_show(
    stub: CatalogServiceStub, event_id: str, screen_id: str, title: Title, start: datetime
) -> catalog.Show | None:
    """Create a show; return None if the screen is taken at that time."""
    tiers = (tier for _, _, tier in SECTIONS)
    request = catalog.CreateShowRequest(
        event_id=event_id,
        screen_id=screen_id,
        prices=[catalog.TierPrice(tier=tier, price=price) for tier, price in zip(tiers, title.prices, strict=True)],
        idempotency_key=f"demo-show-{screen_id}-{start:%Y%m%dT%H%M}",
    )
    request.start_time.FromDatetime(start)
    try:
        return stub.CreateShow(request, timeout=CALL_SECONDS)
    except grpc.RpcError as error:
        if isinstance(error, grpc.Call) and error.code() == grpc.StatusCode.FAILED_PRECONDITION:
            return None
        raise


class _Page(Protocol):
    @property
    def next_page_token(self) -> str: ...


P = TypeVar("P", bound=_Page)
T = TypeVar("T")


def _all(fetch: Callable[[str], P], items: Callable[[P], Iterable[T]]) -> Iterator[T]:
    """Yield the items of all pages."""
    token = ""
    while True:
        page = fetch(token)
        yield from items(page)
        token = page.next_page_token
        if not token:
            return


def _slug(text: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in text.lower()).split())
