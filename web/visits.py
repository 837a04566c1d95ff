"""What every request gets: a session, a client that calls as its visitor, headers, and a page where it failed."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from aiohttp import web
from markupsafe import Markup

from boxoffice_client import BoxofficeError
from services.chassis.sight.logs import request_id
from services.chassis.wire import tls
from web import languages, measures, peers
from web.claims import Claims, claims
from web.failures import BUSY, Failed, page_of
from web.languages import N_, _
from web.pages import Pages
from web.paths import own
from web.peers import Services
from web.sessions import Cookies, Session, anonymous, signed_in
from web.shared import Shared

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ANSWER_SECONDS = 8.0
"""How long an answer may take in all."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-permitted-cross-domain-policies": "none",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""What goes out with every answer."""

PRIVATE = "private, no-store"
"""After a sign-out, going back shows nothing."""

FORM = "application/x-www-form-urlencoded"
"""What browsers send of a form that has no file, as none of ours has."""

TOO_OLD = N_("It was open for long, or came from another site. Go back, reload the page and send it again.")
UNREADABLE = N_("Go back, reload the page and send it again.")

VISIT = "visit"
"""Under this name a request has its visit."""


@dataclass(slots=True)
class Visit:
    """A request, and who made it."""

    request: web.Request
    pages: Pages
    services: Services
    """The services, called as the visitor."""
    session: Session
    is_known: bool
    """Whether the session came with the request; else it is new, and kept only if the page has a form."""
    shared: Shared
    """Answers that visitors share who are not signed in."""
    is_changed: bool = False
    """Whether the browser has to keep another session than it has."""
    is_left_stale: bool = False
    """Whether the access token may have ended, and could not be replaced now, as while identity is away."""
    used_token: str = ""
    """The refresh token that came with the request, once it was used."""
    organization_id: str = ""
    """Whose the page is, where it is one of the organizers' about something of theirs."""
    time_limit: asyncio.Timeout | None = None
    """When the answer has to be there."""

    @property
    def public_url(self) -> str:
        """Where visitors are, without a path."""
        return self.pages.public_url

    @property
    def user_id(self) -> str:
        """Who is signed in; empty: nobody."""
        return self.session.user_id

    @property
    def claims(self) -> Claims:
        """What the visitor's token says of roles."""
        return claims(self.session.access_token)

    @property
    def language(self) -> str:
        """The language that the visitor reads, such as `hi`."""
        return languages.language()

    @property
    def locale(self) -> str:
        """The language and the region that times and money are written for, such as `en-IN`."""
        return str(languages.current()).replace("_", "-")

    @property
    def here(self) -> str:
        """The page that the visitor is on: of an answer to a form, the page that had the form."""
        if self.request.method in ("GET", "HEAD"):
            return own(self.request.path_qs)
        return own(self.request.headers.get("referer", "").removeprefix(self.public_url))

    def _word(self) -> Markup:
        """Return the field of a form that says that it is one of ours."""
        if not self.is_known:
            self.is_changed = True  # the browser has to keep the word
        return Markup('<input type="hidden" name="word" value="{}">').format(self.session.word)

    def need_user(self) -> str:
        """Return who is signed in; raise what sends the visitor to the page where one signs in."""
        if not self.session.user_id:
            raise web.HTTPSeeOther(f"/login?next={quote(self.here, safe='')}")
        return self.session.user_id

    async def read(self, method: str, **asked: Any) -> Any:
        """Return the answer of a method that anybody may call; whoever is not signed in shares it for a second."""
        ask = partial(getattr(self.services, method), **asked)
        if self.user_id:
            return await ask()
        return await self.shared.answer((method, *sorted(asked.items())), ask)

    def wait_for(self, seconds: float) -> None:
        """Let the answer take so long from now on, as where a file has to come first."""
        if self.time_limit is not None:
            self.time_limit.reschedule(asyncio.get_running_loop().time() + seconds)

    def sign_in(self, tokens: Any) -> None:
        """Begin a new session."""
        self.session, self.is_changed = signed_in(tokens), True

    async def carry_on(self) -> None:
        """Go on with new tokens, which say what the visitor is by now.

        A second time, the token that came with the request is used again: for some seconds it gives the same next one.
        If the next one were used, another tab that has only the first would end the family.
        """
        token = self.used_token or self.session.refresh_token
        tokens = await self.services.refresh(refresh_token=token)
        self.used_token, self.session, self.is_changed = token, self.session.carried_on(tokens), True

    def sign_out(self) -> None:
        """End the session in this browser."""
        self.session, self.is_changed = anonymous(), True

    async def form(self) -> Mapping[str, str]:
        """Return what a form of ours says, the first of each field; raise Failed where it is not one of ours."""
        if self.request.content_type != FORM or (self.request.charset or "utf-8").lower() != "utf-8":
            raise Failed(415, N_("This form cannot be read"), UNREADABLE)
        try:
            given = await self.request.post()
        except UnicodeDecodeError:
            raise Failed(400, N_("This form cannot be read"), UNREADABLE) from None
        word = given.get("word", "")
        if not isinstance(word, str) or not hmac.compare_digest(word.encode(), self.session.word.encode()):
            raise Failed(403, N_("This form is too old"), TOO_OLD)
        return {name: value for name, value in given.items() if isinstance(value, str)}

    async def choices(self, name: str) -> list[str]:
        """Return each value of a field of the form."""
        return [value for value in (await self.request.post()).getall(name, []) if isinstance(value, str)]

    def page(self, template: str, http_status: int = 200, **words: Any) -> web.Response:
        """Return a page of a template."""
        text = self.pages.render(template, visit=self, word=self._word, **words)
        headers = {"vary": "Accept-Language, Cookie", "content-language": self.language}
        return web.Response(text=text, status=http_status, content_type="text/html", headers=headers)


