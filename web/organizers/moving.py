"""Shows that take place at another time or in another hall: whom that concerns first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from boxoffice.booking.v1 import cancellations_pb2
from boxoffice.inventory.v1 import catalog_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from boxoffice_client import BoxofficeError
from web.languages import _
from web.organizers.access import managed_show
from web.organizers.cancelling import seats_left
from web.organizers.mistakes import Mistakes
from web.organizers.shows import time_of
from web.organizers.times import is_kept
from web.organizers.times import typed as typed_time
from web.visits import Visit

FIELDS = {
    "startTime": "start",
    "screenId": "screen",
    "salesEndAt": "sales_end",
    "SHOW_OVERLAPS": "start",
    "RESCHEDULE_TOO_LATE": "start",
    "SHOW_STARTED": "start",
}

routes = web.RouteTableDef()


@routes.get("/organizer/shows/{show_id}/reschedule")
async def ask(request: web.Request) -> web.StreamResponse:
    """Show the form of another time or hall."""
    visit, show = await managed_show(request)
    typed = {"start": typed_time(show.start_time, show.time_zone), "screen": show.screen_id, "sales_end": ""}
    return await _form(visit, show, typed, Mistakes())


async def _form(
    visit: Visit,
    show: catalog_pb2.Show,
    typed: Mapping[str, str],
    mistakes: Mistakes,
    seen: cancellations_pb2.CancellationPreview | None = None,
    start: datetime | None = None,
) -> web.Response:
    venue = await visit.services.get_venue(venue_id=show.venue_id)
    then, seats = Timestamp(), 0
    if start is not None:
        then.FromDatetime(start)
        seats = seats_left(await visit.services.get_show_sales(show_id=show.id))
    return visit.page(
        "organizers/reschedule.html",
        409 if mistakes else 200,
        show=show,
        screens=venue.screens,
        typed=typed,
        mistakes=mistakes,
        seen=seen,
        then=then,
        seats=seats,
    )


@routes.post("/organizer/shows/{show_id}/reschedule")
async def move(request: web.Request) -> web.StreamResponse:
    """Show whom it concerns; have the show take place at another time or in another hall once that was seen."""
    visit, show = await managed_show(request)
    form, mistakes = await visit.form(), Mistakes()
    typed = {name: form.get(name, "").strip() for name in ("start", "screen", "sales_end")}
    start = time_of(typed, "start", show.time_zone, mistakes, is_needed=True)
    if is_kept(typed["start"], show.start_time, show.time_zone):
        start = show.start_time.ToDatetime(tzinfo=UTC)
    end = time_of(typed, "sales_end", show.time_zone, mistakes)
    fields = _changes(show, start, typed["screen"], end)
    if form.get("revision", f"{show.revision}") != f"{show.revision}" and not mistakes:
        is_as_said = end in (None, show.sales_end_at.ToDatetime(tzinfo=UTC))
        if is_as_said and not {"start_time", "screen_id"} & fields.keys():
            raise web.HTTPSeeOther(f"/organizer/shows/{show.id}?moved=1")  # the form was sent twice
        mistakes.others.append(_("Meanwhile somebody else changed its times or its hall. Look at them, then move it."))
    if not mistakes and not fields:
        mistakes.others.append(_("This is when and where it takes place already."))
    if not mistakes and start is not None and start <= datetime.now(UTC):
        mistakes.add("start", _("This time is over."))
    if mistakes:
        return await _form(visit, show, typed, mistakes)
    seen = await visit.services.preview_show_cancellation(show_id=show.id)
    if form.get("agreed") != seen.token:
        if "agreed" in form:
            mistakes.others.append(_("Meanwhile it concerns others. Look at the figures below once more."))
        return await _form(visit, show, typed, mistakes, seen, start)
    try:
        await visit.services.reschedule_show(show_id=show.id, **fields, idempotency_key=form.get("key", ""))
    except BoxofficeError as error:
        mistakes.take(error, FIELDS)
        return await _form(visit, show, typed, mistakes)
    raise web.HTTPSeeOther(f"/organizer/shows/{show.id}?moved=1")


def _changes(show: catalog_pb2.Show, start: datetime | None, screen_id: str, end: datetime | None) -> dict[str, Any]:
    """Return the fields of the request that say something new."""
    request = catalog_pb2.RescheduleShowRequest()
    fields: dict[str, Any] = {}
    if start is not None and start != show.start_time.ToDatetime(tzinfo=UTC):
        request.start_time.FromDatetime(start)
        fields["start_time"] = request.start_time
    if screen_id and screen_id != show.screen_id:
        fields["screen_id"] = screen_id
    if end is not None:
        request.sales_end_at.FromDatetime(end)
        fields["sales_end_at"] = request.sales_end_at
    return fields
