"""Codes, coupons, members, gates and webhooks at the office: made, shown, changed, ended."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from stack.launcher import Stack
from tests.web.conftest import PASSWORD, Visitor, visiting
from tests.web.officers import House, officer, opened, sign_in

COUPON = {"kind": "PERCENTAGE", "percentage": "20", "currency": "INR", "zone": "Asia/Kolkata"}


@pytest.fixture(scope="module")
def house(stack: Stack) -> House:
    return opened(stack, sold=False)


@pytest.fixture(scope="module")
def owner(stack: Stack) -> Iterator[Visitor]:
    with officer(stack) as visitor:
        yield visitor


def made(visitor: Visitor, path: str, **fields: object) -> str:
    """Send the form of a page, which is taken, and return the page after it."""
    answer = visitor.send(path, visitor.get(path), **fields)
    assert answer.status_code == 303, answer.text
    return visitor.get(answer.headers["location"])


def refused(visitor: Visitor, path: str, **fields: object) -> str:
    answer = visitor.send(path, visitor.get(path), **fields)
    assert answer.status_code == 409 and 'role="alert"' in answer.text, answer.text
    return html.unescape(answer.text)


def test_an_access_code_is_made_and_revoked(house: House, owner: Visitor) -> None:
    at = house.page("codes")
    assert "Until" in refused(owner, at, reason="Press", max_seats="3", ends_at="tomorrow")
    page = made(owner, at, reason="Press", max_seats="3", ends_at="2031-01-01T10:00")
    assert "Press" in page and "0 of 3" in page and "1 Jan 2031" in page
    [code] = re.findall(r'name="revoke" value="([^"]+)"', page)
    assert "revoked" in made(owner, at, revoke=code)
    assert "Nothing was scanned yet" in owner.get(house.page("scans"))
    assert "every ticket let in once" in owner.get(f"{house.page('scans')}&conflicts=1")


def test_a_coupon_is_made_changed_and_ended(house: House, owner: Visitor) -> None:
    code = f"RAIN-{uuid4().hex[:8].upper()}"
    new = "/organizer/coupons/new"
    wrong = refused(owner, new, **COUPON | {"percentage": "0", "code": code, "minimum_amount": "1,5"})
    assert "Per cent: say 1 to 100" in wrong and "Least amount of a booking" in wrong and code in wrong
    page = made(
        owner, new, **COUPON, code=code, minimum_amount="12.50", show=house.show_id, valid_until="2031-01-01T10:00"
    )
    assert code in page and "20 %" in page and "1 show" in page and "12.50" in page
    assert "of this code" in refused(owner, new, **COUPON, code=code).lower()
    [mine] = re.findall(rf'href="(/organizer/coupons/[0-9a-f-]+)"><code>{code}', page)
    form = owner.get(mine)
    assert 'value="12.50"' in form and f'value="{house.show_id}" checked' in form and 'value="2031-01-01T10:00"' in form
    changed = owner.send(mine, form, **COUPON | {"kind": "FIXED", "amount": "99"})
    assert "99.00" in owner.get(changed.headers["location"])
    late = owner.send(mine, form, **COUPON | {"percentage": "30"})  # of another tab
    assert late.status_code == 409 and "somebody else saved this" in late.text
    assert owner.send(mine, form, do="end").status_code == 303
    assert "It is ended" in owner.get(mine)


@contextmanager
def member(stack: Stack, owner: Visitor, role: str) -> Iterator[tuple[Visitor, str]]:
    """Be a new member of the organization in a role; in the end there is no such member any more."""
    with visiting(stack) as visitor:
        email = visitor.register()
        page = made(owner, "/organizer/team", do="add", email=email, role=role)
        [member_id] = re.findall(rf'{email}</span></p>.*?name="member" value="([^"]+)"', page, re.DOTALL)
        sign_in(visitor, email, PASSWORD)  # the token has the role from now on
        yield visitor, member_id
        assert email not in made(owner, "/organizer/team", do="remove", member=member_id)


def test_members_come_change_and_go_and_each_sees_what_the_role_may(stack: Stack, house: House, owner: Visitor) -> None:
    assert "no account" in refused(owner, "/organizer/team", do="add", email="nobody@example.com", role="DOOR").lower()
    with member(stack, owner, "BOX_OFFICE") as (seller, member_id):
        seen = seller.get("/organizer/bookings")
        assert "Guests and blocks" in seen and "Coupons" not in seen and 'name="q"' in seen
        seller.get(house.page("seats"))
        for path in ("/organizer/coupons", "/organizer/team", "/organizer/gates", "/organizer/webhooks"):
            assert "Your role may not do this" in seller.get(path, 403)
        assert "Owner and Manager may see the team; yours is Box office" in seller.get("/organizer/team", 403)
        changed = made(owner, "/organizer/team", do="change", member=member_id, role="DOOR")
        assert re.search(rf'value="{member_id}".*?value="DOOR" selected', changed, re.DOTALL)
    [mine] = re.findall(r'value="([0-9a-f-]{36})"><label class="away" for="role-', owner.get("/organizer/team"))
    assert "owner" in refused(owner, "/organizer/team", do="change", member=mine, role="MANAGER").lower()


def test_the_credential_of_a_gate_is_shown_once_as_text_and_as_a_code(house: House, owner: Visitor) -> None:
    at, page = "/organizer/gates", owner.get("/organizer/gates")
    fields = {"name": "North", "show": house.show_id, "ends_at": "2031-01-01T10:00", "zone": "Asia/Kolkata"}
    assert "Until" in refused(owner, at, **fields | {"ends_at": ""})
    shown = owner.send(at, page, **fields, offline="NEVER").text
    [credential] = re.findall(r'id="credential" class="secret" readonly value="([\w-]{43})"', shown)
    assert f"/check-in#{credential}" in shown and "data:image/svg+xml" in shown
    again = owner.send(at, page, **fields, offline="NEVER").text
    assert "was made before" in again and credential not in again
    listed = owner.get(at)
    assert "North" in listed and credential not in listed and "without a connection: never" in listed
    [gate] = set(re.findall(r'name="gate" value="([^"]+)"', listed))
    other = owner.send(at, listed, do="rotate", gate=gate).text
    assert credential not in re.findall(r'readonly value="([\w-]{43})"', other)
    assert "revoked" in made(owner, at, do="revoke", gate=gate)
    assert "has ended" in refused(owner, at, do="rotate", gate=gate).lower()


def test_an_endpoint_is_made_switched_off_and_deleted(owner: Visitor) -> None:
    at, url = "/organizer/webhooks", f"https://hooks.lantern.example/{uuid4()}"
    assert "Messages: must" in refused(owner, at, url=url)
    answer = owner.send(at, owner.get(at), url=url, type=["BOOKING_CONFIRMED", "SHOW_CANCELLED"])
    [secret] = re.findall(r'readonly value="(whsec_[^"]+)"', answer.text)
    [mine] = re.findall(r'href="(/organizer/webhooks/[0-9a-f-]{36})"', answer.text)
    page = owner.get(mine)
    assert url in page and secret not in page and "waits for the answer" in page
    assert "switched off by your team" in made(owner, mine, do="off", number="1")
    assert "once more" not in owner.get(mine).lower().partition("change it")[0]
    assert "message" in refused(owner, mine, do="resend", number="7").lower()
    rotated = owner.send(mine, page, do="rotate").text
    assert secret not in rotated and "whsec_" in rotated
    changed = made(owner, mine, do="save", url=f"{url}/2", type="SHOW_CANCELLED")
    assert f"{url}/2" in changed and changed.count("checked") == 1
    assert url not in made(owner, mine, do="delete")


def test_the_office_is_read_in_the_language_that_was_chosen(house: House, owner: Visitor) -> None:
    at = house.page("seats")
    owner.http.get("/language/hi")
    try:
        for path in ("bookings", "coupons", "coupons/new", "gates", "seats", "team", "webhooks"):
            [heading] = re.findall(r"<h1>(.+?)</h1>", owner.get(f"/organizer/{path}"))
            assert re.search(r"[\u0900-\u097f]", heading), path
        assert "पहले सीटें चुनें।" in owner.send(at, owner.get(at), do="unblock").text
        coupon = refused(owner, "/organizer/coupons/new", **COUPON | {"percentage": "0", "minimum_amount": "x"})
        assert "प्रतिशत: 1 से 100 लिखें।" in coupon and "बुकिंग की न्यूनतम रकम: रकम केवल अंकों में" in coupon
    finally:
        owner.http.get("/language/en")
