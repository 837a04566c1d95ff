"""Accounts: found by e-mail address, and their roles."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web
from boxoffice.identity.v1 import identity_pb2

from boxoffice_client import BoxofficeError
from web.admin.access import admin
from web.failures import Failed, words
from web.languages import N_
from web.visits import Visit

A_PAGE = 25
LONGEST_EMAIL = 254
LONGEST_TOKEN = 200
ROLES = {"ORGANIZER": N_("Organizer"), "ADMIN": N_("Admin")}
"""Roles that an account has or not, and their names, said by `_`; everybody has USER."""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

routes = web.RouteTableDef()


@routes.get("/admin")
async def home(request: web.Request) -> web.StreamResponse:
    """Show what there is for admins."""
    visit = admin(request)
    return visit.page("admin/home.html")


@routes.get("/admin/organization")
async def act(request: web.Request) -> web.StreamResponse:
    """Lead to the box office of an organization."""
    admin(request)
    asked = request.query.get("organization", "").strip().lower()
    if not _UUID.fullmatch(asked):
        text = N_("It has 36 signs, such as those of a show's organization.")
        raise Failed(400, N_("This is no id of an organization"), text)
    raise web.HTTPSeeOther(f"/organizer/bookings?organization={asked}")


@routes.get("/admin/users")
async def users(request: web.Request) -> web.StreamResponse:
    """Show accounts, the newest first."""
    visit = admin(request)
    found = await visit.services.list_users(page_size=A_PAGE, page_token=request.query.get("page", "")[:LONGEST_TOKEN])
    return _users(visit, found)


def _users(
    visit: Visit, found: identity_pb2.ListUsersResponse, email: str = "", wrong: str = "", status: int = 200
) -> web.Response:
    said: dict[str, Any] = {
        "found": found,
        "email": email,
        "roles": ROLES,
        "wrong": wrong,
        "is_done": "done" in visit.request.query,
    }
    return visit.page("admin/users.html", status, **said, names_of=_roles)


def _roles(user: identity_pb2.User) -> list[str]:
    return [identity_pb2.User.Role.Name(role) for role in user.roles]


@routes.post("/admin/users/search")
async def search(request: web.Request) -> web.StreamResponse:
    """Find the account of an e-mail address, which is in the form alone, as addresses of pages are written down."""
    visit = admin(request)
    email = (await visit.form()).get("email", "").strip()[:LONGEST_EMAIL]
    try:
        found = await visit.services.list_users(email=email)
    except BoxofficeError as error:
        if error.code.name != "INVALID_ARGUMENT":
            raise
        return _users(visit, identity_pb2.ListUsersResponse(), email, words(error), 400)
    return _users(visit, found, email)


@routes.post("/admin/users/{user_id}")
async def change(request: web.Request) -> web.StreamResponse:
    """Set the roles of an account, or say whether its address is its user's."""
    visit = admin(request)
    form = await visit.form()
    user_id, email = request.match_info["user_id"], form.get("email", "")
    try:
        if (do := form.get("do", "")) in ("verified", "unverified"):
            await visit.services.set_email_verified(user_id=user_id, email_verified=do == "verified")
        else:
            given = [role for role in await visit.choices("role") if role in ROLES]
            roles = [identity_pb2.User.USER, *(identity_pb2.User.Role.Value(role) for role in given)]
            await visit.services.set_roles(user_id=user_id, roles=roles)
    except BoxofficeError as error:
        if error.code.name != "FAILED_PRECONDITION":
            raise
        return _users(visit, await visit.services.list_users(email=email), email, words(error), 409)
    raise web.HTTPSeeOther("/admin/users?done=1")
