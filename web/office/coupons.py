"""Coupons of an organization: made, changed, ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web
from boxoffice.booking.v1 import coupon_pb2
from boxoffice.inventory.v1 import catalog_pb2, seat_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from boxoffice_client import BoxofficeError
from services.chassis.values.currencies import DIGITS
from web.failures import words
from web.languages import N_, _
from web.numbers import number
from web.office import acting
from web.office.acting import Acting
from web.office.bookings import LONGEST_TOKEN, STAY
from web.organizers.amounts import NoAmount, major_units, minor_units
from web.organizers.edits import MEANWHILE
from web.organizers.times import NoTime, instant, is_kept, typed
from web.pages import TIERS, iso
from web.visits import VISIT, Visit

A_PAGE = 25
MOST_SHOWS = 100
MOST_USES = 100_000
AMOUNTS = {
    "amount": N_("Amount"),
    "minimum_amount": N_("Least amount of a booking"),
    "maximum_discount": N_("Most that it takes off"),
}
TIMES = {"valid_from": N_("Usable from"), "valid_until": N_("Until")}
COUNTS = ("max_uses", "max_uses_per_user")
SINGLE = ("code", "kind", "percentage", "currency", "zone", *AMOUNTS, *TIMES, *COUNTS)

routes = web.RouteTableDef()


@dataclass(slots=True)
class Typed:
    """The form of a coupon, as it was filled in or as a coupon fills it in."""

    fields: Mapping[str, str]
    shows: Sequence[str] = ()
    tiers: Sequence[str] = ()
    wrong: list[str] = field(default_factory=list)
    """What is wrong with it, in words."""


@routes.get("/organizer/coupons")
async def coupons(request: web.Request) -> web.StreamResponse:
    """Show the coupons of an organization, with how often each is used."""
    visit: Visit = request[VISIT]
    here = acting.acting(visit)
    here.need(acting.MANAGE, N_("see and make coupons"))
    found = await visit.services.list_coupons(
        organization_id=here.organization_id,
        page_size=A_PAGE,
        page_token=request.query.get("page", "")[:LONGEST_TOKEN],
    )
    return visit.page("office/coupons.html", here=here, found=found)


@routes.get("/organizer/coupons/new")
async def ask(request: web.Request) -> web.StreamResponse:
    """Show the form of a new coupon."""
    visit: Visit = request[VISIT]
    here = acting.acting(visit)
    return await _form(visit, here, Typed({"kind": "PERCENTAGE", "currency": "INR"}))


@routes.post("/organizer/coupons/new")
async def make(request: web.Request) -> web.StreamResponse:
    """Make a coupon."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    here = acting.acting(visit)
    here.need(acting.MANAGE, N_("see and make coupons"))
    given = await _typed(visit, form)
    terms = _terms(given)
    if not given.wrong:
        try:
            await visit.services.create_coupon(
                organization_id=here.organization_id,
                code=form.get("code", "").strip(),
                terms=terms,
                idempotency_key=form.get("key", ""),
            )
        except BoxofficeError as error:
            if error.code.name not in (*STAY, "ALREADY_EXISTS"):
                raise
            given.wrong.append(words(error))
    if given.wrong:
        return await _form(visit, here, given)
    raise web.HTTPSeeOther(here.link("/organizer/coupons"))


@routes.get("/organizer/coupons/{coupon_id}")
async def coupon(request: web.Request) -> web.StreamResponse:
    """Show the form of a coupon that there is."""
    visit: Visit = request[VISIT]
    found, here = await _found(visit)
    zones = await _zones(visit, here)
    return await _form(visit, here, _filled(found, zones[0]), found)


async def _found(visit: Visit) -> tuple[coupon_pb2.Coupon, Acting]:
    visit.need_user()
    found = await visit.services.get_coupon(coupon_id=visit.request.match_info["coupon_id"])
    here = acting.acting_for(visit, found.organization_id)
    here.need(acting.MANAGE, N_("see and make coupons"))
    return found, here


