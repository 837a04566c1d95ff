"""Seats that are blocked, on the map, and guests who get them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web
from boxoffice.inventory.v1 import seat_pb2

from boxoffice_client import BoxofficeError
from web import plan
from web.choosing import MOST_AT_ONCE, whole_map
from web.failures import words
from web.languages import N_, _
from web.office import acting
from web.office.bookings import STAY
from web.office.picking import of_show, pick_show, shows_to_pick
from web.visits import VISIT, Visit
from web.wanted import areas_of

MOST_GUESTS = 100
"""So many seats can be booked for a guest at once."""

FREE = ("", N_("free"))
BLOCKED = ("blocked", N_("blocked"))
TAKEN = ("sold", N_("somebody has it"))
THEN_BLOCKED = ("sold then-blocked", N_("somebody has it, blocked afterwards"))
"""What a seat is: its class in the style sheet, and its name, said by `_`."""

routes = web.RouteTableDef()


@routes.get("/organizer/seats")
async def choose_show(request: web.Request) -> web.StreamResponse:
    """Let the visitor choose the show whose seats are to be seen."""
    visit: Visit = request[VISIT]
    here = acting.acting(visit)
    here.need(acting.BLOCK, N_("block seats and book guests"))
    return visit.page("office/shows.html", here=here, picking=await shows_to_pick(visit, here))


@routes.get("/organizer/events/{event_id}/seats")
async def seats(request: web.Request) -> web.StreamResponse:
    """Show the seats of a show, first its sections where it is large."""
    return await _seats(request[VISIT])


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a form had, for the page that stays."""

    wrong: str = ""
    reason: str = ""
    guest: str = ""


async def _seats(visit: Visit, chosen: Chosen = Chosen()) -> web.Response:
    show, here, others = await pick_show(visit)
    here.need(acting.BLOCK, N_("block seats and book guests"))
    section = visit.request.query.get("section", "")
    event_id = show.event_id or show.movie_id
    sections = (await visit.services.get_event_seats(event_id=event_id, show_id=show.id)).sections
    is_large = sum(each.total for each in sections if not each.HasField("area_id")) > MOST_AT_ONCE
    said: dict[str, Any] = {"show": show, "here": here, "shows": others, "is_large": is_large, "section": section}
    said |= {"sections": sections, "wrong": chosen.wrong, "reason": chosen.reason, "guest": chosen.guest}
    said |= {"done": visit.request.query.get("done", ""), "about": visit.request.query.get("about", "")[:40]}
    status = 409 if chosen.wrong else 200
    if is_large and not section:
        return visit.page("office/sections.html", status, **said)
    found = await whole_map(visit, show.id, section)
    wanted = await visit.choices("seat") if visit.request.method == "POST" else []
    said |= {"map": found, "rows": plan.rows_of(found.seats), "chosen": set(wanted), "most_guests": MOST_GUESTS}
    said |= {"sign_of": sign_of, "signs": (FREE, BLOCKED, TAKEN, THEN_BLOCKED), "choice_words": choice_words}
    return visit.page("office/seats.html", status, **said)


def sign_of(seat: seat_pb2.ShowSeat) -> tuple[str, str]:
    """Return what a seat is at the office, where whose it is counts for nothing."""
    if seat.status == seat_pb2.ShowSeat.BLOCKED:
        return BLOCKED
    if seat.status == seat_pb2.ShowSeat.AVAILABLE:
        return FREE
    return THEN_BLOCKED if seat.blocked else TAKEN


def choice_words() -> dict[str, str]:
    """Return what the page's script says; `{…}` is put in there."""
    return {
        "none": _("Choose seats, then what becomes of them."),
        "one": _("1 seat chosen."),
        "some": _("{count} seats chosen."),
        "row": _("All seats of row {row}"),
    }


@routes.post("/organizer/events/{event_id}/seats")
async def change(request: web.Request) -> web.StreamResponse:
    """Block the seats that were chosen, have them for sale again, or book them for a guest."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    show, here, _others = await pick_show(visit)
    here.need(acting.BLOCK, N_("block seats and book guests"))
    chosen = Chosen(reason=form.get("reason", "").strip(), guest=form.get("guest", "").strip())
    wish: dict[str, Any] = {"show_id": show.id, "show_seat_ids": await visit.choices("seat"), "areas": areas_of(form)}
    do, key = form.get("do", ""), form.get("key", "")
    if wrong := _missing(do, wish, chosen):
        return await _seats(visit, Chosen(wrong, chosen.reason, chosen.guest))
    try:
        done, about = await _change(visit, do, wish, chosen, key)
    except BoxofficeError as error:
        if error.code.name not in (*STAY, "ALREADY_EXISTS"):
            raise
        return await _seats(visit, Chosen(words(error), chosen.reason, chosen.guest))
    raise web.HTTPSeeOther(of_show("seats", show, section=request.query.get("section", ""), done=done, about=about))


def _missing(do: str, wish: dict[str, Any], chosen: Chosen) -> str:
    """Return what a form lacks; nothing where it is whole."""
    if not wish["show_seat_ids"] and not wish["areas"]:
        return _("Choose seats first.")
    if do == "block" and not chosen.reason:
        return _("Say why the seats are blocked: your team reads it, and an access code can be for it.")
    if do == "guest" and not chosen.guest:
        return _("Say for whom the seats are.")
    return ""


async def _change(visit: Visit, do: str, wish: dict[str, Any], chosen: Chosen, key: str) -> tuple[str, str]:
    """Do what the form says; return what was done, and to how many seats or by which booking."""
    match do:
        case "guest":
            booking = await visit.services.book_guests(**wish, guest_name=chosen.guest, idempotency_key=key)
            return "booked", booking.id
        case "unblock":
            return "unblocked", f"{(await visit.services.unblock_seats(**wish, idempotency_key=key)).unblocked}"
    return "blocked", f"{(await visit.services.block_seats(**wish, reason=chosen.reason)).blocked}"
