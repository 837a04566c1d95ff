"""The members of an organization, and what each may do."""

from __future__ import annotations

from aiohttp import web
from boxoffice.policy.v1 import policy_pb2

from boxoffice_client import BoxofficeError
from boxoffice_client.errors import NotFound
from web.failures import words
from web.languages import N_, _
from web.office import acting
from web.office.acting import DUTIES
from web.office.bookings import LONGEST_TOKEN, STAY
from web.visits import VISIT, Visit

A_PAGE = 50
STAYS = (*STAY, "ALREADY_EXISTS", "RESOURCE_EXHAUSTED")

routes = web.RouteTableDef()


@routes.get("/organizer/team")
async def team(request: web.Request) -> web.StreamResponse:
    """Show who is in an organization, and as what."""
    return await _team(request[VISIT])


async def _team(visit: Visit, wrong: str = "", email: str = "", role: str = "BOX_OFFICE") -> web.Response:
    here = acting.acting(visit)
    here.need(acting.SEE_TEAM, N_("see the team"))
    if not here.organization_id:
        return visit.page("office/no-organization.html", here=here)
    found = await visit.services.list_members(
        organization_id=here.organization_id,
        page_size=A_PAGE,
        page_token=visit.request.query.get("page", "")[:LONGEST_TOKEN],
    )
    name = (await visit.services.get_organization(organization_id=here.organization_id)).name
    said = {"found": found, "here": here, "name": name, "duties": DUTIES, "email": email, "role": role}
    role_of = policy_pb2.Membership.Role.Name
    may_change = here.may(acting.CHANGE_TEAM)
    status = 409 if wrong else 200
    return visit.page("office/team.html", status, wrong=wrong, role_of=role_of, may_change=may_change, **said)


@routes.post("/organizer/team")
async def change(request: web.Request) -> web.StreamResponse:
    """Add a member, give one another role, or remove one; or leave."""
    visit: Visit = request[VISIT]
    form = await visit.form()
    here = acting.acting(visit)
    organization, member, do = here.organization_id, form.get("member", ""), form.get("do", "")
    if do == "leave":
        return await _leave(visit, organization)
    here.need(acting.CHANGE_TEAM, N_("change the team"))
    email, role = form.get("email", "").strip(), form.get("role", "")
    if do != "remove" and role not in DUTIES:
        return await _team(visit, _("Choose a role."), email)
    try:
        if do == "remove":
            await visit.services.remove_member(organization_id=organization, member_id=member)
        elif do == "change":
            given = policy_pb2.Membership.Role.Value(role)
            await visit.services.set_member_role(organization_id=organization, member_id=member, role=given)
        else:
            given = policy_pb2.Membership.Role.Value(role)
            await visit.services.add_member(organization_id=organization, email=email, role=given)
    except BoxofficeError as error:
        if error.code.name not in STAYS and not isinstance(error, NotFound):
            raise
        return await _team(visit, words(error), email, role)
    raise web.HTTPSeeOther(here.link("/organizer/team"))


async def _leave(visit: Visit, organization_id: str) -> web.Response:
    try:
        await visit.services.leave_organization(organization_id=organization_id)
    except BoxofficeError as error:
        if error.code.name not in STAYS:
            raise
        return await _team(visit, words(error))
    raise web.HTTPSeeOther("/organizer/dashboard")
