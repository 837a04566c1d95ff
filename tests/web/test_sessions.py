"""The cookie: read by whoever has the secret, and by nobody else."""

import time
from dataclasses import replace
from http.cookies import SimpleCookie
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from web.sessions import Cookies, Session, anonymous

OLD, NEW, OTHER = ("whsec_" + letter * 40 for letter in "ABC")
SIGNED_IN = replace(anonymous(), user_id="u", access_token="a", refresh_token="r", good_until=time.time() + 900)


def written(cookies: Cookies, session: Session = SIGNED_IN) -> Any:
    response = web.Response()
    cookies.write(response, session)
    return next(iter(SimpleCookie(response.cookies.output(header="")).values()))


def read(cookies: Cookies, name: str, value: str) -> Session | None:
    return cookies.read(make_mocked_request("GET", "/", headers={"cookie": f"{name}={value}"}))


def test_what_one_replica_wrote_another_reads() -> None:
    one, another = Cookies([NEW], is_secure=False), Cookies([NEW], is_secure=False)
    assert read(another, "session", written(one).value) == SIGNED_IN


def test_while_secrets_change_both_kinds_are_read_and_new_ones_are_written() -> None:
    before, between, after = (Cookies(given, is_secure=False) for given in ([OLD], [NEW, OLD], [NEW]))
    assert read(between, "session", written(before).value) == SIGNED_IN
    assert read(after, "session", written(between).value) == SIGNED_IN
    assert read(after, "session", written(before).value) is None


def test_nobody_else_makes_one() -> None:
    cookies = Cookies([NEW], is_secure=False)
    value = written(Cookies([OTHER], is_secure=False)).value
    for given in (value, value[:-4] + "AAAA", "", "x", 5_000 * "A"):
        assert read(cookies, "session", given) is None


def test_over_tls_it_is_of_this_host_alone_and_no_script_sees_it() -> None:
    cookie = written(Cookies([NEW], is_secure=True))
    assert (cookie.key, cookie["path"], cookie["domain"]) == ("__Host-session", "/", "")
    assert cookie["secure"] and cookie["httponly"] and cookie["samesite"] == "Lax"


def test_on_one_machine_without_tls_it_has_no_prefix() -> None:
    cookie = written(Cookies([NEW], is_secure=False))
    assert cookie.key == "session" and not cookie["secure"] and cookie["httponly"]


def test_a_session_that_fits_no_cookie_is_a_defect() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        written(Cookies([NEW], is_secure=False), replace(SIGNED_IN, access_token=4_000 * "a"))
