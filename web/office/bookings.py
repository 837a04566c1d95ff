"""Bookings of an organization's shows: found, listed, as a file, looked at, and given back."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from aiohttp import web
from boxoffice.booking.v1 import booking_pb2, office_pb2, tickets_pb2
from boxoffice.inventory.v1 import catalog_pb2
from boxoffice.payment.v1 import payment_pb2

from boxoffice_client import BoxofficeError
from boxoffice_client.errors import NotFound
from web.failures import words
from web.languages import N_, _
from web.numbers import number
from web.office import acting
from web.office.acting import Acting
from web.office.picking import pick_show, shows_to_pick
from web.visits import VISIT, Visit

A_PAGE = 25
LONGEST_QUESTION = 100
LONGEST_TOKEN = 200

STATES = {
    "": N_("All"),
    "CONFIRMED": N_("Confirmed"),
    "PENDING": N_("Not paid yet"),
    "REFUNDED": N_("Given back"),
    "CANCELLED": N_("Called off"),
    "EXPIRED": N_("Not paid in time"),
}
"""What a list of bookings may be of."""

STAY = ("FAILED_PRECONDITION", "INVALID_ARGUMENT", "ABORTED")
"""After a refusal with one of these codes the page stays, and says why."""

CAUSES = {
    booking_pb2.Booking.SeatRefund.REQUESTED: N_("the customer asked"),
    booking_pb2.Booking.SeatRefund.GRANTED: N_("staff granted it"),
    booking_pb2.Booking.SeatRefund.SHOW_CANCELLED: N_("the show was cancelled"),
    booking_pb2.Booking.SeatRefund.SHOW_RESCHEDULED: N_("the show was moved"),
}

PAYMENTS = {
    payment_pb2.Payment.PENDING: N_("under way"),
    payment_pb2.Payment.SUCCESS: N_("paid"),
    payment_pb2.Payment.FAILED: N_("declined"),
    payment_pb2.Payment.EXPIRED: N_("not paid in time"),
    payment_pb2.Payment.REFUNDED: N_("given back"),
    payment_pb2.Payment.PARTIALLY_REFUNDED: N_("partly given back"),
}
"""How a payment stands, in words."""

TICKETS = {
    tickets_pb2.Ticket.VALID: N_("valid"),
    tickets_pb2.Ticket.ADMITTED: N_("let in"),
    tickets_pb2.Ticket.REVOKED: N_("good for nothing"),
}
"""How a ticket stands, in words."""

routes = web.RouteTableDef()


@routes.get("/organizer/bookings")
async def choose(request: web.Request) -> web.StreamResponse:
    """Let the visitor look for bookings, or choose a show."""
    visit: Visit = request[VISIT]
    here = acting.acting(visit)
    here.need(acting.SEE_BOOKINGS, N_("see bookings"))
    can_search = here.may(acting.SEARCH)
    picking = await shows_to_pick(visit, here)
    return visit.page("office/bookings-by-show.html", here=here, picking=picking, can_search=can_search)


@routes.post("/organizer/bookings")
async def find(request: web.Request) -> web.StreamResponse:
    """Find bookings of all shows of an organization. Names are in forms only, as addresses are written down."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    here = acting.acting(visit)
    here.need(acting.SEARCH, N_("look for bookings by number or name"))
    asked, wrong = form.get("q", "").strip()[:LONGEST_QUESTION], ""
    found = office_pb2.SearchBookingsResponse()
    try:
        found = await visit.services.search_bookings(
            organization_id=here.organization_id, q=asked, page_size=A_PAGE, page_token=form.get("page", "")
        )
    except BoxofficeError as error:
        if error.code.name not in (*STAY, "RESOURCE_EXHAUSTED"):
            raise
        wrong = words(error)
    return visit.page("office/found.html", 400 if wrong else 200, here=here, asked=asked, found=found, wrong=wrong)


@routes.get("/organizer/events/{event_id}/bookings")
async def of_show(request: web.Request) -> web.StreamResponse:
    """Show the bookings of a show, those of one state where that is asked for."""
    visit: Visit = request[VISIT]
    show, here, others = await pick_show(visit)
    here.need(acting.SEE_BOOKINGS, N_("see bookings"))
    state = request.query.get("state", "")
    state = state if state in STATES else ""
    found = await visit.services.list_show_bookings(
        show_id=show.id,
        page_size=A_PAGE,
        page_token=request.query.get("page", "")[:LONGEST_TOKEN],
        **({"status": booking_pb2.Booking.Status.Value(state)} if state else {}),
    )
    said: dict[str, Any] = {"show": show, "shows": others, "here": here, "state": state, "found": found}
    return visit.page("office/bookings.html", **said, states=STATES, can_search=here.may(acting.SEARCH))


