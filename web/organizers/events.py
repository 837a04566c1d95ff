"""An event from a draft to one that is on: what it is, when and where, its pictures, and the last look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from boxoffice.inventory.v1 import catalog_pb2

from boxoffice_client import BoxofficeError
from web.numbers import number
from web.organizers.access import managed_event, need, organizer
from web.organizers.edits import check, seen
from web.organizers.mistakes import Mistakes
from web.visits import Visit

STEPS = ("what", "dates", "pictures", "publish")
MOST_SHOWS = 100
LONGEST_TOKEN = 200
LONGEST_MINUTES = 1_440
MOST_SEATS = 100
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)

CATEGORIES = ("CONCERT", "THEATRE", "MOVIE", "SPORT", "COMEDY", "CONFERENCE", "OTHER")
LANGUAGES = ("en", "hi", "bn", "ta", "te", "mr", "gu", "kn", "ml", "pa", "ur", "fr", "de", "es")
"""Those that the field suggests; others may be typed."""

FIELDS = {
    "title": "title",
    "description": "description",
    "category": "category",
    "durationMinutes": "minutes",
    "language": "language",
    "maxSeatsPerUser": "most",
}
"""What the form calls the fields of the request."""

routes = web.RouteTableDef()


@routes.get("/organizer/events/create")
async def ask_event(request: web.Request) -> web.StreamResponse:
    """Show the first step of a new event."""
    visit = organizer(request)
    organization_id = _organization(visit)
    typed = {"title": "", "description": "", "category": "CONCERT", "minutes": "120", "language": "", "most": ""}
    return _what(visit, organization_id, typed, Mistakes())


def _organization(visit: Visit) -> str:
    """Return the organization of a new event: the address says it, or it is the first one of the visitor's."""
    asked = visit.request.query.get("organization", "") or min(visit.claims.memberships, default="")
    if not asked:
        raise web.HTTPSeeOther("/organizer/dashboard")
    need(visit, asked)
    return asked


def _what(
    visit: Visit,
    organization_id: str,
    typed: Mapping[str, str],
    mistakes: Mistakes,
    event: catalog_pb2.Event | None = None,
) -> web.Response:
    said = {"event": event, "organization_id": organization_id, "typed": typed, "mistakes": mistakes}
    return visit.page(
        "organizers/what.html",
        400 if mistakes else 200,
        **said,
        step="what",
        steps=STEPS,
        categories=CATEGORIES,
        languages_known=LANGUAGES,
        has_shows=bool(event and event.shows),
        seen=seen(_said(event)) if event else "",
    )


@routes.post("/organizer/events/create")
async def create_event(request: web.Request) -> web.StreamResponse:
    """Make a draft."""
    visit = organizer(request)
    form = await visit.form()
    organization_id = _organization(visit)
    typed, mistakes = _typed(form), Mistakes()
    try:
        event = await visit.services.create_event(
            **_fields(typed), organization_id=organization_id, idempotency_key=form.get("key", "")
        )
    except BoxofficeError as error:
        mistakes.take(error, FIELDS)
        return _what(visit, organization_id, typed, mistakes)
    raise web.HTTPSeeOther(edit_path(event.id, "dates"))


def _typed(form: Mapping[str, str]) -> dict[str, str]:
    names = ("title", "description", "category", "minutes", "language", "most")
    # Browsers send the ends of lines as networks have them.
    return {name: form.get(name, "").strip().replace("\r\n", "\n") for name in names}


