"""Where a show is: venues and halls that there are, and new ones of the organization's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from boxoffice.inventory.v1 import catalog_pb2, seat_pb2
from google.api.httpbody_pb2 import HttpBody

from boxoffice_client import BoxofficeError
from web.languages import _
from web.numbers import number
from web.organizers.access import managed_event
from web.organizers.mistakes import Mistakes
from web.organizers.uploads import LARGEST_BYTES, LEFT_SECONDS, WORK_SECONDS, sent
from web.visits import Visit

A_PAGE = 50
MOST_ROWS = 200
MOST_SEATS_OF_A_ROW = 200
MOST_PLACES = 50_000
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

FIELDS = {
    "name": "venue",
    "city": "city",
    "address": "address",
    "timeZone": "zone",
}
HALL_FIELDS = {"name": "hall", "SCREEN_ALREADY_EXISTS": "hall", "sections": "rows", "areas": "places"}

FILE_FIELDS = {"file": "file", "name": "file", "SCREEN_ALREADY_EXISTS": "file", "REQUEST_TOO_LARGE": "file"}
FORMATS = {
    "BOXOFFICE": catalog_pb2.ImportHallRequest.BOXOFFICE,
    "PRETIX": catalog_pb2.ImportHallRequest.PRETIX,
}
SHAPES: Mapping[str, dict[str, str]] = {
    "theatre": {"rows": "14", "seats": "20", "vip": "0", "premium": "5", "places": "0"},
    "cinema": {"rows": "12", "seats": "18", "vip": "0", "premium": "0", "places": "0"},
    "club": {"rows": "4", "seats": "10", "vip": "1", "premium": "0", "places": "250"},
    "standing": {"rows": "0", "seats": "0", "vip": "0", "premium": "0", "places": "500"},
}
"""Ready halls, to begin with: what the form is filled with."""

_EMPTY = {"venue": "", "city": "", "address": "", "zone": "", "hall": "", "venue_id": ""} | SHAPES["theatre"]

routes = web.RouteTableDef()


@routes.get("/organizer/events/{event_id}/halls")
async def choose_hall(request: web.Request) -> web.StreamResponse:
    """Show the halls in which the event may be."""
    visit, event = await managed_event(request)
    shape = SHAPES.get(request.query.get("shape", ""), {})
    return await _halls(visit, event, _EMPTY | shape | {"venue_id": request.query.get("venue", "")}, Mistakes())


async def _halls(visit: Visit, event: catalog_pb2.Event, typed: Mapping[str, str], mistakes: Mistakes) -> web.Response:
    city, token = visit.request.query.get("city", "").strip()[:100], visit.request.query.get("page", "")[:500]
    found = await visit.services.list_venues(city=city, page_size=A_PAGE, page_token=token)
    own = [venue for venue in found.venues if venue.organization_id == event.organization_id]
    if typed["venue_id"] not in ["", *(venue.id for venue in own)]:
        own += await _own_venue(visit, event, typed["venue_id"])
    everybodys = [venue for venue in found.venues if not venue.organization_id and venue not in own]
    others = [venue for venue in found.venues if venue not in own and venue not in everybodys]
    more = urlencode({"city": city, "page": found.next_page_token}) if found.next_page_token else ""
    return visit.page(
        "organizers/halls.html",
        400 if mistakes else 200,
        event=event,
        groups=[("own", own), ("everybody", everybodys), ("others", others)],
        own=own,
        city=city,
        more=more,
        typed=typed,
        mistakes=mistakes,
        shapes=list(SHAPES),
        most_rows=MOST_ROWS,
        most_seats=MOST_SEATS_OF_A_ROW,
        most_places=MOST_PLACES,
    )


async def _own_venue(visit: Visit, event: catalog_pb2.Event, venue_id: str) -> list[catalog_pb2.Venue]:
    """Return a venue that was chosen and is on another page, such as one just made; nothing where it is another's."""
    try:
        venue = await visit.services.get_venue(venue_id=venue_id)
    except BoxofficeError:
        return []  # the page is good without
    return [venue] if venue.organization_id == event.organization_id else []


@routes.post("/organizer/events/{event_id}/halls")
async def make_hall(request: web.Request) -> web.StreamResponse:
    """Make a hall, at a venue of the organization or at a new one, and go on to the date there."""
    visit, event = await managed_event(request)
    form = await visit.form()
    typed = _EMPTY | {name: form.get(name, "").strip() for name in _EMPTY}
    mistakes, key = Mistakes(), form.get("key", "")
    sections, areas = _plan(typed, mistakes)
    if not typed["hall"]:
        mistakes.add("hall", _("Give the hall a name, such as Main hall."))
    if mistakes:
        return await _halls(visit, event, typed, mistakes)
    try:
        venue_id = typed["venue_id"] or (await _venue(visit, event, typed, key)).id
    except BoxofficeError as error:
        mistakes.take(error, FIELDS)
        return await _halls(visit, event, typed, mistakes)
    try:
        screen = await visit.services.create_screen(
            venue_id=venue_id, name=typed["hall"], sections=sections, areas=areas, idempotency_key=key
        )
    except BoxofficeError as error:
        mistakes.take(error, HALL_FIELDS)
        return await _halls(visit, event, {**typed, "venue_id": venue_id}, mistakes)
    raise web.HTTPSeeOther(_date_in(event.id, venue_id, screen.id))


