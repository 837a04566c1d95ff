"""The shop, page by page, as a browser without scripts sees it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from stack import credentials
from stack.launcher import Stack
from stack.processes import wait_until
from tests.patience import patient
from tests.web.conftest import PASSWORD, Visitor, visiting
from web.sessions import Cookies, Session

FREE = re.compile(r'name="seat" value="([^"]+)" data-price="\d+" data-at="\d+,\d+" aria-label')


def until(holds: Callable[[], bool]) -> None:
    assert wait_until(holds, patient(10))


def choose(visitor: Visitor, seats: int) -> tuple[str, str, list[str]]:
    """Go to the seats of an event; return the page's address, the page, and so many free seats."""
    for event in re.findall(r'<a href="(/events/[0-9a-f-]{36})"', visitor.get("/events")):
        for link in re.findall(r'class="button" href="(/booking/[^"]+)"', visitor.get(event)):
            page = visitor.get(html.unescape(link))
            if len(free := FREE.findall(page)) > seats + 4:
                return html.unescape(link), page, free[:seats]
    raise AssertionError("nothing is on sale")


def decline(visitor: Visitor, session: str) -> None:
    """Let the bank decline a payment."""
    answer = visitor.http.post(f"/api/v1/payments/simulate/{session}", json={"result": "DECLINE"})
    assert answer.status_code == 200, answer.text


def cookies_of(stack: Stack) -> Cookies:
    """Return what reads the cookies of the stack's shop."""
    return Cookies([credentials.load(stack.settings.data_dir / credentials.FILE)["session"]], is_secure=False)


def session_of(stack: Stack, visitor: Visitor) -> Session:
    cookie = f"session={visitor.http.cookies['session']}"
    session = cookies_of(stack).read(make_mocked_request("GET", "/", headers={"cookie": cookie}))
    assert session is not None
    return session


def check_what_else_there_is(visitor: Visitor, mine: str, page: str) -> None:
    """Check the files that a booking's page leads to, its notice, and that its user stays until its show."""
    kinds = {"tickets.pdf": b"%PDF", "invoice.pdf": b"%PDF", "calendar.ics": b"BEGIN:VCALENDAR"}
    names = re.findall(rf'href="{mine}/([\w.]+)"', page)
    assert {"tickets.pdf", "calendar.ics"} <= set(names)
    for name in names:
        file = visitor.http.get(f"{mine}/{name}")
        assert file.status_code == 200 and file.content.startswith(kinds[name]), name
        assert file.headers["content-disposition"].startswith("attachment"), name
        assert file.headers["cache-control"] == "private, no-store"
    until(lambda: "Your booking is confirmed" in visitor.get("/notices"))
    kept = visitor.send("/profile/delete", visitor.get("/profile/delete"), password=PASSWORD)
    assert kept.status_code == 409 and 'role="alert"' in kept.text


def check_no_order_is_left(visitor: Visitor, order: str) -> None:
    """Check that who goes back finds no order, and is not told that the seats are free."""
    gone = visitor.get(order, 409)
    assert "free again" not in gone and "you have booked them" in gone


