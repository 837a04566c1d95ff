"""Pay for a booking: at the page of the bank, and back."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import uuid4

from aiohttp import web
from boxoffice.booking.v1 import booking_pb2
from boxoffice.payment.v1 import payment_pb2

from boxoffice_client import BoxofficeError
from boxoffice_client.errors import NotFound
from web.failures import refusal
from web.languages import N_
from web.visits import VISIT, Visit

METHODS = {"CARD": N_("Card"), "UPI": N_("UPI"), "NETBANKING": N_("Netbanking")}

WAIT_SECONDS = 3
"""How long a page waits for the bank's word before it is shown as it stands."""

routes = web.RouteTableDef()


@routes.get("/payment/{booking_id}")
async def payment(request: web.Request) -> web.StreamResponse:
    """Show what is to be paid, or how the payment stands."""
    visit: Visit = request[VISIT]
    user_id, booking_id = visit.need_user(), request.match_info["booking_id"]
    is_back = "back" in request.query
    booking = await visit.services.get_booking(
        booking_id=booking_id,
        user_id=user_id,
        wait_seconds=WAIT_SECONDS if is_back else 0,
        while_status=booking_pb2.Booking.PENDING if is_back else booking_pb2.Booking.STATUS_UNSPECIFIED,
    )
    if booking.status != booking_pb2.Booking.PENDING:
        raise web.HTTPSeeOther(f"/my-bookings/{booking_id}")
    return await _page(visit, booking, is_back=is_back)


async def _page(visit: Visit, booking: booking_pb2.Booking, *, is_back: bool, wrong: str = "") -> web.Response:
    last = next(iter(await _tries(visit, booking.id)), payment_pb2.Payment())
    is_declined = last.status == payment_pb2.Payment.FAILED
    is_waiting = is_back and last.status == payment_pb2.Payment.PENDING
    said = {"booking": booking, "is_declined": is_declined, "is_waiting": is_waiting, "methods": METHODS}
    return visit.page("payment.html", 409 if wrong else 200, **said, wrong=wrong, key=str(uuid4()))


async def _tries(visit: Visit, booking_id: str) -> Sequence[payment_pb2.Payment]:
    """Return the payments of a booking, the newest first."""
    try:
        return (await visit.services.get_payment_status(booking_id=booking_id, user_id=visit.user_id)).payments
    except NotFound:
        return []


@routes.post("/payment/{booking_id}")
async def pay(request: web.Request) -> web.StreamResponse:
    """Begin a payment, and send the visitor to the page of the bank."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    user_id, booking_id = visit.need_user(), request.match_info["booking_id"]
    method = form.get("method", "")
    chosen = payment_pb2.Payment.Method.Value(method) if method in METHODS else payment_pb2.Payment.METHOD_UNSPECIFIED
    try:
        begun = await visit.services.initiate_payment(
            booking_id=booking_id, user_id=user_id, method=chosen, idempotency_key=form.get("key", "")
        )
    except BoxofficeError as error:
        wrong = refusal(error)
        booking = await visit.services.get_booking(booking_id=booking_id, user_id=user_id)
        return await _page(visit, booking, is_back=False, wrong=wrong)
    if urlsplit(begun.payment_url)[:2] == (urlsplit(visit.public_url).scheme, visit.request.host):
        raise web.HTTPSeeOther(begun.payment_url)
    # Browsers follow a form to this host alone (form-action). So a page of another host is a link: the bank's, and
    # ours for a visitor who came by another name of this host.
    return visit.page("leaving.html", url=begun.payment_url, host=urlsplit(begun.payment_url).hostname or "")
