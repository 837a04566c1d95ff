"""What went wrong, in words for people: what happened, and what to do next."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

import grpc
from aiohttp import web

from boxoffice_client import BoxofficeError

if TYPE_CHECKING:
    from web.visits import Visit

log = logging.getLogger(__name__)


class Failed(Exception):
    """A request that is refused with a page."""

    def __init__(self, status: int, title: str, text: str) -> None:
        super().__init__(title)
        self.status, self.title, self.text = status, title, text


BUSY = Failed(503, "Too much is going on", "Very many people are here right now. Try again in a few seconds.")
AWAY = Failed(503, "A part of the shop is away", "It should be back in a moment. Nothing was lost: try again.")
NOT_FOUND = Failed(404, "There is no such page", "The address may be wrong, or what was here is over.")
BROKEN = Failed(500, "Something broke", "It is our mistake, and it is written down. Try again in a while.")

LABELS = {
    "accessCode": "Access code",
    "couponCode": "Coupon",
    "dateFrom": "From",
    "dateTo": "To",
    "email": "E-mail address",
    "name": "Name",
    "password": "Password",
    "phone": "Phone",
    "q": "Words",
    "city": "City",
}
"""What the pages call the fields of requests that visitors fill in."""

_OF_CODE = {
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.ALREADY_EXISTS: 409,
}


def words(error: BoxofficeError) -> str:
    """Return what a service refused, for a page that stays: its own sentence, and each field that is wrong."""
    fields = [f"{LABELS.get(field, field)}: {description}." for field, description in error.violations]
    return " ".join(fields) or error.message


def _is_about_an_id(error: BoxofficeError) -> bool:
    """Tell whether an address, or a hidden field, has something for an id that is none."""
    return any(field.endswith(("Id", "Ids[0]")) for field, _ in error.violations)


def failed(error: Exception) -> Failed:
    """Return what a page says of an error."""
    match error:
        case Failed():
            return error
        case TimeoutError():
            return AWAY
        case web.HTTPNotFound():
            return NOT_FOUND
        case web.HTTPException():
            return Failed(error.status, error.reason or "This cannot be done", "Go back and try it another way.")
        case BoxofficeError() if error.code == grpc.StatusCode.RESOURCE_EXHAUSTED:
            return Failed(429, "That was too often", error.message) if "TOO_MANY" in error.reason else BUSY
        case BoxofficeError() if error.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            return AWAY
        case BoxofficeError() if error.code == grpc.StatusCode.NOT_FOUND or _is_about_an_id(error):
            return NOT_FOUND
        case BoxofficeError() if error.code in _OF_CODE:
            return Failed(_OF_CODE[error.code], "This cannot be done", words(error))
    return BROKEN


def page_of(visit: Visit, error: Exception) -> web.StreamResponse:
    """Return the page for what went wrong."""
    if isinstance(error, BoxofficeError) and error.code == grpc.StatusCode.UNAUTHENTICATED and visit.user_id:
        # The session has ended elsewhere: by a sign-out, a new password, a deletion.
        visit.sign_out()
        following = quote(visit.request.path_qs, safe="") if visit.request.method in ("GET", "HEAD") else ""
        return web.HTTPSeeOther(f"/login?next={following}" if following else "/login")
    said = failed(error)
    if said is BROKEN:
        log.error("a page broke", exc_info=error)
    response = visit.page("failed.html", said.status, title=said.title, text=said.text)
    if isinstance(error, web.HTTPMethodNotAllowed):
        response.headers["allow"] = ", ".join(sorted(error.allowed_methods))
    return response
