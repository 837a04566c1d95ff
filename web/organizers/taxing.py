"""By whom a show is sold, and how its tickets are taxed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from uuid import UUID

from aiohttp import web
from boxoffice.booking.v1 import taxes_pb2
from boxoffice.inventory.v1 import catalog_pb2

from boxoffice_client import BoxofficeError
from boxoffice_client.errors import NotFound
from web.languages import _
from web.organizers.access import managed_show
from web.organizers.mistakes import Mistakes
from web.visits import Visit

MOST_SELLERS = 100
MOST_RULES = 100

FIELDS = {"placeOfSupply": "place", "category": "category", "sellerId": "seller"}
SELLER_FIELDS = {
    "legalName": "legal_name",
    "address": "address",
    "country": "country",
    "state": "state",
    "taxNumber": "tax_number",
    "TAX_NUMBER_TAKEN": "tax_number",
}

routes = web.RouteTableDef()


@routes.get("/organizer/shows/{show_id}/tax")
async def ask(request: web.Request) -> web.StreamResponse:
    """Show by whom a show is sold, and how it is taxed."""
    visit, show = await managed_show(request)
    return await _page(visit, show, {}, Mistakes())


async def _page(visit: Visit, show: catalog_pb2.Show, typed: Mapping[str, str], mistakes: Mistakes) -> web.Response:
    now, sellers, rules = await asyncio.gather(
        _tax(visit, show.id),
        visit.services.list_sellers(organization_id=show.organization_id, page_size=MOST_SELLERS),
        visit.services.list_tax_rules(page_size=MOST_RULES),
    )
    categories = {rule.category for rule in rules.tax_rules if rule.currency == show.currency}
    said = {
        "seller": now.seller_id if now else "",
        "place": now.place_of_supply if now else "",
        "category": now.category if now else "",
        "included": "1" if now and now.prices_include_tax else "",
        "country": "IN",
    }
    return visit.page(
        "organizers/tax.html",
        409 if mistakes else 200,
        show=show,
        now=now,
        sellers=sellers.sellers,
        categories=sorted(categories | ({now.category} if now else set())),
        typed=said | dict(typed),
        mistakes=mistakes,
    )


async def _tax(visit: Visit, show_id: str) -> taxes_pb2.ShowTax | None:
    """Return how a show is taxed; None where nobody has said it."""
    try:
        return await visit.services.get_show_tax(show_id=show_id)
    except NotFound:
        return None


@routes.post("/organizer/shows/{show_id}/tax")
async def set_tax(request: web.Request) -> web.StreamResponse:
    """Set by whom a show is sold, and how it is taxed."""
    visit, show = await managed_show(request)
    typed, mistakes = dict(await visit.form()), Mistakes()
    if not typed.get("seller"):
        mistakes.add("seller", _("Choose who sells the tickets."))
    else:
        try:
            await visit.services.set_show_tax(
                show_id=show.id,
                seller_id=typed["seller"],
                place_of_supply=typed.get("place", "").strip(),
                category=typed.get("category", ""),
                prices_include_tax=bool(typed.get("included")),
            )
        except BoxofficeError as error:
            mistakes.take(error, FIELDS)
    if mistakes:
        return await _page(visit, show, {"included": "", **typed}, mistakes)
    raise web.HTTPSeeOther(f"/organizer/shows/{show.id}/tax?saved=1")


@routes.post("/organizer/shows/{show_id}/sellers")
async def add_seller(request: web.Request) -> web.StreamResponse:
    """Add a seller to the organization; the form has its id, so that one that is sent twice adds one."""
    visit, show = await managed_show(request)
    typed, mistakes = dict(await visit.form()), Mistakes()
    try:
        await visit.services.set_seller(
            seller_id=str(UUID(typed.get("key", ""))),
            organization_id=show.organization_id,
            **{name: typed.get(name, "").strip() for name in SELLER_FIELDS.values()},
        )
    except ValueError:
        raise web.HTTPNotFound() from None
    except BoxofficeError as error:
        mistakes.take(error, SELLER_FIELDS)
        return await _page(visit, show, typed, mistakes)
    raise web.HTTPSeeOther(f"/organizer/shows/{show.id}/tax")
