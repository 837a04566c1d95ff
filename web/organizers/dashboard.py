"""How the events of an organization do, and what is to be done next."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from aiohttp import web
from boxoffice.booking.v1 import cancellations_pb2, office_pb2
from boxoffice.inventory.v1 import catalog_pb2, inventory_pb2
from boxoffice.policy.v1 import policy_pb2

from boxoffice_client import BoxofficeError
from web.numbers import number
from web.organizers.access import ACCOUNTANTS, MANAGERS, may, organizations_of, organizer
from web.organizers.chart import chart
from web.organizers.mistakes import Mistakes
from web.visits import Visit

A_PAGE = 6
LAST_PAGE = 1_000
MOST_SHOWS = 100
"""So many shows to come are looked at, those of all events together."""

MOST_CANCELLED = 5
"""Of so many cancelled shows it is looked at whether refunds are stuck."""

STATES = {
    "": catalog_pb2.Event.STATUS_UNSPECIFIED,
    "draft": catalog_pb2.Event.DRAFT,
    "published": catalog_pb2.Event.PUBLISHED,
    "completed": catalog_pb2.Event.COMPLETED,
    "cancelled": catalog_pb2.Event.CANCELLED,
}

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Card:
    """An event of the dashboard; what could not be read now is None."""

    event: catalog_pb2.Event
    show: catalog_pb2.Show | None
    """Its next one."""
    sections: Sequence[inventory_pb2.EventSeats.Section] | None
    """Of the next show."""
    sales: office_pb2.Sales | None

    @property
    def capacity(self) -> int:
        """How many seats the next show has for sale, or sold."""
        return sum(one.total - one.blocked for one in self.sections or ())

    @property
    def sold(self) -> int:
        """How many seats of the next show are sold or reserved."""
        return sum(one.booked for one in self.sections or ())


@routes.get("/organizer")
async def begin(request: web.Request) -> web.StreamResponse:
    """Lead to the dashboard."""
    raise web.HTTPSeeOther("/organizer/dashboard")


@routes.get("/organizer/dashboard")
async def dashboard(request: web.Request) -> web.StreamResponse:
    """Show the events of an organization, with what was sold of them."""
    visit = organizer(request)
    own = await organizations_of(visit)
    if not own:
        return _none(visit)
    asked = request.query.get("organization", "")
    chosen = next((one for one in own if one.organization.id == asked), own[0])
    state = request.query.get("state", "")
    page = number(request.query.get("page", ""), least=1, most=LAST_PAGE, otherwise=1)
    organization_id = visit.organization_id = chosen.organization.id
    found, shows = await asyncio.gather(
        visit.services.list_events(
            organization_id=organization_id, status=STATES.get(state, STATES[""]), page=page, limit=A_PAGE
        ),
        visit.services.list_shows(organization_id=organization_id, page_size=MOST_SHOWS),
    )
    role = policy_pb2.Membership.Role.Name(chosen.role)
    cards = await _cards(visit, found.events, shows.shows, sees_sales=role in ACCOUNTANTS)
    lines = [line for card in cards if card.sales for line in card.sales.lines]
    return visit.page(
        "organizers/dashboard.html",
        own=own,
        chosen=chosen.organization,
        role=role,
        manages=may(visit, organization_id, MANAGERS),
        sees_sales=role in ACCOUNTANTS,
        cards=cards,
        state=state if state in STATES else "",
        states=list(STATES),
        page=page,
        pages=-(-found.total // A_PAGE),
        total=found.total,
        chart=chart(lines, today=datetime.now(UTC).date()),
        stuck=await _stuck(visit, shows.shows) if role in MANAGERS else {},
    )


async def _cards(
    visit: Visit, events: Sequence[catalog_pb2.Event], shows: Sequence[catalog_pb2.Show], *, sees_sales: bool
) -> list[Card]:
    """Return what is to say of a page of events."""
    following: dict[str, catalog_pb2.Show] = {}
    for show in shows:
        if show.status != catalog_pb2.Show.CANCELLED:
            following.setdefault(show.event_id or show.movie_id, show)
    if len(shows) == MOST_SHOWS:  # there are more, of which some may be of these events
        lacking = [event.id for event in events if event.id not in following]
        found = await asyncio.gather(*(_next_show(visit, event_id) for event_id in lacking))
        following |= {event_id: show for event_id, show in zip(lacking, found, strict=True) if show is not None}
    shown = [following.get(event.id) for event in events]
    seats, sales = await asyncio.gather(
        asyncio.gather(*(_seats(visit, show) for show in shown)),
        asyncio.gather(*(_sales(visit, event, sees_sales) for event in events)),
    )
    return [Card(*each) for each in zip(events, shown, seats, sales, strict=True)]


async def _next_show(visit: Visit, event_id: str) -> catalog_pb2.Show | None:
    listed = (await visit.services.list_shows(event_id=event_id, page_size=A_PAGE)).shows
    return next((show for show in listed if show.status != catalog_pb2.Show.CANCELLED), None)


async def _seats(visit: Visit, show: catalog_pb2.Show | None) -> Sequence[inventory_pb2.EventSeats.Section] | None:
    if show is None:
        return None
    try:
        found = await visit.services.get_event_seats(event_id=show.event_id or show.movie_id, show_id=show.id)
    except BoxofficeError:
        return None  # the rest of the page is good without
    return found.sections


async def _sales(visit: Visit, event: catalog_pb2.Event, sees_sales: bool) -> office_pb2.Sales | None:
    if not sees_sales:
        return None
    try:
        return await visit.services.get_event_sales(event_id=event.id)
    except BoxofficeError:
        return None  # the rest of the page is good without


async def _stuck(visit: Visit, shows: Iterable[catalog_pb2.Show]) -> Mapping[str, cancellations_pb2.ShowCancellation]:
    """Return the cancelled shows of which somebody has to look at refunds, by their ids."""
    cancelled = [show.id for show in shows if show.status == catalog_pb2.Show.CANCELLED][:MOST_CANCELLED]
    try:
        found = await asyncio.gather(*(visit.services.get_show_cancellation(show_id=each) for each in cancelled))
    except BoxofficeError:
        return {}  # the rest of the page is good without
    return {one.show_id: one for one in found if one.stuck_bookings}


def _none(visit: Visit, name: str = "", mistakes: Mistakes | None = None, status: int = 200) -> web.Response:
    """Show the page of who is in no organization."""
    may_found = bool(visit.claims.roles & {"ORGANIZER", "ADMIN"})
    return visit.page("organizers/none.html", status, may_found=may_found, name=name, mistakes=mistakes or Mistakes())


@routes.get("/organizer/organizations/create")
async def ask_organization(request: web.Request) -> web.StreamResponse:
    """Show the page where an organization is made."""
    visit = organizer(request)
    return _none(visit)


@routes.post("/organizer/organizations/create")
async def found_organization(request: web.Request) -> web.StreamResponse:
    """Make an organization, whose owner the visitor is from then on."""
    visit = organizer(request)
    form = await visit.form()
    name, mistakes = form.get("name", "").strip(), Mistakes()
    try:
        made = await visit.services.create_organization(name=name, idempotency_key=form.get("key", ""))
    except BoxofficeError as error:
        mistakes.take(error, {"name": "name"})
        return _none(visit, name, mistakes, 400)
    await visit.carry_on()
    raise web.HTTPSeeOther(f"/organizer/dashboard?{urlencode({'organization': made.id})}")


@routes.post("/organizer/refresh")
async def refresh(request: web.Request) -> web.StreamResponse:
    """Look again in which organizations the visitor is."""
    visit = organizer(request)
    await visit.form()
    if not visit.used_token:  # else this request has a new access token already
        await visit.carry_on()
    raise web.HTTPSeeOther("/organizer/dashboard")
