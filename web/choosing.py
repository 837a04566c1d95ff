"""From a seat that is free to a booking: choose, hold, see what it costs, book."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web
from boxoffice.booking.v1 import booking_pb2, tariffs_pb2
from boxoffice.inventory.v1 import catalog_pb2, inventory_pb2, seat_pb2

from boxoffice_client import BoxofficeError
from boxoffice_client.errors import NotFound, SeatsUnavailable
from web import plan
from web.catalogue import shows_of
from web.failures import Failed, refusal, words
from web.languages import N_, _
from web.numbers import number
from web.visits import VISIT, Visit
from web.wanted import Wanted, areas_of, code_of

MOST_AT_ONCE = 500
"""Halls with more seats are shown section by section, and larger sections some rows at a time."""

A_PAGE = 5_000
"""So many seats of a map are asked for at once."""

MOST_MONEY = 2**31 - 1
ADULT = "ADULT"
"""The kind of ticket that every show has."""

OTHER_PRICE = N_("This costs another amount now, and nothing is booked yet. Look at the price below, then book.")
NOTHING_HELD = N_(
    "The time to book them is up, you gave them back, or you have booked them: My bookings shows what you have."
)

routes = web.RouteTableDef()


@routes.get("/booking/{event_id}")
async def choose(request: web.Request) -> web.StreamResponse:
    """Show the seats of a show; first its dates where there are several, and its sections where it is large."""
    visit: Visit = request[VISIT]
    return await _choose(visit, request.match_info["event_id"], request.query.get("showId", ""))


async def _choose(visit: Visit, event_id: str, show_id: str, wrong: str = "", status: int = 200) -> web.Response:
    event = await visit.read("get_event", event_id=event_id)
    shows = [show for show in await shows_of(visit, event) if show.status == catalog_pb2.Show.ON_SALE]
    chosen = [each for each in shows if each.id == show_id] if show_id else shows
    if len(chosen) != 1:
        return visit.page("dates.html", status, event=event, shows=shows, wrong=wrong)
    [show] = chosen
    sections = (await visit.services.get_event_seats(event_id=event_id, show_id=show.id)).sections
    section = visit.request.query.get("section", "")
    is_large = sum(each.total for each in sections if not each.HasField("area_id")) > MOST_AT_ONCE
    if is_large and not section:
        return visit.page("sections.html", event=event, show=show, sections=sections)
    is_form = visit.request.method == "POST"
    wanted = await visit.request.post() if is_form else visit.request.query
    asked = Wanted.read(wanted, is_form=is_form)
    seats, held = await whole_map(visit, show.id, section), None
    if seats.summary.held_by_me:
        held = await _held(visit, show.id)
    spots = plan.spots(seats.seats)
    picked, proposed = asked.choose(seats.seats, spots, lost=status == 409)
    parts = plan.parts(plan.rows_of(seats.seats), MOST_AT_ONCE)
    part = plan.part_with(parts, picked) if picked else asked.part
    rows = parts[min(part, len(parts) - 1)]
    return visit.page(
        "seats.html",
        status,
        event=event,
        show=show,
        section=section,
        is_large=is_large,
        is_list=wanted.get("view") == "list",
        map=seats,
        held=held,
        rows=rows,
        parts=[(part[0][1][0][0], part[-1][1][-1][0], part is rows) for part in parts] if len(parts) > 1 else [],
        spots=spots,
        tiers=_tiers(seats),
        features=sorted({feature for seat in seats.seats for feature in seat.features}),
        chosen=picked,
        proposed=proposed,
        asked=asked,
        wrong=wrong,
        most=show.max_seats_per_user or visit.pages.most_seats,
    )


async def whole_map(visit: Visit, show_id: str, section: str) -> inventory_pb2.SeatMap:
    """Return the map of a show or of one of its sections, all of its pages in one."""
    asked: dict[str, Any] = {"show_id": show_id, "section": section, "user_id": visit.user_id, "page_size": A_PAGE}
    found = await visit.services.get_seat_map(**asked)
    token = found.next_page_token
    while token:
        page = await visit.services.get_seat_map(**asked, page_token=token)
        found.seats.extend(page.seats)
        found.sequence = min(found.sequence, page.sequence)  # whoever watches from there on misses nothing
        token = page.next_page_token
    return found


def _tiers(seats: inventory_pb2.SeatMap) -> list[tuple[seat_pb2.Seat.Tier.ValueType, int, int]]:
    """Return the tiers of the seats of a map, each with its lowest and its highest price."""
    prices: dict[seat_pb2.Seat.Tier.ValueType, list[int]] = {}
    for seat in seats.seats:
        prices.setdefault(seat.tier, []).append(seat.price)
    return [(tier, min(prices[tier]), max(prices[tier])) for tier in sorted(prices)]


@routes.post("/booking/{event_id}")
async def hold(request: web.Request) -> web.StreamResponse:
    """Hold the seats and places that were chosen."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    event_id, show_id = request.match_info["event_id"], form.get("show_id", "")
    seats, areas = await visit.choices("seat"), areas_of(form)
    if form.get("do") == "code":
        return await _choose(visit, event_id, show_id)
    if not visit.user_id:
        asked = [("showId", show_id), ("section", request.query.get("section", ""))]
        asked += [("seat", seat) for seat in seats] + [(f"area-{one.area_id}", str(one.quantity)) for one in areas]
        back = f"/booking/{quote(event_id, safe='')}?{urlencode([one for one in asked if one[1]])}"
        raise web.HTTPSeeOther(f"/login?next={quote(back, safe='')}")
    if not seats and not areas:
        return await _choose(visit, event_id, show_id, _("Choose a seat first."), 400)
    try:
        await visit.services.hold_seats(
            show_id=show_id,
            user_id=visit.user_id,
            show_seat_ids=seats,
            areas=areas,
            access_code=code_of(form),
        )
    except SeatsUnavailable:
        text = _("Somebody was faster with some of these seats. What is free now is below.")
        return await _choose(visit, event_id, show_id, text, 409)
    except BoxofficeError as error:
        return await _choose(visit, event_id, show_id, refusal(error), 409)
    raise web.HTTPSeeOther(_order(event_id, show_id))