def test_a_ticket_is_bought_without_scripts(stack: Stack, visitor: Visitor) -> None:
    visitor.register()
    address, page, seats = choose(visitor, 2)
    held = visitor.send(address, page, seat=seats)
    assert held.status_code == 303, held.text
    order = visitor.get(held.headers["location"])
    # The form is sent twice, as by a double click: it books once, and both answers lead to the payment.
    booked, again = (visitor.send(held.headers["location"].partition("?")[0], order) for _ in range(2))
    assert booked.status_code == 303, booked.text
    assert again.headers["location"] == booked.headers["location"]
    check_no_order_is_left(visitor, held.headers["location"])

    # The first payment is declined. Who pays anew is not told so again.
    pay = booked.headers["location"]
    declined = visitor.send(pay, visitor.get(pay).partition("/cancel")[0], method="CARD").headers["location"]
    decline(visitor, declined.rpartition("/")[2])
    until(lambda: "was declined" in visitor.get(pay))
    payment = visitor.get(pay).partition("/cancel")[0]
    begun = visitor.send(pay, payment, method="UPI")
    session = begun.headers["location"].rpartition("/")[2]
    assert "was declined" not in visitor.get(pay)
    by_another_name = {"host": "localhost"}
    fields = dict(re.findall(r'name="(word|key)" value="([^"]*)"', payment))
    linked = visitor.http.post(pay, data={**fields, "method": "UPI"}, headers=by_another_name)
    assert linked.status_code == 200 and f'href="{begun.headers["location"]}"' in linked.text
    assert "Back to your booking" in visitor.get(begun.headers["location"])
    paid = visitor.http.post(f"/api/v1/payments/simulate/{session}", json={"result": "SUCCESS"})
    assert paid.status_code == 200, paid.text

    mine = booked.headers["location"].replace("/payment/", "/my-bookings/")
    until(lambda: visitor.http.get(f"{booked.headers['location']}?back=1").status_code == 303)
    page = visitor.get(mine)
    codes = re.findall(r'<img src="([^"]+\.svg)"', page)
    assert len(codes) == 2
    assert visitor.http.get(codes[0]).headers["content-type"] == "image/svg+xml"
    assert "Confirmed" in page and mine in visitor.get("/my-bookings")
    check_what_else_there_is(visitor, mine, page)

    # One seat goes back, for what the page says, once, though the form is sent twice.
    seen = visitor.send(f"{mine}/refund", page, seat=[seats[0]])
    assert "come back" in seen.text
    [given] = re.findall(r'value="' + seats[0] + r'"> ([^<]+)</label>', page)
    assert f"<li>{given}</li>" in seen.text and f"<strong>{given}</strong>" in page
    for _ in range(2):
        assert visitor.send(f"{mine}/refund", seen.text, seat=[seats[0]]).status_code == 303
    until(lambda: len(re.findall(r'<img src="[^"]+\.svg', visitor.get(mine))) == 1)
    with visiting(stack) as other:
        other.register()
        for path in (mine, codes[1], f"{mine}/tickets.pdf", f"{mine}/calendar.ics", booked.headers["location"]):
            other.get(path, 404)


def test_who_signs_in_to_hold_seats_finds_them_chosen(stack: Stack, visitor: Visitor) -> None:
    with visiting(stack) as known:
        email = known.register()
    address, page, seats = choose(visitor, 3)
    sent = visitor.send(address, page, seat=seats)
    signed_in = visitor.send("/login", visitor.get(sent.headers["location"]), email=email, password=PASSWORD)
    chosen = re.findall(
        r'value="([^"]+)" data-price="\d+" data-at="\d+,\d+" checked', visitor.get(signed_in.headers["location"])
    )
    assert sorted(chosen) == sorted(seats)


def test_a_lost_race_is_told_with_what_is_free_now(stack: Stack, visitor: Visitor) -> None:
    visitor.register()
    address, page, seats = choose(visitor, 2)
    with visiting(stack) as faster:
        faster.register()
        assert faster.send(address, faster.get(address), seat=seats[:1]).status_code == 303
    late = visitor.send(address, page, seat=seats)
    assert late.status_code == 409 and "Somebody was faster" in late.text
    assert re.search(rf'value="{seats[1]}" data-price="\d+" data-at="\d+,\d+" checked', late.text)
    nothing = visitor.send(address, page)
    assert nothing.status_code == 400 and "Choose a seat first" in nothing.text


@pytest.mark.parametrize(
    "path", ["/login", "/register", "/logout", "/profile", "/profile/delete", "/notices", "/forgot-password"]
)
def test_a_form_of_another_site_changes_nothing(visitor: Visitor, path: str) -> None:
    visitor.register()
    for word in ("", "x" * 32):
        refused = visitor.http.post(path, data={"word": word, "name": "Somebody", "email": "a@example.com"})
        assert refused.status_code == 403 and "too old" in refused.text
    assert "Asha Rao" in visitor.get("/profile")


