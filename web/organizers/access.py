"""Who may see which page of the organizers."""

from __future__ import annotations

from aiohttp import web
from boxoffice.identity.v1 import organizations_pb2
from boxoffice.inventory.v1 import catalog_pb2

from web.failures import Failed
from web.languages import N_, _
from web.office.acting import FINANCE, MANAGE, acting_for
from web.visits import VISIT, Visit

CALLERS: web.AppKey[bool] = web.AppKey("callers", bool)
"""Whether it is verified who calls, as where AUTH is on."""

MANAGERS = MANAGE
"""The roles of members that make events, shows and prices."""

ACCOUNTANTS = (*MANAGE, FINANCE)
"""The roles of members that see what was sold."""

CHANGING = N_("make and change events")
LOOKING = N_("see what was sold")
AUTH_OFF = N_("Here nobody is asked who they are, so nobody can be an organizer. Start Boxoffice with AUTH=on.")

MOST_ORGANIZATIONS = 20
"""Nobody is in more."""


def organizer(request: web.Request) -> Visit:
    """Return the visit of somebody who is signed in, where that can be told."""
    visit: Visit = request[VISIT]
    visit.need_user()
    if not request.app.get(CALLERS, True):
        raise Failed(409, N_("Organizers have to be known"), AUTH_OFF)
    return visit


def may(visit: Visit, organization_id: str, roles: tuple[str, ...]) -> bool:
    """Tell whether the visitor has one of some roles in an organization."""
    return visit.claims.is_admin or visit.claims.memberships.get(organization_id) in roles


def need(visit: Visit, organization_id: str, roles: tuple[str, ...] = MANAGERS, what: str = CHANGING) -> None:
    """Raise Failed, which says who may, unless the visitor has one of some roles in an organization."""
    acting_for(visit, organization_id).need(roles, _(what))


async def managed_event(request: web.Request) -> tuple[Visit, catalog_pb2.Event]:
    """Return the visit, and the event of the path, which the visitor has to manage."""
    visit = organizer(request)
    event = await visit.services.get_event(event_id=request.match_info["event_id"])
    need(visit, event.organization_id)
    return visit, event


async def managed_show(
    request: web.Request, roles: tuple[str, ...] = MANAGERS, what: str = CHANGING
) -> tuple[Visit, catalog_pb2.Show]:
    """Return the visit, and the show of the path, of whose organization the visitor has to have a role."""
    visit = organizer(request)
    show = await visit.services.get_show(show_id=request.match_info["show_id"])
    need(visit, show.organization_id, roles, what)
    return visit, show


async def organizations_of(visit: Visit) -> list[organizations_pb2.ListOrganizationsResponse.OwnOrganization]:
    """Return the organizations of the visitor, with the role in each."""
    return list((await visit.services.list_organizations(page_size=MOST_ORGANIZATIONS)).organizations)