def _order(event_id: str, show_id: str, **more: str) -> str:
    return f"/booking/{event_id}/order?{urlencode({'showId': show_id, **more})}"


@routes.get("/booking/{event_id}/order")
async def order(request: web.Request) -> web.StreamResponse:
    """Show what is held and what it costs, line by line."""
    visit: Visit = request[VISIT]
    visit.need_user()
    return await _show_order(visit, request.query.get("showId", ""), request.query.get("coupon", "").strip()[:40])


async def _show_order(visit: Visit, show_id: str, coupon: str, wrong: str = "", status: int = 200) -> web.Response:
    event_id = visit.request.match_info["event_id"]
    event, held, kinds = await asyncio.gather(
        visit.services.get_event(event_id=event_id), _held(visit, show_id), _kinds(visit, show_id)
    )
    if held is None:
        raise Failed(409, N_("You hold no seats of this show"), NOTHING_HELD)
    seats = [seat.id for seat in held.seats]
    chosen = await _chosen_kinds(visit, seats)
    try:
        cost = await _quote(visit, show_id, seats, coupon, chosen)
    except BoxofficeError as error:
        if not coupon:
            raise
        wrong, coupon = words(error), ""
        cost = await _quote(visit, show_id, seats, "", chosen)
    show = next((each for each in await shows_of(visit, event) if each.id == show_id), None)
    choices = {seat.id: _names(kinds, seat.tier) for seat in held.seats} if kinds else {}
    said = {"event": event, "show": show, "held": held, "quote": cost, "choices": choices, "coupon": coupon}
    return visit.page("order.html", status, **said, wrong=wrong)


