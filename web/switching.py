"""Read the shop in another language: what the footer leads to."""

from __future__ import annotations

from aiohttp import web

from web import languages
from web.accounts import keep_language
from web.paths import own
from web.visits import VISIT, Visit

KEPT_SECONDS = 365 * 86_400
"""How long a browser remembers the choice."""

routes = web.RouteTableDef()


@routes.get("/language/{language}")
async def switch(request: web.Request) -> web.StreamResponse:
    """Have the browser remember a language, mails to who is signed in be written in it, and go back to the page."""
    visit: Visit = request[VISIT]
    language = request.match_info["language"]
    if language not in languages.NAMES:
        raise web.HTTPNotFound()
    if visit.user_id and language != visit.language:
        await keep_language(visit, language)
    response = web.Response(status=303, headers={"location": own(request.query.get("next"))})
    is_secure = visit.public_url.startswith("https://")
    response.set_cookie(
        languages.COOKIE, language, max_age=KEPT_SECONDS, path="/", secure=is_secure, httponly=True, samesite="Lax"
    )
    return response