def test_the_words_of_two_visitors_differ_and_change_with_a_sign_in(stack: Stack, visitor: Visitor) -> None:
    page = visitor.get("/login")
    with visiting(stack) as other:
        assert other.send("/login", page, email="a@example.com", password=PASSWORD).status_code == 403
    email = visitor.register()
    assert visitor.send("/login", page, email=email, password=PASSWORD).status_code == 403


def test_pages_of_who_is_signed_in_are_kept_nowhere(visitor: Visitor) -> None:
    visitor.register()
    for path in ("/", "/events", "/profile", "/my-bookings", "/nowhere"):
        assert visitor.http.get(path).headers["cache-control"] == "private, no-store"


def test_every_kind_of_answer_has_the_headers_of_owasp(visitor: Visitor) -> None:
    visitor.register()
    large = {"content": b"x" * 300_000}
    asked = {
        "a page": visitor.http.get("/"),
        "a page of nobody else's": visitor.http.get("/profile"),
        "a redirect": visitor.http.get("/language/hi"),
        "a file": visitor.http.get("/assets/site.css"),
        "no file": visitor.http.get("/assets/nowhere"),
        "a form that is too large": visitor.http.post("/login", **large),
        "JSON": visitor.http.get("/api/v1/events"),
        "a refusal": visitor.http.get("/api/v1/users/me"),
        "no method": visitor.http.get("/api/v1/nowhere"),
        "a bad field": visitor.http.get("/api/v1/events?page=x"),
        "a body that is too large": visitor.http.post("/api/v1/auth/login", **large),
        "another verb": visitor.http.put("/api/v1/events"),
        "the health": visitor.http.get("/healthz"),
        "the documentation": visitor.http.get("/api/docs"),
        "a script of it": visitor.http.get("/api/docs/start.js"),
        "the document": visitor.http.get("/api/openapi.json"),
        "the bank's page": visitor.http.get("/api/v1/payments/fake-checkout/x"),
        "headers that are too large": visitor.http.get("/", headers={"x-large": "x" * 40_000}),
    }
    for name, answer in asked.items():
        headers = answer.headers
        assert headers["x-content-type-options"] == "nosniff", (name, answer)
        assert headers["x-frame-options"] == "DENY", (name, answer)
        assert "frame-ancestors 'none'" in headers["content-security-policy"], (name, answer)
        assert headers["referrer-policy"] in ("no-referrer", "same-origin"), (name, answer)
        assert headers.get("cache-control") or answer.status_code == 303, (name, answer)
        assert "unsafe" not in headers["content-security-policy"], (name, answer)


def test_every_answer_has_the_headers_that_keep_browsers_safe(visitor: Visitor) -> None:
    for path in ("/", "/login", "/nowhere", "/assets/site.css", "/my-bookings"):
        headers = visitor.http.get(path).headers
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]


def test_no_other_origin_reads_pages(visitor: Visitor) -> None:
    visitor.register()
    origin = {"origin": "https://app.example"}
    assert "access-control-allow-origin" in visitor.http.get("/api/v1/events", headers=origin).headers
    for path in ("/profile", "/login"):
        answers = [visitor.http.get(path, headers=origin)]
        answers.append(visitor.http.options(path, headers=origin | {"access-control-request-method": "POST"}))
        assert not [name for answer in answers for name in answer.headers if name.startswith("access-control-")], path


def test_browsers_keep_files_and_ask_whether_they_are_the_same(visitor: Visitor) -> None:
    kept = visitor.http.get("/assets/site.css")
    assert kept.headers["cache-control"] == "no-cache"
    asked = visitor.http.get("/assets/site.css", headers={"if-modified-since": kept.headers["last-modified"]})
    assert asked.status_code == 304
    assert "content-security-policy" in visitor.http.get("/assets/nowhere.css").headers


def test_the_api_never_takes_the_cookie(visitor: Visitor) -> None:
    visitor.register()
    assert "Asha Rao" in visitor.get("/profile")
    assert visitor.http.get("/api/v1/users/me").status_code == 401