@routes.get("/organizer/events/{event_id}/bookings.csv")
async def as_file(request: web.Request) -> web.StreamResponse:
    """Give the bookings of a show as a file for spreadsheets, as they are read; its last line says that it is whole."""
    visit: Visit = request[VISIT]
    show, here, _others = await pick_show(visit)
    here.need(acting.SEE_BOOKINGS, N_("have the list of bookings"))
    pieces = visit.services.bookings_of(show_id=show.id)
    # The first piece is waited for, so that a refusal is a page and no file. A failure later breaks the download off.
    first = await anext(pieces, b"")
    name = f"bookings-{show.start_time.ToDatetime():%Y-%m-%d}-{show.id[:8]}.csv"
    headers = {"content-type": "text/csv; charset=utf-8", "content-disposition": f'attachment; filename="{name}"'}
    return web.Response(body=_joined(first, pieces), headers=headers)


async def _joined(first: bytes, pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    yield first
    async for piece in pieces:
        yield piece


@routes.get("/organizer/bookings/{booking_id}")
async def one(request: web.Request) -> web.StreamResponse:
    """Show one booking, whosever it is."""
    visit: Visit = request[VISIT]
    return await _one(visit, *await _seen(visit))


async def _seen(visit: Visit) -> tuple[booking_pb2.Booking, catalog_pb2.Show, Acting]:
    """Return the booking that the address names, its show, and the visitor's role there."""
    visit.need_user()
    booking = await visit.services.get_booking(booking_id=visit.request.match_info["booking_id"])
    show = await visit.services.get_show(show_id=booking.show.id)
    here = acting.acting_for(visit, show.organization_id)
    here.need(acting.SEE_BOOKINGS, N_("see bookings"))
    return booking, show, here


async def _one(
    visit: Visit,
    booking: booking_pb2.Booking,
    show: catalog_pb2.Show,
    here: Acting,
    wrong: str = "",
    chosen: tuple[list[str], str, str] = ([], "100", ""),
) -> web.Response:
    """`chosen`: the seats, the share and the reason that the form of a refund had."""
    try:
        tickets = (await visit.services.list_tickets(booking_id=booking.id)).tickets
    except NotFound:
        tickets = []  # type: ignore[assignment]  # moments after it was confirmed
    seats, percentage, reason = chosen
    said: dict[str, Any] = {"booking": booking, "show": show, "here": here, "causes": CAUSES, "wrong": wrong}
    said |= {"payments": PAYMENTS, "ticket_states": TICKETS}
    said |= {"tickets": {each.show_seat_id: each for each in tickets}, "may_refund": here.may(acting.REFUND)}
    said |= {"seats": seats, "percentage": percentage, "reason": reason, "is_done": "refunded" in visit.request.query}
    return visit.page("office/booking.html", 409 if wrong else 200, **said)


@routes.post("/organizer/bookings/{booking_id}/refund")
async def refund(request: web.Request) -> web.StreamResponse:
    """Show what would come back of seats; give them back once that was seen and agreed to."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    booking, show, here = await _seen(visit)
    here.need(acting.REFUND, N_("refund bookings"))
    seats, reason = await visit.choices("seat"), form.get("reason", "").strip()
    percentage = number(form.get("percentage", ""), least=0, most=101, otherwise=0)
    chosen = (seats, form.get("percentage", ""), reason)
    if wrong := _missing(seats, percentage, reason):
        return await _one(visit, booking, show, here, wrong, chosen)
    share: dict[str, Any] = {"booking_id": booking.id, "show_seat_ids": seats, "percentage": percentage}
    try:
        seen = await visit.services.preview_refund(user_id=booking.user_id, **share)
        if form.get("agreed") != f"{seen.refund_amount}":
            said: dict[str, Any] = {"booking": booking, "seats": seats, "seen": seen, "reason": reason, "here": here}
            return visit.page("office/refund.html", **said, percentage=percentage, is_changed="agreed" in form)
        await visit.services.grant_refund(**share, reason=reason, idempotency_key=form.get("key", ""))
    except BoxofficeError as error:
        if error.code.name not in STAY:
            raise
        if not ("agreed" in form and set(seats) <= {seat.id for seat in booking.seats if seat.refund_id}):
            return await _one(visit, booking, show, here, words(error), chosen)
        # The form was sent twice.
    raise web.HTTPSeeOther(f"/organizer/bookings/{booking.id}?refunded=1")


def _missing(seats: list[str], percentage: int, reason: str) -> str:
    """Return what the form of a refund lacks; nothing where it is whole."""
    if not seats:
        return _("Choose the seats to give back first.")
    if not 1 <= percentage <= 100:
        return _("Say how much comes back: 1 to 100 per cent.")
    return "" if reason else _("Say why: the reason is kept with the refund.")
