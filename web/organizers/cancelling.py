"""Shows and events that do not take place: what that comes to first, then how far it is."""

from __future__ import annotations

from aiohttp import web
from boxoffice.booking.v1 import cancellations_pb2, office_pb2
from boxoffice.inventory.v1 import catalog_pb2

from boxoffice_client import BoxofficeError
from boxoffice_client.errors import CancellationChanged
from web.languages import _
from web.organizers.access import managed_event, managed_show
from web.organizers.mistakes import Mistakes
from web.visits import Visit

LOOK_AGAIN_SECONDS = 3
"""So often the page about how far it is comes anew."""

FIELDS = {"reason": "reason"}
AGAIN = "asked again"
"""Why an event is cancelled that is cancelled already: it is not kept."""

routes = web.RouteTableDef()


@routes.get("/organizer/shows/{show_id}/cancel")
async def ask_show(request: web.Request) -> web.StreamResponse:
    """Show what the cancellation of a show would come to."""
    visit, show = await managed_show(request)
    return await _ask_show(visit, show, Mistakes())


async def _ask_show(visit: Visit, show: catalog_pb2.Show, mistakes: Mistakes, reason: str = "") -> web.Response:
    seen = await visit.services.preview_show_cancellation(show_id=show.id)
    seats = seats_left(await visit.services.get_show_sales(show_id=show.id))
    said = {"show": show, "event": None, "seen": seen, "seats": seats, "mistakes": mistakes, "reason": reason}
    return visit.page("organizers/cancel.html", 409 if mistakes else 200, **said)


@routes.post("/organizer/shows/{show_id}/cancel")
async def cancel_show(request: web.Request) -> web.StreamResponse:
    """Cancel a show, if that comes to what the page showed."""
    visit, show = await managed_show(request)
    form, mistakes = await visit.form(), Mistakes()
    reason = form.get("reason", "").strip()
    try:
        await visit.services.cancel_show(show_id=show.id, token=form.get("token", ""), reason=reason)
    except CancellationChanged:
        mistakes.others.append(_("Meanwhile it comes to something else. Look at the figures below, then cancel."))
    except BoxofficeError as error:
        mistakes.take(error, FIELDS)
    if mistakes:
        return await _ask_show(visit, show, mistakes, reason)
    raise web.HTTPSeeOther(f"/organizer/shows/{show.id}/cancellation")


@routes.get("/organizer/shows/{show_id}/cancellation")
async def show_progress(request: web.Request) -> web.StreamResponse:
    """Show how far the cancellation of a show is."""
    visit, show = await managed_show(request)
    found = await visit.services.get_show_cancellation(show_id=show.id)
    return _progress(visit, show.title, show.event_id or show.movie_id, [found])


def seats_left(sales: office_pb2.Sales) -> int:
    """Return how many seats are sold and not given back: as many people are expected."""
    return sum(total.seats - total.refunded_seats for total in sales.totals)


def _progress(visit: Visit, title: str, event_id: str, shows: list[cancellations_pb2.ShowCancellation]) -> web.Response:
    sums = {
        name: sum(getattr(one, name) for one in shows)
        for name in (
            *("cancelled_bookings", "refunded_bookings", "refunding_bookings", "stuck_bookings"),
            "unswept_bookings",
        )
    }
    is_done = all(one.status == cancellations_pb2.ShowCancellation.DONE for one in shows)
    response = visit.page(
        "organizers/cancellation.html", title=title, event_id=event_id, shows=shows, sums=sums, is_done=is_done
    )
    if not is_done:
        response.headers["refresh"] = str(LOOK_AGAIN_SECONDS)
    return response


@routes.get("/organizer/events/{event_id}/cancel")
async def ask_event(request: web.Request) -> web.StreamResponse:
    """Show what the cancellation of an event with all of its shows would come to."""
    visit, event = await managed_event(request)
    return await _ask_event(visit, event, Mistakes())


async def _ask_event(visit: Visit, event: catalog_pb2.Event, mistakes: Mistakes, reason: str = "") -> web.Response:
    seen = await visit.services.preview_event_cancellation(event_id=event.id)
    seats = seats_left(await visit.services.get_event_sales(event_id=event.id))
    said = {"show": None, "event": event, "seen": seen, "seats": seats, "mistakes": mistakes, "reason": reason}
    return visit.page("organizers/cancel.html", 409 if mistakes else 200, **said)


@routes.post("/organizer/events/{event_id}/cancel")
async def cancel_event(request: web.Request) -> web.StreamResponse:
    """Cancel an event, if that comes to what the page showed."""
    visit, event = await managed_event(request)
    form, mistakes = await visit.form(), Mistakes()
    reason = form.get("reason", "").strip()
    try:
        await visit.services.cancel_event(event_id=event.id, token=form.get("token", ""), reason=reason)
    except CancellationChanged:
        mistakes.others.append(_("Meanwhile it comes to something else. Look at the figures below, then cancel."))
    except BoxofficeError as error:
        mistakes.take(error, FIELDS)
    if mistakes:
        return await _ask_event(visit, event, mistakes, reason)
    raise web.HTTPSeeOther(f"/organizer/events/{event.id}/cancellation")


@routes.get("/organizer/events/{event_id}/cancellation")
async def event_progress(request: web.Request) -> web.StreamResponse:
    """Show how far the cancellation of an event is. Whoever cancels it again is told so, and changes nothing."""
    visit, event = await managed_event(request)
    if event.status != catalog_pb2.Event.CANCELLED:
        raise web.HTTPSeeOther(f"/organizer/events/{event.id}/cancel")
    found = await visit.services.cancel_event(event_id=event.id, reason=AGAIN)
    return _progress(visit, event.title, event.id, list(found.shows))