def test_paths_of_the_api_never_reach_the_shop(visitor: Visitor) -> None:
    for path in ("/api", "/api/v1/nowhere", "/boxoffice.Nothing/X", "/grpc.health.v1.Health/Check", "/.well-known/x"):
        answer = visitor.http.get(path)
        assert answer.status_code == 404 and answer.headers["content-type"] == "application/json", path
    unknown = visitor.http.get("/nowhere")
    assert unknown.status_code == 404 and unknown.headers["content-type"].startswith("text/html")


def test_somebody_who_guesses_is_stopped_and_others_are_not(stack: Stack, visitor: Visitor) -> None:
    email = visitor.register()
    with visiting(stack) as guesser:
        page = guesser.get("/login")
        tries = [guesser.send("/login", page, email=f"{uuid4()}@example.com", password="wrong") for _ in range(10)]
        assert [each.status_code for each in tries] == [*8 * [401], 429, 429]
        assert guesser.send("/login", page, email=email, password=PASSWORD).status_code == 429
    for _ in range(4):
        with visiting(stack) as another:
            assert another.send("/login", another.get("/login"), email=email, password=PASSWORD).status_code == 303


def test_who_signs_in_goes_on_to_where_they_were_and_to_no_other_site(stack: Stack, visitor: Visitor) -> None:
    email = visitor.register()
    for following, gone_to in (("/my-bookings?period=past", "/my-bookings?period=past"), ("//example.com", "/")):
        with visiting(stack) as another:
            page = another.http.get("/login", params={"next": following}).text
            answer = another.send("/login", page, email=email, password=PASSWORD)
            assert answer.headers["location"] == gone_to
    with visiting(stack) as stranger:
        asked = stranger.http.get("/my-bookings?period=past")
        assert parse_qs(urlsplit(asked.headers["location"]).query) == {"next": ["/my-bookings?period=past"]}


def test_an_access_token_that_ends_is_replaced_once_for_two_tabs(stack: Stack, visitor: Visitor) -> None:
    visitor.register()
    response = web.Response()
    cookies_of(stack).write(response, replace(session_of(stack, visitor), access_token="", good_until=0.0))
    ended = {"cookie": f"session={response.cookies['session'].value}"}
    tabs = [httpx.get(f"{stack.public_url}/profile", headers=ended, trust_env=False) for _ in range(2)]
    assert [tab.status_code for tab in tabs] == [200, 200]
    assert all("session" in tab.cookies for tab in tabs)


def test_signing_out_ends_the_tokens_of_this_session(stack: Stack, visitor: Visitor) -> None:
    visitor.register()
    kept = session_of(stack, visitor)
    assert visitor.send("/logout", visitor.get("/profile")).status_code == 303
    assert visitor.http.get("/profile").status_code == 303
    refreshed = visitor.http.post("/api/v1/auth/refresh", json={"refreshToken": kept.refresh_token})
    assert refreshed.status_code == 401


def test_whose_session_ended_elsewhere_signs_in_and_goes_on(stack: Stack, visitor: Visitor) -> None:
    visitor.register()
    response = web.Response()
    cookies_of(stack).write(response, replace(session_of(stack, visitor), access_token="ended"))
    ended = {"cookie": f"session={response.cookies['session'].value}"}
    answer = httpx.get(f"{stack.public_url}/my-bookings?period=past", headers=ended, trust_env=False)
    assert parse_qs(urlsplit(answer.headers["location"]).query) == {"next": ["/my-bookings?period=past"]}


def test_a_forgotten_password_is_answered_alike_for_every_address(stack: Stack, visitor: Visitor) -> None:
    known = visitor.register()
    with visiting(stack) as another:
        page = another.get("/forgot-password")
        said = [another.send("/forgot-password", page, email=email) for email in (known, f"{uuid4()}@example.com")]
        assert [each.status_code for each in said] == [200, 200]
        assert said[0].text == said[1].text and "on its way" in said[0].text
        wrong = another.send("/forgot-password", page, email="no address")
        assert wrong.status_code == 400 and 'role="alert"' in wrong.text
        assert another.get("/forgot-password").count("<form") == 1


