"""What has become of the visitor's bookings: notices, to be read."""

from __future__ import annotations

from aiohttp import web
from boxoffice.notifications.v1 import notifications_pb2

from web.languages import N_
from web.visits import VISIT, Visit

A_PAGE = 30

_KIND = notifications_pb2.Notice
WORDS = {
    _KIND.CONFIRMED: N_("Your booking is confirmed"),
    _KIND.EXPIRED: N_("Your booking was not paid in time"),
    _KIND.CANCELLED: N_("Your booking was called off"),
    _KIND.PARTLY_REFUNDED: N_("Some seats were given back"),
    _KIND.REFUNDED: N_("Your booking was given back"),
    _KIND.SHOW_RESCHEDULED: N_("The show was moved"),
    _KIND.SHOW_CANCELLED: N_("The show is cancelled, and what was paid comes back"),
    _KIND.PAYMENT_FAILED: N_("A payment was declined, and the booking still waits"),
    _KIND.REMINDER: N_("The show is near"),
    _KIND.TICKET_TRANSFERRED: N_("A ticket that you offered was accepted"),
    _KIND.TICKET_RETURNED: N_("A ticket was given back to you, with a new code"),
    _KIND.OFFER_DECLINED: N_("A ticket that you offered was not wanted, and stays yours"),
    _KIND.OFFER_EXPIRED: N_("Nobody accepted a ticket that you offered, and it stays yours"),
    _KIND.TICKET_REVOKED: N_("The ticket that you have from somebody else is void"),
    _KIND.WEBHOOK_OFF: N_("An endpoint for webhooks was switched off"),
}
"""What a notice says, by its kind."""

WORDS_OF_HELD = WORDS | {
    _KIND.SHOW_CANCELLED: N_("The show is cancelled, and the ticket that you have from somebody else is void")
}
"""The same, where it is about a ticket from somebody else."""

routes = web.RouteTableDef()


@routes.get("/notices")
async def notices(request: web.Request) -> web.StreamResponse:
    """Show the visitor's notices, the newest first."""
    visit: Visit = request[VISIT]
    user_id, token = visit.need_user(), request.query.get("page", "")[:500]
    found = await visit.services.list_notices(user_id=user_id, page_size=A_PAGE, page_token=token)
    return visit.page("notices.html", found=found, words=WORDS, words_of_held=WORDS_OF_HELD)


@routes.post("/notices")
async def read(request: web.Request) -> web.StreamResponse:
    """Mark those as read that the page showed."""
    visit: Visit = request[VISIT]
    user_id, form = visit.need_user(), await visit.form()
    await visit.services.read_all_notices(user_id=user_id, up_to_notice_id=form.get("newest", ""))
    raise web.HTTPSeeOther("/notices")
