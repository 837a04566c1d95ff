"""Who may see the pages of admins."""

from __future__ import annotations

from aiohttp import web

from web.failures import Failed
from web.languages import N_
from web.visits import VISIT, Visit

FOR_ADMINS = N_("Boxoffice's admins see these pages. One of them can give your account the role.")


def admin(request: web.Request) -> Visit:
    """Return the visit of an admin; raise what sends others away. The services refuse them as well."""
    visit: Visit = request[VISIT]
    visit.need_user()
    if not visit.claims.is_admin:
        raise Failed(403, N_("This is for admins"), FOR_ADMINS)
    return visit
