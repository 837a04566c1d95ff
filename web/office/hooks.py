"""Webhooks of an organization: endpoints, and what was sent to them."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from boxoffice.notifications.v1 import webhooks_pb2

from boxoffice_client import BoxofficeError
from boxoffice_client.errors import NotFound
from web.failures import words
from web.languages import N_
from web.numbers import number
from web.office import acting
from web.office.acting import Acting
from web.office.bookings import LONGEST_TOKEN, STAY
from web.visits import VISIT, Visit

A_PAGE = 30
MOST_NUMBER = 2**31 - 1
STAYS = (*STAY, "ALREADY_EXISTS")
LONGEST_URL = 410

_TYPE = webhooks_pb2.WebhookMessage.Type
TYPES = {_TYPE.Name(value): _TYPE.Name(value).lower().replace("_", ".", 1) for value in _TYPE.values() if value}
"""What messages tell of, by their names in the contracts, as messages write it."""

STATES = {
    webhooks_pb2.WebhookEndpoint.CHALLENGED: N_("waits for the answer to its challenge"),
    webhooks_pb2.WebhookEndpoint.ENABLED: N_("is sent messages"),
    webhooks_pb2.WebhookEndpoint.DISABLED: N_("switched off by your team"),
    webhooks_pb2.WebhookEndpoint.OFF: N_("off: it took nothing for three days"),
}
OUTCOMES = {
    webhooks_pb2.WebhookAttempt.TAKEN: N_("accepted"),
    webhooks_pb2.WebhookAttempt.REFUSED: N_("refused"),
    webhooks_pb2.WebhookAttempt.WRONG_ANSWER: N_("the challenge was answered with something else"),
    webhooks_pb2.WebhookAttempt.TIMED_OUT: N_("no answer within 10 seconds"),
    webhooks_pb2.WebhookAttempt.NO_ADDRESS: N_("the host has no address"),
    webhooks_pb2.WebhookAttempt.ADDRESS_REFUSED: N_("the host's address is private or reserved"),
    webhooks_pb2.WebhookAttempt.CERTIFICATE_REFUSED: N_("the certificate is not the host's"),
    webhooks_pb2.WebhookAttempt.NO_ANSWER: N_("no connection, or no answer"),
}

routes = web.RouteTableDef()


@routes.get("/organizer/webhooks")
async def endpoints(request: web.Request) -> web.StreamResponse:
    """Show the endpoints of an organization."""
    return await _endpoints(request[VISIT])


async def _endpoints(visit: Visit, wrong: str = "", url: str = "", types: tuple[str, ...] = ()) -> web.Response:
    here = acting.acting(visit)
    here.need(acting.MANAGE, N_("see and make webhooks"))
    if not here.organization_id:
        return visit.page("office/no-organization.html", here=here)
    found = await visit.services.list_webhook_endpoints(organization_id=here.organization_id)
    said: dict[str, Any] = {"here": here, "endpoints": found.endpoints, "states": STATES, "types": TYPES}
    said |= {"chosen": types or tuple(TYPES), "url": url, "wrong": wrong}
    return visit.page("office/webhooks.html", 409 if wrong else 200, **said)


@routes.post("/organizer/webhooks")
async def make(request: web.Request) -> web.StreamResponse:
    """Make an endpoint; its secret is shown in the answer, and never again."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    here = acting.acting(visit)
    here.need(acting.MANAGE, N_("see and make webhooks"))
    url, types = form.get("url", "").strip()[:LONGEST_URL], await _types(visit)
    try:
        made = await visit.services.create_webhook_endpoint(
            organization_id=here.organization_id, url=url, types=[_TYPE.Value(each) for each in types]
        )
    except BoxofficeError as error:
        if error.code.name not in STAYS:
            raise
        return await _endpoints(visit, words(error), url, types)
    return visit.page("office/webhook-secret.html", here=here, made=made)


async def _types(visit: Visit) -> tuple[str, ...]:
    return tuple(each for each in await visit.choices("type") if each in TYPES)


async def _found(visit: Visit) -> tuple[webhooks_pb2.WebhookEndpoint, Acting]:
    """Return the endpoint that the address names, and the visitor's role where it belongs."""
    visit.need_user()
    found = await visit.services.get_webhook_endpoint(endpoint_id=visit.request.match_info["endpoint_id"])
    here = acting.acting_for(visit, found.organization_id)
    here.need(acting.MANAGE, N_("see and make webhooks"))
    return found, here


@routes.get("/organizer/webhooks/{endpoint_id}")
async def endpoint(request: web.Request) -> web.StreamResponse:
    """Show an endpoint, and what was sent to it in the last 30 days."""
    return await _endpoint(request[VISIT])


async def _endpoint(visit: Visit, wrong: str = "") -> web.Response:
    found, here = await _found(visit)
    token = visit.request.query.get("page", "")[:LONGEST_TOKEN]
    log = await visit.services.list_webhook_attempts(endpoint_id=found.id, page_size=A_PAGE, page_token=token)
    said: dict[str, Any] = {"here": here, "endpoint": found, "log": log, "states": STATES, "outcomes": OUTCOMES}
    said |= {"types": TYPES, "chosen": {_TYPE.Name(each) for each in found.types}, "wrong": wrong}
    return visit.page("office/webhook.html", 409 if wrong else 200, **said)


@routes.post("/organizer/webhooks/{endpoint_id}")
async def change(request: web.Request) -> web.StreamResponse:
    """Change an endpoint, switch it on or off, delete it, or have a message sent to it once more."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    found, here = await _found(visit)
    try:
        if (do := form.get("do", "")) == "rotate":
            made = await visit.services.rotate_webhook_secret(endpoint_id=found.id)
            return visit.page("office/webhook-secret.html", here=here, made=made)
        await _change(visit, found.id, do, form.get("url", "").strip(), form.get("number", ""))
    except BoxofficeError as error:
        if error.code.name not in STAYS and not isinstance(error, NotFound):
            raise
        return await _endpoint(visit, words(error))
    gone = form.get("do") == "delete"
    raise web.HTTPSeeOther(here.link("/organizer/webhooks") if gone else f"/organizer/webhooks/{found.id}")


async def _change(visit: Visit, endpoint_id: str, do: str, url: str, message: str) -> None:
    match do:
        case "on":
            await visit.services.enable_webhook_endpoint(endpoint_id=endpoint_id)
        case "off":
            await visit.services.disable_webhook_endpoint(endpoint_id=endpoint_id)
        case "delete":
            await visit.services.delete_webhook_endpoint(endpoint_id=endpoint_id)
        case "resend":
            named = number(message, least=0, most=MOST_NUMBER, otherwise=0)
            await visit.services.resend_webhook_message(endpoint_id=endpoint_id, number=named)
        case _:
            types = [_TYPE.Value(each) for each in await _types(visit)]
            await visit.services.update_webhook_endpoint(endpoint_id=endpoint_id, url=url, types=types)
