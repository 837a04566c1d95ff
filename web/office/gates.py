"""Gates: the devices that let people in, and their credentials."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import segno
from aiohttp import web
from boxoffice.booking.v1 import gates_pb2
from boxoffice.inventory.v1 import catalog_pb2

from boxoffice_client import BoxofficeError
from web.failures import words
from web.languages import N_, _
from web.office import acting
from web.office.acting import Acting
from web.office.bookings import LONGEST_TOKEN, STAY
from web.organizers.times import NoTime, instant
from web.visits import VISIT, Visit

A_PAGE = 25
MOST_SHOWS = 100
OFFLINE = {
    "HOME": N_(
        "Lets in the tickets that are its own: each lets in once, as long as its gates send their scans in time"
    ),
    "NEVER": N_("Lets in nobody: for a door with a sure connection"),
    "ANY": N_("Lets in all tickets that are no other gate's: each may let in once at every such gate"),
}
"""What a gate may do without a connection."""

OFFLINE_NAMES = {
    gates_pb2.Gate.HOME: N_("its own tickets"),
    gates_pb2.Gate.NEVER: N_("never"),
    gates_pb2.Gate.ANY: N_("any ticket"),
}
"""The same, in a word."""

routes = web.RouteTableDef()


@routes.get("/organizer/gates")
async def gates(request: web.Request) -> web.StreamResponse:
    """Show the gates of an organization."""
    return await _gates(request[VISIT])


async def _gates(visit: Visit, form: dict[str, Any] | None = None, wrong: str = "") -> web.Response:
    here = acting.acting(visit)
    here.need(acting.SEE_SCANS, N_("see gates"))
    manages = here.may(acting.MANAGE)
    shows = await _shows(visit, here)
    found = gates_pb2.ListGatesResponse()
    if manages:
        token = visit.request.query.get("page", "")[:LONGEST_TOKEN]
        found = await visit.services.list_gates(
            organization_id=here.organization_id, page_size=A_PAGE, page_token=token
        )
    typed = {"name": "", "ends_at": "", "zone": "", "offline": "HOME", "shows": []} | (form or {})
    zones = [*dict.fromkeys(show.time_zone for show in shows if show.time_zone), "UTC"]
    said: dict[str, Any] = {"here": here, "found": found, "shows": shows, "by_id": {show.id: show for show in shows}}
    said |= {"typed": typed, "zones": zones, "manages": manages, "now": datetime.now(UTC)}
    said |= {"offline": OFFLINE, "offline_names": OFFLINE_NAMES}
    return visit.page("office/gates.html", 409 if wrong else 200, **said, wrong=wrong)


async def _shows(visit: Visit, here: Acting) -> Sequence[catalog_pb2.Show]:
    """Return shows to come that a gate can be for."""
    asked: dict[str, Any] = {"organization_id": here.organization_id} if here.organization_id else {}
    found = (await visit.services.list_shows(page_size=MOST_SHOWS, **asked)).shows
    gone = (catalog_pb2.Show.CANCELLED, catalog_pb2.Show.DRAFT)
    return [show for show in found if show.organization_id == here.organization_id and show.status not in gone]


@routes.post("/organizer/gates")
async def change(request: web.Request) -> web.StreamResponse:
    """Make a gate, give one another credential, or end one; a credential is shown in the answer, and never again."""
    visit: Visit = request[VISIT]
    form = dict(await visit.form())
    here = acting.acting(visit)
    here.need(acting.MANAGE, N_("make and end gates"))
    typed: dict[str, Any] = {**form, "shows": await visit.choices("show")}
    organization, gate, do = here.organization_id, form.get("gate", ""), form.get("do", "")
    try:
        if do == "revoke":
            await visit.services.revoke_gate(organization_id=organization, gate_id=gate)
            raise web.HTTPSeeOther(here.link("/organizer/gates"))
        if do == "rotate":
            return _shown(visit, here, await visit.services.rotate_gate(organization_id=organization, gate_id=gate))
        return _shown(visit, here, await _made(visit, organization, typed))
    except NoTime as error:
        return await _gates(visit, typed, _("Until: %(text)s") % {"text": error})
    except BoxofficeError as error:
        if error.code.name not in (*STAY, "ALREADY_EXISTS"):
            raise
        return await _gates(visit, typed, words(error))


async def _made(visit: Visit, organization_id: str, typed: dict[str, Any]) -> gates_pb2.Gate:
    offline = typed.get("offline", "")
    return await visit.services.create_gate(
        organization_id=organization_id,
        name=typed.get("name", "").strip(),
        show_ids=typed["shows"],
        ends_at=instant(typed.get("ends_at", ""), typed.get("zone", "UTC")),
        offline=gates_pb2.Gate.Offline.Value(offline if offline in OFFLINE else "HOME"),
        idempotency_key=typed.get("key", ""),
    )


def _shown(visit: Visit, here: Acting, gate: gates_pb2.Gate) -> web.Response:
    """Show a gate's credential, as text and as a code for the page of the door; the link's end reaches no server."""
    link = f"{visit.public_url}/check-in#{gate.credential}"
    code = segno.make(link, micro=False, error="m").svg_data_uri(scale=6, border=4) if gate.credential else ""
    return visit.page("office/credential.html", gate=gate, here=here, link=link, code=code)