def test_whoever_asks_is_sent_a_link_that_verifies_the_address(visitor: Visitor) -> None:
    visitor.register()
    asked = visitor.send("/profile/verification", visitor.get("/profile"))
    assert asked.status_code == 303
    assert "A mail with a link is on its way" in visitor.get(asked.headers["location"])


def test_notices_are_read(visitor: Visitor) -> None:
    visitor.register()
    assert "There are none" in visitor.get("/notices")
    read = visitor.send("/notices", visitor.get("/profile"), newest="")
    assert read.status_code == 303 and read.headers["location"] == "/notices"


def test_an_account_is_deleted_with_its_password_and_no_other(visitor: Visitor) -> None:
    email = visitor.register()
    page = visitor.get("/profile/delete")
    assert visitor.send("/profile/delete", page, password="another one, too").status_code == 409
    assert visitor.send("/profile/delete", page, password=PASSWORD).status_code == 303
    assert visitor.http.get("/profile").status_code == 303
    assert visitor.send("/login", visitor.get("/login"), email=email, password=PASSWORD).status_code == 401


def test_rubbish_is_answered_with_a_page(visitor: Visitor) -> None:
    visitor.register()
    for path in (
        "/events/x",
        "/booking/x",
        "/payment/x",
        "/my-bookings/x",
        f"/events/{uuid4()}",
        f"/booking/{uuid4()}",
    ):
        assert "There is no such page" in visitor.get(path, 404)
    for path in (
        "/events?page=x&sort=y&category=z&date_from=1",
        "/events?page=99999999999",
        f"/events?page={5_000 * '9'}",
        "/my-bookings?page=-1",
    ):
        assert visitor.http.get(path).status_code in (200, 400)
    refused = visitor.http.post("/events")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    assert visitor.http.post("/login", files={"word": ("a.txt", b"x")}).status_code == 415
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert visitor.http.post("/login", content=b"word=\xff", headers=kind).status_code == 400
    address, page, _ = choose(visitor, 1)
    huge = {f"area-{uuid4()}": 5_000 * "9"}
    assert "Choose a seat first" in visitor.send(address, page, **huge).text
    page = visitor.get("/register")
    wrong = visitor.send("/register", page, name="", email="no address", password="short")
    assert wrong.status_code == 400 and 'role="alert"' in wrong.text and "E-mail address: must" in wrong.text
    assert visitor.http.post("/login", data={"word": "x" * 300_000}).status_code == 413


def test_answers_are_counted_by_route_and_never_by_address(stack: Stack, visitor: Visitor) -> None:
    visitor.get("/events/x?secret=1", 404)
    visitor.get("/nowhere/secret", 404)
    told = httpx.get(f"http://127.0.0.1:{stack.settings.web_metrics_port}/metrics", trust_env=False).text
    assert re.search(r'boxoffice_page_seconds_count\{route="/events/\{event_id\}",status="404"\} [1-9]', told)
    assert re.search(r'boxoffice_page_seconds_count\{route="",status="404"\} [1-9]', told)
    assert "secret" not in told and "boxoffice_pages_in_progress 0.0" in told


def test_while_the_shop_is_away_the_api_is_not(stack: Stack, visitor: Visitor) -> None:
    stack.stop_one("web")
    try:
        until(lambda: visitor.http.get("/").status_code == 503)
        page = visitor.http.get("/events", headers={"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"})
        assert page.status_code == 503 and page.headers["content-type"] == "text/html; charset=utf-8"
        assert "The shop is away" in page.text and 'lang="hi"' in page.text and page.headers["retry-after"] == "5"
        assert "unsafe" not in page.headers["content-security-policy"]
        assert visitor.http.get("/events").headers["content-type"] == "application/json"
        assert visitor.http.get("/api/v1/health").status_code == 200
        assert visitor.http.get("/api/v1/events").status_code == 200
    finally:
        stack.start_one("web")
    until(lambda: visitor.http.get("/").status_code == 200)
