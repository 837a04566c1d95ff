"""What is on: the first page, the list of events, and one event."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from boxoffice.inventory.v1 import catalog_pb2

from boxoffice_client import BoxofficeError
from boxoffice_client.errors import InvalidField
from web.failures import words
from web.languages import N_
from web.numbers import number
from web.search_engines import description, structured
from web.visits import VISIT, Visit

ON_HOME = 12
FEATURED = 3
A_PAGE = 12
WITH_EVENT = 20
"""So many of its shows come with an event; ListShows has the others."""
MORE_SHOWS = 100
LAST_PAGE = 1_000
REVIEWS = 10

CATEGORIES = ("CONCERT", "THEATRE", "MOVIE", "SPORT", "COMEDY", "CONFERENCE", "OTHER")
SORTS = {"": N_("Best match"), "DATE": N_("Soonest"), "PRICE": N_("Cheapest"), "TITLE": N_("Title")}
_FIELDS = ("q", "category", "city", "date_from", "date_to", "sort")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")

routes = web.RouteTableDef()


@routes.get("/")
async def home(request: web.Request) -> web.StreamResponse:
    """Show what is featured, and what is next."""
    visit: Visit = request[VISIT]
    featured, following = await asyncio.gather(
        _find(visit, featured=True, page=1, limit=FEATURED),
        _find(visit, page=1, limit=ON_HOME, sort=catalog_pb2.ListEventsRequest.DATE),
    )
    return visit.page("home.html", featured=featured.events, events=following.events)


@routes.get("/events")
async def events(request: web.Request) -> web.StreamResponse:
    """Show the events that fit what the address asks for."""
    visit: Visit = request[VISIT]
    asked = {name: request.query.get(name, "").strip()[:100] for name in _FIELDS}
    page = number(request.query.get("page", ""), least=1, most=LAST_PAGE, otherwise=1)
    wrong, found = "", catalog_pb2.ListEventsResponse()
    try:
        found = await _find(visit, **_asked(asked), page=page, limit=A_PAGE)
    except InvalidField as error:
        wrong = words(error)
    more = urlencode({**{name: value for name, value in asked.items() if value}, "page": page + 1})
    fewer = urlencode({**{name: value for name, value in asked.items() if value}, "page": page - 1})
    return visit.page(
        "events.html",
        400 if wrong else 200,
        asked=asked,
        found=found,
        is_filtered=any(asked.values()),
        page=page,
        pages=-(-found.total // A_PAGE),
        more=more,
        fewer=fewer,
        wrong=wrong,
        categories=CATEGORIES,
        sorts=SORTS,
    )


async def _find(visit: Visit, **asked: Any) -> catalog_pb2.ListEventsResponse:
    """Find events, each with its next show."""
    found: catalog_pb2.ListEventsResponse = await visit.read("list_events", with_next_show=True, **asked)
    return found


async def shows_of(visit: Visit, event: catalog_pb2.Event) -> Sequence[catalog_pb2.Show]:
    """Return the shows of an event that are to come, earliest first: those that it came with and 100 more."""
    if len(event.shows) < WITH_EVENT:
        return event.shows
    last = event.shows[-1].start_time.ToDatetime(tzinfo=UTC)
    known = {show.id for show in event.shows}
    named: dict[str, Any] = {"movie_id" if event.category == catalog_pb2.Event.MOVIE else "event_id": event.id}
    later = (await visit.services.list_shows(from_=last, page_size=MORE_SHOWS, **named)).shows
    return [*event.shows, *(show for show in later if show.id not in known)]


def _asked(asked: dict[str, str]) -> dict[str, Any]:
    """Return the fields of the request that a form's fields mean; what is no choice of the form counts as empty."""
    request: dict[str, Any] = {name: asked[name] for name in ("q", "city") if asked[name]}
    request |= {name: asked[name] for name in ("date_from", "date_to") if _DATE.fullmatch(asked[name])}
    if asked["category"] in CATEGORIES:
        request["category"] = catalog_pb2.Event.Category.Value(asked["category"])
    if asked["sort"] in SORTS and asked["sort"]:
        request["sort"] = catalog_pb2.ListEventsRequest.Sort.Value(asked["sort"])
    return request


@routes.get("/events/{event_id}")
async def event(request: web.Request) -> web.StreamResponse:
    """Show an event, its shows and what visitors wrote of it."""
    visit: Visit = request[VISIT]
    event_id = request.match_info["event_id"]
    found: catalog_pb2.Event = await visit.read("get_event", event_id=event_id)
    try:
        reviews = (await visit.read("list_reviews", event_id=event_id, page_size=REVIEWS)).reviews
    except BoxofficeError:
        reviews = None  # the page is good for buying without
    shows = await shows_of(visit, found)
    told: dict[str, Any] = {"about": description(found), "structured": structured(found, shows, visit.public_url)}
    return visit.page("event.html", event=found, shows=shows, reviews=reviews, **told)
