"""The visitor's bookings: the list, one of them with its tickets, and giving seats back."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web
from boxoffice.booking.v1 import booking_pb2, transfers_pb2

from boxoffice_client import BoxofficeError
from boxoffice_client.errors import NotFound
from web.failures import refusal
from web.languages import _
from web.numbers import number
from web.peers import Services
from web.visits import VISIT, Visit

A_PAGE = 10
LAST_PAGE = 1_000
PERIODS = {"upcoming": booking_pb2.ListBookingsRequest.UPCOMING, "past": booking_pb2.ListBookingsRequest.PAST}

PAPERS = {
    "tickets.pdf": Services.tickets_of,
    "calendar.ics": Services.calendar_of,
    "invoice.pdf": Services.invoice_of,
}
"""The files of a booking, by their names."""

routes = web.RouteTableDef()


@routes.get("/my-bookings")
async def my_bookings(request: web.Request) -> web.StreamResponse:
    """Show the visitor's bookings to come, or those that are over."""
    visit: Visit = request[VISIT]
    user_id = visit.need_user()
    period = request.query.get("period", "upcoming")
    if period not in PERIODS:
        period = "upcoming"
    page = number(request.query.get("page", ""), least=1, most=LAST_PAGE, otherwise=1)
    found = await visit.services.list_bookings(user_id=user_id, period=PERIODS[period], page=page, limit=A_PAGE)
    pages = -(-found.total // A_PAGE)
    return visit.page("my-bookings.html", found=found, period=period, page=page, pages=pages)


@routes.get("/my-bookings/{booking_id}")
async def my_booking(request: web.Request) -> web.StreamResponse:
    """Show a booking and its tickets."""
    visit: Visit = request[VISIT]
    return await shown(visit)


async def shown(
    visit: Visit, wrong: str = "", status: int = 200, *, given: Mapping[str, str] | None = None
) -> web.Response:
    """Show a booking; `given`: what an offer of a ticket was to say that was refused."""
    user_id, booking_id = visit.need_user(), visit.request.match_info["booking_id"]
    booking = await visit.services.get_booking(booking_id=booking_id, user_id=user_id)
    tickets = (await visit.services.list_tickets(booking_id=booking_id, user_id=user_id)).tickets
    by_seat = {each.show_seat_id: each for each in tickets}
    has_invoice = booking.HasField("confirmed_at") and await _has_invoice(visit, booking_id)
    offers = await _offers(visit, booking) if booking.status == booking.CONFIRMED else {}
    good = [each for each in tickets if each.status != each.REVOKED]
    others_hold_all = bool(good) and all(each.is_transferred for each in good)
    said = {"booking": booking, "tickets": by_seat, "has_invoice": has_invoice, "offers": offers, "given": given or {}}
    return visit.page("my-booking.html", status, **said, others_hold_all=others_hold_all, wrong=wrong)


async def _offers(visit: Visit, booking: booking_pb2.Booking) -> dict[str, transfers_pb2.TicketOffer]:
    """Return the open offers of a booking's tickets, by these."""
    made = transfers_pb2.ListTicketOffersRequest.MADE
    listed = await visit.services.list_ticket_offers(
        user_id=visit.user_id, side=made, booking_id=booking.id, page_size=100
    )
    return {each.ticket_id: each for each in listed.offers if each.status == each.OPEN}


async def _has_invoice(visit: Visit, booking_id: str) -> bool:
    """Tell whether a booking has an invoice, or a receipt."""
    try:
        await visit.services.get_invoice(booking_id=booking_id, user_id=visit.user_id)
    except NotFound:
        return False
    return True


@routes.get("/my-bookings/{booking_id}/tickets/{ticket_id}.svg")
async def ticket(request: web.Request) -> web.StreamResponse:
    """Show a ticket's code as a picture."""
    visit: Visit = request[VISIT]
    user_id = visit.need_user()
    drawn = await visit.services.draw_ticket(ticket_id=request.match_info["ticket_id"], user_id=user_id)
    return web.Response(body=drawn.data, content_type=drawn.content_type)


@routes.get(r"/my-bookings/{booking_id}/{paper:tickets\.pdf|calendar\.ics|invoice\.pdf}")
async def paper(request: web.Request) -> web.StreamResponse:
    """Give the tickets, the entry for calendars or the invoice of a booking as a file that browsers save."""
    visit: Visit = request[VISIT]
    name = request.match_info["paper"]
    ids = {"booking_id": request.match_info["booking_id"], "user_id": visit.need_user()}
    file = await PAPERS[name](visit.services, **ids)
    headers = {"content-type": file.content_type, "content-disposition": f'attachment; filename="{name}"'}
    return web.Response(body=file.data, headers=headers)


@routes.post("/my-bookings/{booking_id}/cancel")
async def cancel(request: web.Request) -> web.StreamResponse:
    """Call off a booking that is not paid."""
    visit: Visit = request[VISIT]
    await visit.form()
    user_id, booking_id = visit.need_user(), request.match_info["booking_id"]
    try:
        await visit.services.cancel_booking(booking_id=booking_id, user_id=user_id)
    except BoxofficeError as error:
        return await shown(visit, refusal(error), 409)
    raise web.HTTPSeeOther(f"/my-bookings/{booking_id}")


@routes.post("/my-bookings/{booking_id}/refund")
async def refund(request: web.Request) -> web.StreamResponse:
    """Show what comes back for the seats that were chosen; give them back once that was seen and agreed to."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    user_id, booking_id = visit.need_user(), request.match_info["booking_id"]
    seats = await visit.choices("seat")
    if not seats:
        return await shown(visit, _("Choose the seats to give back first."), 400)
    try:
        seen = await visit.services.preview_refund(booking_id=booking_id, user_id=user_id, show_seat_ids=seats)
        if form.get("agreed") != f"{seen.refund_amount}":
            booking = await visit.services.get_booking(booking_id=booking_id, user_id=user_id)
            return visit.page("refund.html", booking=booking, seats=seats, seen=seen, is_changed="agreed" in form)
        await visit.services.refund_booking(
            booking_id=booking_id, user_id=user_id, show_seat_ids=seats, idempotency_key=form.get("key", "")
        )
    except BoxofficeError as error:
        wrong = refusal(error)
        if "agreed" in form and await _are_given_back(visit, booking_id, seats):
            raise web.HTTPSeeOther(f"/my-bookings/{booking_id}") from None  # the form was sent twice
        return await shown(visit, wrong, 409)
    raise web.HTTPSeeOther(f"/my-bookings/{booking_id}")


async def _are_given_back(visit: Visit, booking_id: str, seats: list[str]) -> bool:
    """Tell whether the visitor has given these seats of a booking back."""
    booking = await visit.services.get_booking(booking_id=booking_id, user_id=visit.user_id)
    return set(seats) <= {seat.id for seat in booking.seats if seat.refund_id}