class Visits:
    """The middleware."""

    def __init__(self, services: Services, cookies: Cookies, pages: Pages, *, most: int, is_secure: bool) -> None:
        """`most`: so many requests are answered at once."""
        self._services, self._cookies, self._pages = services, cookies, pages
        self._most, self._now = most, 0
        self._shared = Shared()
        self._headers = HEADERS | ({"strict-transport-security": "max-age=31536000"} if is_secure else {})

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request."""
        if request.path.startswith("/assets/") or request.path == "/healthz":
            return self._finished(await _file(request, handler))
        if not _is_by_gateway(request):
            return self._finished(web.Response(status=403, text="the gateway alone calls this"))
        wished = request.cookies.get(languages.COOKIE, ""), request.headers.get("accept-language", "")
        languages.use(languages.reader(*wished))
        if self._now >= self._most:
            return self._finished(web.Response(status=503, text=_(BUSY.text), headers={"retry-after": "2"}))
        self._now += 1
        measures.ANSWERS_NOW.set(self._now)
        begun = time.monotonic()
        peers.address.set(request.headers.get("x-client-address", ""))
        request_id.set(request.headers.get("x-request-id", ""))
        status = 500
        try:
            response = await self._answer(request, handler)
            status = response.status
            return response
        finally:
            self._now -= 1
            measures.ANSWERS_NOW.set(self._now)
            measures.count(request, status, time.monotonic() - begun)

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        end = asyncio.get_running_loop().time() + ANSWER_SECONDS
        visit = await self._visit(request)
        request[VISIT] = visit
        try:
            async with asyncio.timeout_at(end) as visit.time_limit:
                response = await handler(request)
        except web.HTTPException as redirect:
            response = page_of(visit, redirect) if redirect.status >= 400 else redirect
        except Exception as error:
            response = page_of(visit, error)
        if visit.is_changed:
            self._cookies.write(response, visit.session)
        if visit.is_changed or visit.user_id:
            response.headers["cache-control"] = PRIVATE
        elif response.content_type == "text/html":
            response.headers.setdefault("cache-control", "no-cache")
        return self._finished(response)

    async def _visit(self, request: web.Request) -> Visit:
        """Return the visit of a request, its access token replaced where that is about to end."""
        session = self._cookies.read(request)
        who = session or anonymous()
        visit = Visit(request, self._pages, self._services, who, is_known=session is not None, shared=self._shared)
        if visit.session.is_stale:
            try:
                await visit.carry_on()
            except BoxofficeError as error:
                if error.reason != "REFRESH_TOKEN_INVALID":
                    visit.is_left_stale = True
                    log.warning("a session cannot be carried on now: %s", error.reason)
                else:
                    visit.sign_out()
        options: dict[str, Any] = {"request_id": request_id.get() or None, "token": visit.session.access_token or None}
        visit.services = self._services.with_options(**options)
        return visit

    def _finished(self, response: web.StreamResponse) -> web.StreamResponse:
        for name, value in self._headers.items():
            response.headers.setdefault(name, value)
        return response


async def _file(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer with a file, or with why not; a browser may keep it, and asks whether it is still the same."""
    try:
        response = await handler(request)
    except web.HTTPException as refusal:
        return refusal
    response.headers.setdefault("cache-control", "no-cache")
    return response


def _is_by_gateway(request: web.Request) -> bool:
    """Tell whether the gateway calls: it says where the visitor is, and nobody else is believed."""
    if tls.own is None:
        return True
    certificate = request.transport.get_extra_info("peercert") if request.transport else None
    names = [name for kind, name in (certificate or {}).get("subjectAltName", ()) if kind == "DNS"]
    return f"gateway{tls.SUFFIX}" in names
