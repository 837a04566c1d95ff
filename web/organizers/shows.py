"""New shows: in which hall, when, and for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from aiohttp import web
from boxoffice.inventory.v1 import catalog_pb2, seat_pb2

from boxoffice_client import BoxofficeError
from boxoffice_client.errors import PermissionDenied
from services.chassis.values.currencies import SOLD
from web.languages import _
from web.organizers.access import managed_event
from web.organizers.amounts import NoAmount, minor_units
from web.organizers.events import edit_path, most_seats
from web.organizers.mistakes import Mistakes
from web.organizers.times import NoTime, instant
from web.pages import TIERS
from web.peers import Services
from web.visits import Visit

A_PAGE = 5_000
"""So many seats of a hall are asked for at once."""

USUAL = ("INR", "USD", "EUR", "GBP")
"""Currencies that are offered first."""

FIELDS = {
    "startTime": "start",
    "salesStartAt": "sales_start",
    "salesEndAt": "sales_end",
    "currency": "currency",
    "maxSeatsPerUser": "most",
    "SHOW_OVERLAPS": "start",
    "screenId": "start",
}
"""What the form calls fields of the request, and what a reason is about."""

routes = web.RouteTableDef()


@routes.get("/organizer/events/{event_id}/shows/create")
async def ask_show(request: web.Request) -> web.StreamResponse:
    """Show the form of a new show in a hall; first the halls, where none is chosen."""
    visit, event = await managed_event(request)
    typed = {"start": "", "sales_start": "", "sales_end": "", "currency": "INR", "most": ""}
    return await _new_show(visit, event, typed, Mistakes())


async def _new_show(
    visit: Visit, event: catalog_pb2.Event, typed: Mapping[str, str], mistakes: Mistakes
) -> web.Response:
    venue, screen = await _hall(visit, event.id)
    return visit.page(
        "organizers/new-show.html",
        400 if mistakes else 200,
        event=event,
        venue=venue,
        screen=screen,
        tiers=await tiers_of(visit.services, screen.id),
        typed=typed,
        mistakes=mistakes,
        currencies=[*USUAL, *sorted(SOLD.difference(USUAL))],
        most_seats=visit.pages.most_seats,
    )


async def _hall(visit: Visit, event_id: str) -> tuple[catalog_pb2.Venue, catalog_pb2.Screen]:
    """Return the venue and the hall that the address names."""
    venue_id, screen_id = visit.request.query.get("venue", ""), visit.request.query.get("screen", "")
    if not venue_id or not screen_id:
        raise web.HTTPSeeOther(f"/organizer/events/{event_id}/halls")
    venue = await visit.services.get_venue(venue_id=venue_id)
    for screen in venue.screens:
        if screen.id == screen_id:
            return venue, screen
    raise web.HTTPNotFound()


async def tiers_of(services: Services, screen_id: str) -> list[seat_pb2.Seat.Tier.ValueType]:
    """Return the tiers that a hall has; a large hall is read page by page, until all of them were seen."""
    found: set[seat_pb2.Seat.Tier.ValueType] = set()
    token = ""
    while True:
        layout = await services.get_seat_layout(screen_id=screen_id, page_size=A_PAGE, page_token=token)
        found |= {seat.tier for row in layout.rows for seat in row.seats} | {area.tier for area in layout.areas}
        token = layout.next_page_token
        if not token or found.issuperset(TIERS):
            return sorted(found)


@routes.post("/organizer/events/{event_id}/shows/create")
async def create_show(request: web.Request) -> web.StreamResponse:
    """Make a show."""
    visit, event = await managed_event(request)
    form = await visit.form()
    typed = {name: text.strip() for name, text in form.items()}
    mistakes = Mistakes()
    venue, screen = await _hall(visit, event.id)
    tiers = await tiers_of(visit.services, screen.id)
    currency = typed.get("currency", "")
    prices = prices_of(typed, tiers, currency, mistakes)
    start = time_of(typed, "start", venue.time_zone, mistakes, is_needed=True)
    sales_start = time_of(typed, "sales_start", venue.time_zone, mistakes)
    sales_end = time_of(typed, "sales_end", venue.time_zone, mistakes)
    if not mistakes and start is not None:
        try:
            await visit.services.create_show(
                event_id=event.id,
                screen_id=screen.id,
                start_time=start,
                currency=currency,
                prices=prices,
                sales_start_at=sales_start,
                sales_end_at=sales_end,
                organization_id=event.organization_id,
                max_seats_per_user=most_seats(typed.get("most", "")),
                idempotency_key=typed.get("key", ""),
            )
        except PermissionDenied:
            mistakes.others.append(_("This hall is not shared with you. Ask whose it is, or choose another one."))
        except BoxofficeError as error:
            mistakes.take(error, FIELDS | price_fields(prices))
    if mistakes:
        empty = {"start": "", "sales_start": "", "sales_end": "", "currency": "", "most": ""}
        return await _new_show(visit, event, empty | typed, mistakes)
    raise web.HTTPSeeOther(edit_path(event.id, "dates", added="1"))


def prices_of(
    typed: Mapping[str, str], tiers: Sequence[seat_pb2.Seat.Tier.ValueType], currency: str, mistakes: Mistakes
) -> list[catalog_pb2.TierPrice]:
    """Return the price of each tier that a form says."""
    prices = []
    for tier in tiers:
        try:
            price = minor_units(typed.get(f"price-{tier}", ""), currency)
        except NoAmount as error:
            mistakes.add(f"price-{tier}", str(error))
        else:
            prices.append(catalog_pb2.TierPrice(tier=tier, price=price))
    return prices


def price_fields(prices: Sequence[catalog_pb2.TierPrice]) -> dict[str, str]:
    """Return what the form calls the prices of a request."""
    names = {f"prices[{n}].price": f"price-{one.tier}" for n, one in enumerate(prices)}
    return names | {"prices": names.get("prices[0].price", "currency")}


def time_of(
    typed: Mapping[str, str], name: str, zone: str, mistakes: Mistakes, *, is_needed: bool = False
) -> datetime | None:
    """Return the instant that a field of a form says; None where it is empty, or wrong."""
    text = typed.get(name, "")
    if not text and not is_needed:
        return None
    try:
        return instant(text, zone)
    except NoTime as error:
        mistakes.add(name, str(error))
        return None