def _fields(typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of the request; what is no number is left for the service to refuse."""
    category = typed["category"] if typed["category"] in CATEGORIES else "OTHER"
    return {
        "title": typed["title"],
        "description": typed["description"],
        "category": catalog_pb2.Event.Category.Value(category),
        "duration_minutes": number(typed["minutes"], least=0, most=LONGEST_MINUTES + 1, otherwise=0),
        "language": typed["language"],
        "max_seats_per_user": most_seats(typed["most"]),
    }


def most_seats(text: str) -> int:
    """Return how many seats a form lets one person have: 0 where it says nothing, too many where it says no number."""
    return number(text, least=0, most=MOST_SEATS + 1, otherwise=MOST_SEATS + 1 if text else 0)


def edit_path(event_id: str, step: str, **more: str) -> str:
    """Return where a step of an event is."""
    return f"/organizer/events/{event_id}/edit?{urlencode({'step': step, **more})}"


@routes.get("/organizer/events/{event_id}/edit")
async def edit(request: web.Request) -> web.StreamResponse:
    """Show a step of an event."""
    visit, event = await managed_event(request)
    step = request.query.get("step", "")
    if step not in STEPS:
        step = "what" if event.status != catalog_pb2.Event.PUBLISHED else "dates"
    if step == "what":
        return _what(visit, event.organization_id, _said(event), Mistakes(), event)
    if step == "pictures":
        return step_page(visit, event, step)
    shows, following = await _shows_of(visit, event.id)
    more = edit_path(event.id, step, page=following) if following else ""
    return step_page(visit, event, step, shows=shows, more=more)


def step_page(
    visit: Visit, event: catalog_pb2.Event, step: str, mistakes: Mistakes | None = None, **more: Any
) -> web.Response:
    """Return the page of a step."""
    wrong = mistakes or Mistakes()
    status = 409 if wrong else 200
    return visit.page(f"organizers/{step}.html", status, event=event, step=step, steps=STEPS, mistakes=wrong, **more)


async def _shows_of(visit: Visit, event_id: str) -> tuple[Sequence[catalog_pb2.Show], str]:
    """Return a page of an event's shows, past and cancelled ones too, earliest first; and the next page's token."""
    token = visit.request.query.get("page", "")[:LONGEST_TOKEN]
    found = await visit.services.list_shows(event_id=event_id, from_=BEGINNING, page_size=MOST_SHOWS, page_token=token)
    return found.shows, found.next_page_token


def _said(event: catalog_pb2.Event) -> dict[str, str]:
    """Return what an event says of itself, as the form has it."""
    return {
        "title": event.title,
        "description": event.description,
        "category": catalog_pb2.Event.Category.Name(event.category),
        "minutes": str(event.duration_minutes),
        "language": event.language,
        "most": str(event.max_seats_per_user or ""),
    }


@routes.post("/organizer/events/{event_id}/edit")
async def change(request: web.Request) -> web.StreamResponse:
    """Save what an event says of itself, and go on to the next step."""
    visit, event = await managed_event(request)
    form = await visit.form()
    typed, mistakes = _said(event) | _typed_of(form), Mistakes()
    if typed != _said(event):
        check(form, _said(event), mistakes)
    if mistakes:
        return _what(visit, event.organization_id, typed, mistakes, event)
    fields = _fields(typed)
    if fields["duration_minutes"] == event.duration_minutes:
        del fields["duration_minutes"]
    if fields["category"] == event.category:
        del fields["category"]
    try:
        await visit.services.update_event(event_id=event.id, **fields)
    except BoxofficeError as error:
        fixed = "category" if error.metadata.get("field") == "category" else "minutes"
        mistakes.take(error, FIELDS | {"EVENT_HAS_SHOWS": fixed})
        return _what(visit, event.organization_id, typed, mistakes, event)
    raise web.HTTPSeeOther(edit_path(event.id, "dates", saved="1"))


def _typed_of(form: Mapping[str, str]) -> dict[str, str]:
    """Return what a form says; fields that it does not have stay as they are."""
    return {name: text for name, text in _typed(form).items() if name in form}


@routes.post("/organizer/events/{event_id}/publish")
async def publish(request: web.Request) -> web.StreamResponse:
    """Make a draft public."""
    visit, event = await managed_event(request)
    await visit.form()
    mistakes = Mistakes()
    try:
        await visit.services.publish_event(event_id=event.id)
    except BoxofficeError as error:
        mistakes.take(error, {})
        shows, _following = await _shows_of(visit, event.id)
        return step_page(visit, event, "publish", mistakes, shows=shows)
    raise web.HTTPSeeOther(edit_path(event.id, "publish", published="1"))