async def _held(visit: Visit, show_id: str) -> inventory_pb2.ListHoldsResponse.ShowHolds | None:
    """Return what the visitor holds of a show."""
    holds = (await visit.services.list_holds(user_id=visit.user_id, show_id=show_id)).holds
    return holds[0] if holds else None


async def _kinds(visit: Visit, show_id: str) -> Sequence[tariffs_pb2.Kind]:
    """Return the kinds of ticket that a show has beside ADULT."""
    try:
        return list((await visit.services.get_show_kinds(show_id=show_id)).kinds)
    except NotFound:
        return []


def _names(kinds: Iterable[tariffs_pb2.Kind], tier: seat_pb2.Seat.Tier.ValueType) -> list[str]:
    """Return the names of the kinds that a seat of a tier can have, each once."""
    fitting = (one.kind for one in kinds if not one.HasField("tier") or one.tier == tier)
    return list(dict.fromkeys([ADULT, *fitting]))


async def _chosen_kinds(visit: Visit, seats: Iterable[str]) -> list[str]:
    """Return the kind of each seat that the form or the address says; nothing where all are ADULT."""
    given = await visit.request.post() if visit.request.method == "POST" else visit.request.query
    chosen = [str(given.get(f"kind-{seat}", "")) or ADULT for seat in seats]
    return [] if set(chosen) <= {ADULT} else chosen


async def _quote(
    visit: Visit, show_id: str, seats: list[str], coupon: str, kinds: list[str]
) -> booking_pb2.QuoteBookingResponse:
    return await visit.services.quote_booking(
        user_id=visit.user_id, show_id=show_id, show_seat_ids=seats, coupon_code=coupon, kinds=kinds
    )


@routes.post("/booking/{event_id}/order")
async def book(request: web.Request) -> web.StreamResponse:
    """Book the seats that the page showed, for what it said that they cost; or show what they cost otherwise."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    user_id, show_id, coupon = visit.need_user(), form.get("show_id", ""), form.get("coupon", "").strip()[:40]
    if form.get("do") == "price":
        kinds = {name: value for name, value in form.items() if name.startswith("kind-") and value != ADULT}
        more = kinds | ({"coupon": coupon} if coupon else {})
        raise web.HTTPSeeOther(_order(request.match_info["event_id"], show_id, **more))
    seats = await visit.choices("seat")
    try:
        booking = await visit.services.create_booking(
            user_id=user_id,
            show_id=show_id,
            show_seat_ids=seats,
            kinds=await _chosen_kinds(visit, seats),
            coupon_code=coupon,
            expected_total=number(form.get("total", ""), least=0, most=MOST_MONEY, otherwise=0),
            idempotency_key=form.get("key", ""),
        )
    except BoxofficeError as error:
        wrong = _(OTHER_PRICE) if error.reason == "PRICE_CHANGED" else refusal(error)
        return await _show_order(visit, show_id, coupon, wrong, 409)
    is_paid = booking.status == booking_pb2.Booking.CONFIRMED
    raise web.HTTPSeeOther(f"/my-bookings/{booking.id}" if is_paid else f"/payment/{booking.id}")


@routes.post("/booking/{event_id}/holds")
async def change_holds(request: web.Request) -> web.StreamResponse:
    """Hold the seats for longer, or give them back."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    user_id, event_id, show_id = visit.need_user(), request.match_info["event_id"], form.get("show_id", "")
    if form.get("do") == "release":
        await visit.services.release_holds(user_id=user_id, show_id=show_id)
        raise web.HTTPSeeOther(f"/booking/{event_id}?{urlencode({'showId': show_id})}")
    try:
        await visit.services.extend_holds(user_id=user_id, show_id=show_id)
    except BoxofficeError as error:
        return await _show_order(visit, show_id, "", words(error), 409)
    raise web.HTTPSeeOther(_order(event_id, show_id))
