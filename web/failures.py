"""What went wrong, in words for people: what happened, and what to do next."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

import grpc
from aiohttp import web

from boxoffice_client import BoxofficeError
from web import refusals
from web.languages import N_, _

if TYPE_CHECKING:
    from web.visits import Visit

log = logging.getLogger(__name__)


class Failed(Exception):
    """A request that is refused with a page."""

    def __init__(self, status: int, title: str, text: str) -> None:
        """`title` and `text` are said in the visitor's language, where the catalogues have them."""
        super().__init__(title)
        self.status, self.title, self.text = status, title, text


# These are shown and never raised: an exception that is kept would keep whatever it passes through, each time.
BUSY = Failed(503, N_("Too much is going on"), N_("Very many people are here right now. Try again in a few seconds."))
AWAY = Failed(503, N_("A part of the shop is away"), N_("It should be back in a moment. Nothing was lost: try again."))
NOT_FOUND = Failed(404, N_("There is no such page"), N_("The address may be wrong, or what was here is over."))
BROKEN = Failed(500, N_("Something broke"), N_("It is our mistake, and it is written down. Try again in a while."))

RETRY_SECONDS = "2"
"""After so long, whoever was told that a part is away may try again."""

_OF_CODE = {
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.ALREADY_EXISTS: 409,
}


_STAYS = {
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}


def words(error: BoxofficeError) -> str:
    """Return what a service refused, for a page that stays."""
    return refusals.said(error)


def refusal(error: BoxofficeError) -> str:
    """Return what a service refused, where the page with the form stays; raise the error where another page says it."""
    if error.code not in _STAYS or _is_about_an_id(error):
        raise error
    return words(error)


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
            return Failed(error.status, N_("This cannot be done"), N_("Go back and try it another way."))
        case BoxofficeError() if error.code == grpc.StatusCode.RESOURCE_EXHAUSTED:
            return Failed(429, N_("That was too often"), words(error)) if "TOO_MANY" in error.reason else BUSY
        case BoxofficeError() if error.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            return AWAY
        case BoxofficeError() if error.code == grpc.StatusCode.NOT_FOUND or _is_about_an_id(error):
            return NOT_FOUND
        case BoxofficeError() if error.code in _OF_CODE:
            return Failed(_OF_CODE[error.code], N_("This cannot be done"), words(error))
    return BROKEN


def page_of(visit: Visit, error: Exception) -> web.StreamResponse:
    """Return the page for what went wrong."""
    is_refused = isinstance(error, BoxofficeError) and error.code == grpc.StatusCode.UNAUTHENTICATED
    if is_refused and visit.user_id and not visit.is_left_stale:
        # The session has ended elsewhere: by a sign-out, a new password, a deletion.
        visit.sign_out()
        following = quote(visit.request.path_qs, safe="") if visit.request.method in ("GET", "HEAD") else ""
        return web.HTTPSeeOther(f"/login?next={following}" if following else "/login")
    said = AWAY if is_refused and visit.is_left_stale else failed(error)
    if said is BROKEN:
        log.error("a page broke", exc_info=error)
    response = visit.page("failed.html", said.status, title=_(said.title), text=_(said.text))
    if said.status == 503:
        response.headers["retry-after"] = RETRY_SECONDS
    if isinstance(error, web.HTTPMethodNotAllowed):
        response.headers["allow"] = ", ".join(sorted(error.allowed_methods))
    return response
