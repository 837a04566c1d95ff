"""Access codes of a show, by which blocked seats are taken, and its scans."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from boxoffice.booking.v1 import admissions_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from boxoffice_client import BoxofficeError
from web.failures import words
from web.languages import N_, _
from web.numbers import number
from web.office import acting
from web.office.bookings import LONGEST_TOKEN, STAY
from web.office.picking import of_show, pick_show
from web.organizers.times import NoTime, instant
from web.visits import VISIT, Visit

A_PAGE = 50
MOST_SEATS = 1_000
FIELDS = ("code", "reason", "max_seats", "ends_at")

RESULTS = {
    admissions_pb2.Scan.ADMITTED: N_("let in"),
    admissions_pb2.Scan.ALREADY_USED: N_("used before"),
    admissions_pb2.Scan.REVOKED: N_("given back"),
    admissions_pb2.Scan.OTHER_SHOW: N_("for another show"),
    admissions_pb2.Scan.TOO_EARLY: N_("too early"),
    admissions_pb2.Scan.SHOW_OVER: N_("show over"),
    admissions_pb2.Scan.UNKNOWN_CODE: N_("no ticket of ours"),
    admissions_pb2.Scan.CODE_REPLACED: N_("has another code by now"),
    admissions_pb2.Scan.OTHER_GATE: N_("sent to another gate"),
    admissions_pb2.Scan.SHOW_CANCELLED: N_("show cancelled"),
    admissions_pb2.Scan.LIST_TOO_OLD: N_("gate's list too old"),
}
"""What pages say of the results of scans."""

routes = web.RouteTableDef()


@routes.get("/organizer/events/{event_id}/codes")
async def codes(request: web.Request) -> web.StreamResponse:
    """Show the access codes of a show."""
    return await _codes(request[VISIT])


async def _codes(visit: Visit, form: dict[str, str] | None = None, wrong: str = "") -> web.Response:
    show, here, others = await pick_show(visit)
    here.need(acting.BLOCK, N_("see and make access codes"))
    token = visit.request.query.get("page", "")[:LONGEST_TOKEN]
    found = await visit.services.list_access_codes(show_id=show.id, page_size=A_PAGE, page_token=token)
    typed = {name: (form or {}).get(name, "") for name in FIELDS}
    said: dict[str, Any] = {"show": show, "here": here, "shows": others, "found": found, "typed": typed}
    return visit.page("office/codes.html", 409 if wrong else 200, **said, wrong=wrong)


@routes.post("/organizer/events/{event_id}/codes")
async def change_codes(request: web.Request) -> web.StreamResponse:
    """Make an access code, or revoke one."""
    visit: Visit = request[VISIT]
    form = dict(await visit.form())
    show, here, _others = await pick_show(visit)
    here.need(acting.BLOCK, N_("see and make access codes"))
    try:
        if "revoke" in form:
            await visit.services.revoke_access_code(show_id=show.id, access_code_id=form["revoke"])
        else:
            ends_at = Timestamp()
            if form.get("ends_at"):
                ends_at.FromDatetime(instant(form["ends_at"], show.time_zone))
            await visit.services.create_access_code(
                show_id=show.id,
                code=form.get("code", "").strip(),
                reason=form.get("reason", "").strip(),
                max_seats=number(form.get("max_seats", ""), least=0, most=MOST_SEATS + 1, otherwise=0),
                ends_at=ends_at if form.get("ends_at") else None,
                idempotency_key=form.get("key", ""),
            )
    except NoTime as error:
        return await _codes(visit, form, _("Until: %(text)s") % {"text": error})
    except BoxofficeError as error:
        if error.code.name not in (*STAY, "ALREADY_EXISTS"):
            raise
        return await _codes(visit, form, words(error))
    raise web.HTTPSeeOther(of_show("codes", show))


@routes.get("/organizer/events/{event_id}/scans")
async def scans(request: web.Request) -> web.StreamResponse:
    """Show what was scanned of a show; or only by whom somebody came in whom the ticket did not let in."""
    return await _scans(request[VISIT])


async def _scans(visit: Visit, wrong: str = "") -> web.Response:
    show, here, others = await pick_show(visit)
    here.need(acting.SEE_SCANS, N_("see scans"))
    conflicts = "conflicts" in visit.request.query
    found = await visit.services.list_scans(
        show_id=show.id,
        conflicts_only=conflicts,
        page_size=A_PAGE,
        page_token=visit.request.query.get("page", "")[:LONGEST_TOKEN],
    )
    said: dict[str, Any] = {"show": show, "here": here, "shows": others, "found": found, "conflicts": conflicts}
    return visit.page("office/scans.html", 409 if wrong else 200, **said, results=RESULTS, wrong=wrong)


@routes.post("/organizer/events/{event_id}/scans")
async def undo(request: web.Request) -> web.StreamResponse:
    """Take back that a scan let somebody in."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    show, here, _others = await pick_show(visit)
    here.need(acting.SEE_SCANS, N_("take admissions back"))
    reason = form.get("reason", "").strip()
    if not reason:
        return await _scans(visit, _("Say why the admission is taken back."))
    try:
        await visit.services.undo_admission(show_id=show.id, scan_id=form.get("scan", ""), reason=reason)
    except BoxofficeError as error:
        if error.code.name not in STAY:
            raise
        return await _scans(visit, words(error))
    raise web.HTTPSeeOther(of_show("scans", show))
