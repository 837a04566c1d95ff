"""For whom a visitor acts at the office, and what the role there may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from aiohttp import web

from web.failures import Failed
from web.languages import N_, _

if TYPE_CHECKING:
    from web.visits import Visit

OWNER, MANAGER, BOX_OFFICE, FINANCE, DOOR = "OWNER", "MANAGER", "BOX_OFFICE", "FINANCE", "DOOR"
ADMIN = "ADMIN"
"""Not a role of members: Boxoffice's admins act for every organization, and for Boxoffice itself."""

ROLES = {
    OWNER: N_("Owner"),
    MANAGER: N_("Manager"),
    BOX_OFFICE: N_("Box office"),
    FINANCE: N_("Finance"),
    DOOR: N_("Door"),
    ADMIN: N_("Admin"),
}
"""What pages call roles; said by `_`."""

DUTIES = {
    OWNER: N_("everything, members included"),
    MANAGER: N_("events, venues, shows, prices, coupons, refunds, gates and webhooks"),
    BOX_OFFICE: N_("finds bookings, blocks seats, books guests"),
    FINANCE: N_("reads sales, invoices and lists of bookings"),
    DOOR: N_("lets people in"),
}
"""What members of a role may do, in a few words; said by `_`."""

SEE_BOOKINGS = (OWNER, MANAGER, BOX_OFFICE, FINANCE)
SEARCH = (OWNER, MANAGER, BOX_OFFICE)
REFUND = MANAGE = (OWNER, MANAGER)
BLOCK = (OWNER, MANAGER, BOX_OFFICE)
SEE_TEAM = (OWNER, MANAGER)
CHANGE_TEAM = (OWNER,)
SEE_SCANS = (OWNER, MANAGER, DOOR)

_LINKS = (
    (N_("Dashboard"), "/organizer/dashboard", ()),
    (N_("Bookings"), "/organizer/bookings", SEE_BOOKINGS),
    (N_("Guests and blocks"), "/organizer/seats", BLOCK),
    (N_("Coupons"), "/organizer/coupons", MANAGE),
    (N_("Team"), "/organizer/team", SEE_TEAM),
    (N_("Gates"), "/organizer/gates", SEE_SCANS),
    (N_("Webhooks"), "/organizer/webhooks", MANAGE),
)
"""The pages of the office: their names, their paths, and whose they are; nobody named: everybody's."""


@dataclass(frozen=True, slots=True)
class Acting:
    """An organization, and the visitor's role in it."""

    organization_id: str
    """Empty: Boxoffice itself, for which its admins act."""
    role: str
    is_admin: bool = False

    def may(self, roles: tuple[str, ...]) -> bool:
        """Tell whether one of these roles is the visitor's; admins have all of them."""
        return self.is_admin or self.role in roles

    def need(self, roles: tuple[str, ...], what: str) -> None:
        """Raise Failed, which says who may, where the visitor may not do `what`; that is said by `_`."""
        if not self.may(roles):
            said = {
                "roles": _listed([_(ROLES[role]) for role in roles]),
                "mine": _(ROLES[self.role]) if self.role in ROLES else self.role,
            }
            text = _(
                "Here only the roles %(roles)s may %(what)s; yours is %(mine)s."
                " An owner of the organization can change it."
            )
            raise Failed(403, N_("Your role may not do this"), text % {**said, "what": _(what)})

    def link(self, path: str, /, **more: str) -> str:
        """Return a path with the organization in it, and with what else is given and not empty."""
        asked = {"organization": self.organization_id, **more}
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{path}?{query}" if query else path


def _listed(names: list[str]) -> str:
    return (
        names[0]
        if len(names) == 1
        else _("%(first)s and %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}
    )


def acting(visit: Visit) -> Acting:
    """Return for whom the visitor acts: the organization in the address, or else the first of theirs."""
    visit.need_user()
    mine = visit.claims.memberships
    chosen = visit.request.query.get("organization") or min(mine, default="")
    if not chosen and not visit.claims.is_admin:
        raise web.HTTPSeeOther("/organizer/dashboard")
    return acting_for(visit, chosen)


def acting_for(visit: Visit, organization_id: str) -> Acting:
    """Return the visitor's role in an organization, such as that of a show; raise Failed where there is none."""
    visit.need_user()
    role = visit.claims.memberships.get(organization_id, "")
    if not role and not visit.claims.is_admin:
        text = N_("It belongs to an organization in which you are no member. An owner there can add you to the team.")
        raise Failed(403, N_("This is not yours to see"), text)
    visit.organization_id = organization_id
    return Acting(organization_id, role or ADMIN, visit.claims.is_admin)


def links(visit: Visit) -> list[tuple[str, str, bool]]:
    """Return the pages of the office that are the visitor's: name, address, and whether it is the one that is shown."""
    mine = visit.claims.memberships
    chosen = visit.organization_id or visit.request.query.get("organization") or min(mine, default="")
    here = Acting(chosen, mine.get(chosen, ""), visit.claims.is_admin)
    path = visit.request.path
    return [
        (_(name), here.link(link), path == link or path.startswith(f"{link}/"))
        for name, link, roles in _LINKS
        if not roles or here.may(roles)
    ]
