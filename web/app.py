"""The shop put together: its pages, and what all of them get."""

from __future__ import annotations

from aiohttp import web

from web import accounts, bookings, catalogue, choosing, door, notices, paying, search_engines, switching, transfers
from web.admin.routes import routes as admins
from web.office.routes import routes as office
from web.organizers import cancelling, dashboard, halls, moving, pictures, selling, shows, taxing
from web.organizers import events as organized
from web.organizers.access import CALLERS
from web.pages import FOLDER, Pages
from web.peers import Services
from web.sessions import Cookies
from web.settings import Settings
from web.visits import Visits

ORGANIZERS = (dashboard, organized, halls, shows, pictures, selling, taxing, moving, cancelling)
"""The pages of those who organize."""

LARGEST_FORM = 256 * 1024
"""A form of a thousand seats is about 50 KB."""


def make_app(settings: Settings, services: Services) -> web.Application:
    """Return the shop, for services that are connected."""
    visits = Visits(
        services,
        Cookies(settings.session_secrets, is_secure=settings.is_secure),
        Pages(settings.public_url, most_seats=settings.max_seats_per_user),
        most=settings.most_requests,
        is_secure=settings.is_secure,
    )
    app = web.Application(middlewares=[visits.answer], client_max_size=LARGEST_FORM)
    app.router.add_get("/healthz", health)
    app.router.add_static("/assets/", FOLDER / "static")
    app[CALLERS] = settings.auth == "on"
    customers = (catalogue, accounts, choosing, paying, bookings, notices, door, search_engines, switching, transfers)
    for each in (*customers, *ORGANIZERS):
        app.router.add_routes(each.routes)
    app.router.add_routes([*office, *admins])
    return app


async def health(request: web.Request) -> web.StreamResponse:
    """Say that the shop serves."""
    return web.Response(text="serving")
