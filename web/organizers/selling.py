"""A show: how it sells, when and for what, and with which fees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from boxoffice.booking.v1 import tariffs_pb2
from boxoffice.inventory.v1 import catalog_pb2

from boxoffice_client import BoxofficeError
from web.organizers.access import ACCOUNTANTS, LOOKING, MANAGERS, managed_show, may
from web.organizers.amounts import NoAmount, basis_points, major_units, minor_units, per_cent
from web.organizers.chart import chart
from web.organizers.edits import check, seen
from web.organizers.mistakes import Mistakes
from web.organizers.shows import price_fields, prices_of, time_of
from web.organizers.times import typed as typed_time
from web.visits import Visit

MOST_FEES = 10
PER = {"TICKET": tariffs_pb2.Fee.TICKET, "ORDER": tariffs_pb2.Fee.ORDER}
PAYERS = {"BUYER": tariffs_pb2.Fee.BUYER, "ORGANIZER": tariffs_pb2.Fee.ORGANIZER}

SALES_FIELDS = {"salesStartAt": "sales_start", "salesEndAt": "sales_end", "SHOW_STARTED": "sales_end"}

routes = web.RouteTableDef()


@routes.get("/organizer/shows/{show_id}")
async def show(request: web.Request) -> web.StreamResponse:
    """Show a show."""
    visit, found = await managed_show(request, ACCOUNTANTS, LOOKING)
    return await _show(visit, found)


async def _show(
    visit: Visit,
    found: catalog_pb2.Show,
    mistakes: Mistakes | None = None,
    typed: Mapping[str, str] | None = None,
) -> web.Response:
    manages = may(visit, found.organization_id, MANAGERS)
    event_id = found.event_id or found.movie_id
    seats = await visit.services.get_event_seats(event_id=event_id, show_id=found.id)
    sales = await visit.services.get_show_sales(show_id=found.id)
    fees = (await visit.services.get_show_fees(show_id=found.id)).fees
    said = _said(found, fees) | dict(typed or {})
    wrong = mistakes or Mistakes()
    last_fee = max((n for n in range(MOST_FEES) if said.get(f"fee-{n}")), default=-1)
    return visit.page(
        "organizers/show.html",
        409 if wrong else 200,
        show=found,
        event_id=event_id,
        sections=seats.sections,
        capacity=sum(one.total - one.blocked for one in seats.sections),
        sold=sum(one.booked for one in seats.sections),
        sales=sales,
        chart=chart(sales.lines, today=datetime.now(UTC).date()),
        manages=manages,
        is_open=found.status not in (catalog_pb2.Show.CANCELLED, catalog_pb2.Show.OVER),
        typed=said,
        seen_prices=seen(_prices_said(found)),
        seen_fees=seen(_fees_said(found, fees)),
        mistakes=wrong,
        fee_count=min(last_fee + 2, MOST_FEES),
    )


def _said(found: catalog_pb2.Show, fees: Sequence[tariffs_pb2.Fee]) -> dict[str, str]:
    """Return what a show says, as its forms have it."""
    said = _prices_said(found) | _fees_said(found, fees)
    said["sales_start"] = typed_time(found.sales_start_at, found.time_zone) if found.HasField("sales_start_at") else ""
    said["sales_end"] = typed_time(found.sales_end_at, found.time_zone) if found.HasField("sales_end_at") else ""
    return said


def _prices_said(found: catalog_pb2.Show) -> dict[str, str]:
    return {f"price-{one.tier}": major_units(one.price, found.currency) for one in found.prices}


def _fees_said(found: catalog_pb2.Show, fees: Sequence[tariffs_pb2.Fee]) -> dict[str, str]:
    said: dict[str, str] = {}
    for n, fee in enumerate(fees):
        said |= {
            f"fee-{n}": fee.name,
            f"fee-{n}-amount": major_units(fee.amount, found.currency) if fee.amount else "",
            f"fee-{n}-share": per_cent(fee.basis_points) if fee.basis_points else "",
            f"fee-{n}-per": tariffs_pb2.Fee.Per.Name(fee.per),
            f"fee-{n}-payer": tariffs_pb2.Fee.Payer.Name(fee.payer or tariffs_pb2.Fee.BUYER),
            f"fee-{n}-back": "1" if fee.refundable else "",
        }
    return said


def _saved(found: catalog_pb2.Show) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(f"/organizer/shows/{found.id}?saved=1")


@routes.post("/organizer/shows/{show_id}/sales")
async def set_sales(request: web.Request) -> web.StreamResponse:
    """Set when the sales of a show begin and end."""
    visit, found = await managed_show(request)
    typed, mistakes, said = dict(await visit.form()), Mistakes(), _said(found, ())
    # What is emptied is as for a new show: on sale at once, and until it starts.
    otherwise = {"sales_start": datetime.now(UTC), "sales_end": found.start_time.ToDatetime(tzinfo=UTC)}
    update = catalog_pb2.UpdateShowRequest(show_id=found.id)
    fields: dict[str, Any] = {}
    for name, at in otherwise.items():
        if (text := typed.get(name, said[name]).strip()[:16]) == said[name]:
            continue
        if time := time_of({name: text}, name, found.time_zone, mistakes) if text else at:
            getattr(update, f"{name}_at").FromDatetime(time)
            fields[f"{name}_at"] = getattr(update, f"{name}_at")
    if not mistakes and fields:
        try:
            await visit.services.update_show(show_id=found.id, **fields)
        except BoxofficeError as error:
            mistakes.take(error, SALES_FIELDS)
    if mistakes:
        return await _show(visit, found, mistakes, typed)
    raise _saved(found)


@routes.post("/organizer/shows/{show_id}/prices")
async def set_prices(request: web.Request) -> web.StreamResponse:
    """Set what the seats of a show cost that nobody has."""
    visit, found = await managed_show(request)
    typed, mistakes = dict(await visit.form()), Mistakes()
    prices = prices_of(typed, [one.tier for one in found.prices], found.currency, mistakes)
    if prices != list(found.prices):
        check(typed, _prices_said(found), mistakes)
    if not mistakes:
        try:
            await visit.services.set_show_prices(show_id=found.id, prices=prices)
        except BoxofficeError as error:
            mistakes.take(error, price_fields(prices))
    if mistakes:
        return await _show(visit, found, mistakes, typed)
    raise _saved(found)


@routes.post("/organizer/shows/{show_id}/fees")
async def set_fees(request: web.Request) -> web.StreamResponse:
    """Set the fees of a show; a fee without a name is none."""
    visit, found = await managed_show(request)
    typed, mistakes = dict(await visit.form()), Mistakes()
    fees: list[tariffs_pb2.Fee] = []
    names: dict[str, str] = {}
    for n in range(MOST_FEES):
        if typed.get(f"fee-{n}", "").strip():
            of_fee = {"": "-amount", ".name": "", ".amount": "-amount", ".basisPoints": "-share"}
            names |= {f"fees[{len(fees)}]{field}": f"fee-{n}{end}" for field, end in of_fee.items()}
            fees.append(_fee(typed, n, found.currency, mistakes))
    now = (await visit.services.get_show_fees(show_id=found.id)).fees
    if fees != list(now):
        check(typed, _fees_said(found, now), mistakes)
    if not mistakes:
        try:
            await visit.services.set_show_fees(show_id=found.id, fees=fees)
        except BoxofficeError as error:
            mistakes.take(error, names)
    if mistakes:
        # A box that is not ticked is not sent.
        ticked = {f"fee-{n}-back": typed.get(f"fee-{n}-back", "") for n in range(MOST_FEES)}
        return await _show(visit, found, mistakes, typed | ticked)
    raise _saved(found)


def _fee(typed: Mapping[str, str], n: int, currency: str, mistakes: Mistakes) -> tariffs_pb2.Fee:
    fee = tariffs_pb2.Fee(
        name=typed[f"fee-{n}"].strip(),
        per=PER.get(typed.get(f"fee-{n}-per", ""), tariffs_pb2.Fee.TICKET),
        payer=PAYERS.get(typed.get(f"fee-{n}-payer", ""), tariffs_pb2.Fee.BUYER),
        refundable=bool(typed.get(f"fee-{n}-back")),
    )
    if amount := typed.get(f"fee-{n}-amount", "").strip():
        try:
            fee.amount = minor_units(amount, currency)
        except NoAmount as error:
            mistakes.add(f"fee-{n}-amount", str(error))
    if share := typed.get(f"fee-{n}-share", "").strip():
        try:
            fee.basis_points = basis_points(share)
        except NoAmount as error:
            mistakes.add(f"fee-{n}-share", str(error))
    return fee
