"""What becomes of a session whose access token has ended, by how identity answers."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from grpc import StatusCode

from boxoffice_client import BoxofficeError
from web.pages import Pages
from web.sessions import Cookies, Session, anonymous
from web.visits import VISIT, Visits

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")

AWAY = BoxofficeError("Identity is away.", code=StatusCode.UNAVAILABLE)
INVALID = BoxofficeError("It is used up.", code=StatusCode.UNAUTHENTICATED, reason="REFRESH_TOKEN_INVALID")
REFUSED = BoxofficeError("The token has expired.", code=StatusCode.UNAUTHENTICATED)

SIGNED_IN = replace(anonymous(), user_id="u", access_token="a", refresh_token="r", good_until=time.time() + 900)
ENDED = replace(SIGNED_IN, good_until=time.time() - 900)


class Services:
    """Services that refuse the access token; identity answers as it is told to."""

    def __init__(self, refused: BoxofficeError) -> None:
        self._refused = refused

    def with_options(self, **options: Any) -> Services:
        return self

    async def refresh(self, **asked: Any) -> None:
        raise self._refused

    async def get_user(self, **asked: Any) -> None:
        raise REFUSED


async def visit(session: Session, refused: BoxofficeError) -> tuple[web.StreamResponse, Session | None]:
    """Visit a page about the visitor; return the answer, and the session that the browser then has instead."""
    cookies, before = Cookies(["whsec_" + 40 * "A"], is_secure=False), web.Response()
    services: Any = Services(refused)
    cookies.write(before, session)
    headers = {"cookie": f"session={before.cookies['session'].value}"}
    visits = Visits(services, cookies, Pages("http://shop.example", most_seats=6), most=1, is_secure=False)

    async def page(request: web.Request) -> web.StreamResponse:
        asking = request[VISIT]
        asking.need_user()
        await asking.services.get_user()
        raise AssertionError("the token has ended")

    answer = await visits.answer(make_mocked_request("GET", "/profile", headers=headers), page)
    if "session" not in answer.cookies:
        return answer, None
    kept = {"cookie": f"session={answer.cookies['session'].value}"}
    return answer, cookies.read(make_mocked_request("GET", "/", headers=kept))


async def test_while_identity_is_away_a_session_stays_though_its_access_token_has_ended() -> None:
    answer, instead = await visit(ENDED, AWAY)
    assert instead is None
    assert isinstance(answer, web.Response) and "A part of the shop is away" in str(answer.text)
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")


async def test_a_session_that_has_ended_elsewhere_is_over_in_this_browser() -> None:
    for session, refused in ((ENDED, INVALID), (SIGNED_IN, AWAY)):
        answer, instead = await visit(session, refused)
        assert (answer.status, answer.headers["location"]) == (303, "/login?next=/profile")
        assert instead is not None and instead.user_id == instead.refresh_token == ""
