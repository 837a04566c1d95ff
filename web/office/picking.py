"""Which show a page of the office is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aiohttp import web
from boxoffice.inventory.v1 import catalog_pb2

from web.office import acting
from web.office.acting import Acting

if TYPE_CHECKING:
    from web.visits import Visit

A_PAGE = 20
MOST_SHOWS = 100
"""So many shows of an event can be changed to from the page of one."""

PAST_DAYS = 366
"""So long ago shows may be that a list of past ones has."""

LONGEST_TOKEN = 200


@dataclass(frozen=True, slots=True)
class Picking:
    """A page of shows to choose from."""

    shows: Sequence[catalog_pb2.Show]
    is_past: bool
    next_page: str
    """The token of the next page; empty: there is none."""


async def shows_to_pick(visit: Visit, here: Acting) -> Picking:
    """Return a page of an organization's shows: those to come, or, if the address asks so, of the last year."""
    is_past = "past" in visit.request.query
    asked: dict[str, Any] = {"page_size": A_PAGE, "page_token": visit.request.query.get("page", "")[:LONGEST_TOKEN]}
    if here.organization_id:
        asked["organization_id"] = here.organization_id
    if is_past:
        asked["from_"] = datetime.now(UTC) - timedelta(days=PAST_DAYS)
        asked["to"] = datetime.now(UTC)
    found = await visit.services.list_shows(**asked)
    return Picking(found.shows, is_past, found.next_page_token)


async def pick_show(visit: Visit) -> tuple[catalog_pb2.Show, Acting, Sequence[catalog_pb2.Show]]:
    """Return the show that the address names, or the next one of its event; the visitor's role there; its other shows.

    Raise HTTPNotFound where the event has none, or the show is none of the event's; Failed where it is not the
    visitor's to see.
    """
    visit.need_user()
    event_id, show_id = visit.request.match_info["event_id"], visit.request.query.get("showId", "")
    if show_id:
        show = await visit.services.get_show(show_id=show_id)
        if event_id != (show.event_id or show.movie_id):
            raise web.HTTPNotFound()
    shows = await _shows_of(visit, event_id)
    if not show_id:
        mine = [each for each in shows if visit.claims.is_admin or each.organization_id in visit.claims.memberships]
        if not mine:
            raise web.HTTPNotFound()
        show = mine[0]
    here = acting.acting_for(visit, show.organization_id)
    return show, here, [each for each in shows if each.organization_id == show.organization_id]


async def _shows_of(visit: Visit, event_id: str) -> Sequence[catalog_pb2.Show]:
    event = await visit.services.get_event(event_id=event_id)
    named: dict[str, Any] = {"movie_id" if event.category == catalog_pb2.Event.MOVIE else "event_id": event.id}
    return (await visit.services.list_shows(page_size=MOST_SHOWS, **named)).shows


def of_show(page: str, show: catalog_pb2.Show, /, **more: str) -> str:
    """Return the address of a page of the office about a show."""
    query = urlencode({"showId": show.id, **{name: value for name, value in more.items() if value}})
    return f"/organizer/events/{show.event_id or show.movie_id}/{page}?{query}"