@routes.post("/organizer/events/{event_id}/halls/file")
async def upload_hall(request: web.Request) -> web.StreamResponse:
    """Make a hall of a file, one of Boxoffice's own or a seating plan of pretix."""
    visit, event = await managed_event(request)
    texts, kind, plan = await sent(visit)
    visit.wait_for(LEFT_SECONDS)
    typed, mistakes = _EMPTY | {"venue_id": texts.get("venue_id", "")}, Mistakes()
    if not plan:
        mistakes.add("file", _("Choose a file first."))
    elif len(plan) > LARGEST_BYTES:
        mistakes.add("file", _("The file has more than 8 MB."))
    if mistakes:
        return await _halls(visit, event, typed, mistakes)
    services = visit.services.with_options(timeout_seconds=WORK_SECONDS)
    try:
        screen = await services.upload_hall(
            venue_id=typed["venue_id"],
            name=texts.get("name", "").strip(),
            file=HttpBody(content_type=kind, data=plan),
            format=FORMATS.get(texts.get("format", ""), catalog_pb2.ImportHallRequest.BOXOFFICE),
        )
    except BoxofficeError as error:
        mistakes.take(error, FILE_FIELDS)
        return await _halls(visit, event, typed, mistakes)
    raise web.HTTPSeeOther(_date_in(event.id, typed["venue_id"], screen.id))


def _date_in(event_id: str, venue_id: str, screen_id: str) -> str:
    """Return where a date in a hall is added."""
    return f"/organizer/events/{event_id}/shows/create?{urlencode({'venue': venue_id, 'screen': screen_id})}"


async def _venue(visit: Visit, event: catalog_pb2.Event, typed: Mapping[str, str], key: str) -> catalog_pb2.Venue:
    return await visit.services.create_venue(
        name=typed["venue"],
        city=typed["city"],
        address=typed["address"],
        time_zone=typed["zone"],
        organization_id=event.organization_id,
        idempotency_key=key,
    )


def _plan(
    typed: Mapping[str, str], mistakes: Mistakes
) -> tuple[Sequence[catalog_pb2.CreateScreenRequest.Section], Sequence[catalog_pb2.CreateScreenRequest.Area]]:
    """Return the seats and the places of a hall that a form describes: VIP rows in front, then premium ones."""
    most = {"rows": MOST_ROWS, "seats": MOST_SEATS_OF_A_ROW, "vip": MOST_ROWS, "premium": MOST_ROWS}
    most["places"] = MOST_PLACES
    counts: dict[str, int] = {}
    for name, limit in most.items():
        counts[name] = number(typed[name] or "0", least=0, most=limit + 1, otherwise=limit + 1)
        if counts[name] > limit:
            mistakes.add(name, _("Write a whole number up to %(limit)s.") % {"limit": limit})
    if mistakes:
        return [], []
    rows, seats = counts["rows"], counts["seats"]
    if bool(rows) != bool(seats):
        mistakes.add("seats" if rows else "rows", _("Rows and seats of a row go together: both, or 0 and 0."))
    elif counts["vip"] + counts["premium"] > rows:
        mistakes.add("premium", _("There are not so many rows."))
    elif not rows and not counts["places"]:
        mistakes.add("rows", _("A hall has rows of seats, places to stand, or both."))
    if mistakes:
        return [], []
    row = catalog_pb2.CreateScreenRequest.Row
    tiers = [seat_pb2.Seat.VIP] * counts["vip"] + [seat_pb2.Seat.PREMIUM] * counts["premium"]
    tiers += [seat_pb2.Seat.REGULAR] * (rows - len(tiers))
    made = [row(label=_label(n), seat_count=seats, tier=tier) for n, tier in enumerate(tiers)]
    sections: list[Any] = [catalog_pb2.CreateScreenRequest.Section(name="Seats", rows=made)] if rows else []
    places = counts["places"]
    standing: list[Any] = [catalog_pb2.CreateScreenRequest.Area(name="Standing", capacity=places)] if places else []
    return sections, standing


def _label(n: int) -> str:
    """Return what a row is called: A to Z, then AA, AB and so on."""
    above, last = divmod(n, len(LETTERS))
    return (LETTERS[above - 1] if above else "") + LETTERS[last]