@routes.post("/organizer/coupons/{coupon_id}")
async def change(request: web.Request) -> web.StreamResponse:
    """Give a coupon other terms, or end it."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    found, here = await _found(visit)
    if form.get("do") == "end":
        await visit.services.deactivate_coupon(coupon_id=found.id)
        raise web.HTTPSeeOther(here.link("/organizer/coupons"))
    given = await _typed(visit, form)
    terms = _terms(given, found.terms)
    if form.get("seen", iso(found.updated_at)) != iso(found.updated_at) and terms != found.terms:
        given.wrong.append(_(MEANWHILE))
    if not given.wrong:
        try:
            await visit.services.update_coupon(coupon_id=found.id, terms=terms)
        except BoxofficeError as error:
            if error.code.name not in STAY:
                raise
            given.wrong.append(words(error))
    if given.wrong:
        return await _form(visit, here, given, found)
    raise web.HTTPSeeOther(here.link("/organizer/coupons"))


async def _form(visit: Visit, here: Acting, given: Typed, coupon: coupon_pb2.Coupon | None = None) -> web.Response:
    here.need(acting.MANAGE, N_("see and make coupons"))
    shows = await _shows(visit, here)
    fields = {name: given.fields.get(name, "") for name in SINGLE}
    known = {show.id for show in shows}
    said: dict[str, Any] = {"here": here, "coupon": coupon, "typed": fields, "shows": shows, "wrong": given.wrong}
    said |= {"chosen": set(given.shows), "others": [each for each in given.shows if each not in known]}
    said |= {"tiers": TIERS, "chosen_tiers": set(given.tiers), "zones": _zones_of(shows), "currencies": sorted(DIGITS)}
    return visit.page("office/coupon.html", 409 if given.wrong else 200, **said)


async def _shows(visit: Visit, here: Acting) -> Sequence[catalog_pb2.Show]:
    """Return shows to come that a coupon can be for."""
    if not here.organization_id:
        return []
    return (await visit.services.list_shows(organization_id=here.organization_id, page_size=MOST_SHOWS)).shows


def _zones_of(shows: Sequence[catalog_pb2.Show]) -> list[str]:
    return [*dict.fromkeys(show.time_zone for show in shows if show.time_zone), "UTC"]


async def _zones(visit: Visit, here: Acting) -> list[str]:
    """Return the time zones of an organization's shows, that of the next one first."""
    return _zones_of(await _shows(visit, here))


async def _typed(visit: Visit, form: Mapping[str, str]) -> Typed:
    return Typed(dict(form), await visit.choices("show"), await visit.choices("tier"))


def _filled(coupon: coupon_pb2.Coupon, zone: str) -> Typed:
    """Return the form of a coupon, its times by the clocks of a zone."""
    terms = coupon.terms
    fields = {"code": coupon.code, "kind": coupon_pb2.CouponTerms.Kind.Name(terms.kind), "zone": zone}
    fields |= {"currency": terms.currency or "INR", "percentage": f"{terms.percentage or ''}"}
    for name in AMOUNTS:
        value = getattr(terms, name)
        fields[name] = major_units(value, terms.currency) if value else ""
    fields |= {name: typed(getattr(terms, name), zone) for name in TIMES if terms.HasField(name)}  # type: ignore[arg-type]
    fields |= {name: f"{getattr(terms, name) or ''}" for name in COUNTS}
    return Typed(fields, list(terms.show_ids), [seat_pb2.Seat.Tier.Name(each) for each in terms.tiers])


def _terms(given: Typed, was: coupon_pb2.CouponTerms | None = None) -> coupon_pb2.CouponTerms:
    """Return the terms that a form says; what is wrong with it is noted there.

    `was`: the terms until now. What the form cannot say of them stays: seconds, and a currency without an amount.
    """
    said = given.fields
    kind = said.get("kind", "")
    terms = coupon_pb2.CouponTerms(show_ids=given.shows)
    terms.tiers.extend(each for each in TIERS if seat_pb2.Seat.Tier.Name(each) in given.tiers)
    terms.kind = coupon_pb2.CouponTerms.FIXED if kind == "FIXED" else coupon_pb2.CouponTerms.PERCENTAGE
    if terms.kind == coupon_pb2.CouponTerms.PERCENTAGE:
        terms.percentage = number(said.get("percentage", ""), least=0, most=101, otherwise=0)
        if not 1 <= terms.percentage <= 100:
            given.wrong.append(_("Per cent: say 1 to 100."))
    currency = said.get("currency", "")
    if was and was.currency and not any(getattr(was, name) for name in AMOUNTS):
        terms.currency = currency
    asked = [name for name in AMOUNTS if name != ("amount" if kind != "FIXED" else "maximum_discount")]
    for name in asked:
        if text := said.get(name, "").strip():
            try:
                setattr(terms, name, minor_units(text, currency))
                terms.currency = currency
            except NoAmount as error:
                given.wrong.append(_("%(field)s: %(text)s") % {"field": _(AMOUNTS[name]), "text": error})
    for name, label in TIMES.items():
        if text := said.get(name, "").strip():
            if was and was.HasField(name) and is_kept(text, getattr(was, name), said.get("zone", "")):  # type: ignore[arg-type]
                getattr(terms, name).CopyFrom(getattr(was, name))
            else:
                _set_time(getattr(terms, name), text, label, given)
    for name in COUNTS:
        # What is no number, such as 1e3, is none for the service either: it would limit nothing.
        otherwise = MOST_USES + 1 if said.get(name, "").strip() else 0
        setattr(terms, name, number(said.get(name, "").strip(), least=0, most=MOST_USES + 1, otherwise=otherwise))
    return terms


def _set_time(time: Timestamp, text: str, label: str, given: Typed) -> None:
    try:
        found: datetime = instant(text, given.fields.get("zone", ""))
    except NoTime as error:
        given.wrong.append(_("%(field)s: %(text)s") % {"field": _(label), "text": error})
        return
    time.FromDatetime(found)
