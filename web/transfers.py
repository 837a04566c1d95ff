"""Tickets that are given to somebody else: offered on the page of a booking, accepted on a page of their own."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from boxoffice.booking.v1 import tickets_pb2, transfers_pb2

from boxoffice_client import BoxofficeError
from boxoffice_client.errors import NotFound
from web import bookings
from web.failures import words
from web.visits import VISIT, Visit

MOST = 100
"""Offers to a visitor that a page shows."""

MOST_PAGES = 20
"""Pages of offers among which one is looked for: whoever makes many offers to somebody hides no ticket of theirs."""

_MADE, _RECEIVED = transfers_pb2.ListTicketOffersRequest.MADE, transfers_pb2.ListTicketOffersRequest.RECEIVED
_STAYS = ("FAILED_PRECONDITION", "INVALID_ARGUMENT", "ABORTED", "RESOURCE_EXHAUSTED")
"""The kinds of refusals that a form is shown again for."""

routes = web.RouteTableDef()


# --- By the buyer


@routes.post("/my-bookings/{booking_id}/offers")
async def offer(request: web.Request) -> web.StreamResponse:
    """Offer a ticket of a booking to an e-mail address."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    asked = {name: form.get(field, "").strip() for name, field in (("email", "email"), ("recipient_name", "name"))}
    ticket_id, user_id = form.get("ticket", ""), visit.need_user()
    try:
        await visit.services.offer_ticket(
            ticket_id=ticket_id, user_id=user_id, idempotency_key=form.get("key", ""), **asked
        )
    except BoxofficeError as error:
        if error.code.name not in _STAYS:
            raise
        return await bookings.shown(visit, words(error), 409, given={"ticket": ticket_id, **asked})
    raise web.HTTPSeeOther(f"/my-bookings/{request.match_info['booking_id']}#transfers")


@routes.post("/my-bookings/{booking_id}/offers/{offer_id}/withdraw")
async def withdraw(request: web.Request) -> web.StreamResponse:
    """Take an offer back."""
    visit: Visit = request[VISIT]
    await visit.form()
    ids = {"offer_id": request.match_info["offer_id"], "user_id": visit.need_user()}
    try:
        await visit.services.withdraw_offer(**ids)
    except BoxofficeError as error:
        if error.code.name not in _STAYS:
            raise
        return await bookings.shown(visit, words(error), 409)
    raise web.HTTPSeeOther(f"/my-bookings/{request.match_info['booking_id']}#transfers")


# --- By whom it is made to


@routes.get("/transfers")
async def transfers(request: web.Request) -> web.StreamResponse:
    """Show the tickets that others offer to the visitor, and those that the visitor has from others."""
    visit: Visit = request[VISIT]
    token = request.query.get("after", "")
    found = await visit.services.list_ticket_offers(
        user_id=visit.need_user(), side=_RECEIVED, page_size=MOST, page_token=token
    )
    return visit.page("transfers.html", offers=found.offers, after=found.next_page_token)


@routes.get("/transfers/{offer_id}")
async def transfer(request: web.Request) -> web.StreamResponse:
    """Show an offer, or the ticket that the visitor has by it. It changes nothing: buttons do."""
    return await _shown(request[VISIT])


@routes.post("/transfers/{offer_id}/{how}")
async def move(request: web.Request) -> web.StreamResponse:
    """Accept or decline an offer, or give its ticket back."""
    visit: Visit = request[VISIT]
    await visit.form()
    services = visit.services
    calls: dict[str, Any] = {
        "accept": services.accept_offer,
        "decline": services.decline_offer,
        "return": services.return_ticket,
    }
    how, offer_id = request.match_info["how"], request.match_info["offer_id"]
    if how not in calls:
        raise web.HTTPNotFound()
    try:
        await calls[how](offer_id=offer_id, user_id=visit.need_user())
    except BoxofficeError as error:
        if error.code.name not in _STAYS:
            raise
        return await _shown(visit, words(error), 409)
    raise web.HTTPSeeOther(f"/transfers/{offer_id}" if how == "accept" else "/transfers")


async def _shown(visit: Visit, wrong: str = "", status: int = 200) -> web.Response:
    user_id, offer_id = visit.need_user(), visit.request.match_info["offer_id"]
    offer = await _received(visit, user_id, offer_id)
    if offer is None:
        # It may be over, be made to another address, or to this one, which is not verified.
        return visit.page("transfer.html", 404, offer=None, user=await visit.services.get_profile(), wrong=wrong)
    ticket = None
    if offer.status == offer.ACCEPTED:
        try:
            listed = await visit.services.list_tickets(booking_id=offer.booking_id, user_id=user_id)
        except NotFound:
            listed = tickets_pb2.ListTicketsResponse()
        ticket = next((each for each in listed.tickets if each.id == offer.ticket_id), None)
    return visit.page("transfer.html", status, offer=offer, ticket=ticket, wrong=wrong)


async def _received(visit: Visit, user_id: str, offer_id: str) -> transfers_pb2.TicketOffer | None:
    """Return an offer to the visitor, or one that the visitor has accepted; None: there is none."""
    token = ""
    for _page in range(MOST_PAGES):
        found = await visit.services.list_ticket_offers(
            user_id=user_id, side=_RECEIVED, page_size=MOST, page_token=token
        )
        for each in found.offers:
            if each.id == offer_id:
                return each
        if not (token := found.next_page_token):
            break
    return None
