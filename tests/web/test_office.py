"""Bookings at the office: found, listed, as a file, and refunded."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from stack.launcher import Stack
from tests.web.conftest import Visitor, visiting
from tests.web.officers import House, officer, opened
from tests.web.test_shop import until


@pytest.fixture(scope="module")
def house(stack: Stack) -> House:
    return opened(stack)


@pytest.fixture(scope="module")
def owner(stack: Stack) -> Iterator[Visitor]:
    with officer(stack) as visitor:
        yield visitor


def search(visitor: Visitor, asked: str) -> str:
    answer = visitor.send("/organizer/bookings", visitor.get("/organizer/bookings"), q=asked)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_booking_is_found_listed_and_refunded_as_the_staff_say(house: House, owner: Visitor) -> None:
    number, mine = house.booking.booking_number, f"/organizer/bookings/{house.booking.id}"
    found = search(owner, number)
    assert number in found and mine in found
    assert mine in owner.get(house.page("bookings"))
    assert "Nobody fits" in search(owner, "7KQ2M9XW4C")
    until(lambda: number in search(owner, "meera"))
    assert number not in owner.get(f"{house.page('bookings')}&state=PENDING")

    page = owner.get(mine)
    assert number in page and "Which seats" in page
    [seat, _] = [seat.id for seat in house.booking.seats]
    for fields, said in (
        ({}, "Choose the seats"),
        ({"seat": seat, "percentage": "0", "reason": "ill"}, "1 to 100"),
        ({"seat": seat, "percentage": "50", "reason": " "}, "Say why"),
    ):
        assert said in owner.send(f"{mine}/refund", page, **fields).text
    seen = owner.send(f"{mine}/refund", page, seat=seat, percentage="50", reason="It rained.").text
    assert "go back to the customer" in seen and "It rained." in seen
    for _ in range(2):  # sent twice, done once
        done = owner.send(f"{mine}/refund", seen)
        assert done.status_code == 303, done.text
    after = owner.get(mine)
    assert "staff granted it" in after and after.count("(50 %)") == 1 and after.count('name="seat"') == 1


def test_seats_are_blocked_given_to_a_guest_and_sold_again(house: House, owner: Visitor) -> None:
    at = house.page("seats")
    page = owner.get(at)
    [first, second, *_] = re.findall(r'name="seat" value="([^"]+)" aria-label="Row A', page)
    assert "Say why" in owner.send(at, page, do="block", seat=first, reason="").text
    assert "Choose seats first" in owner.send(at, page, do="block", reason="Sponsors").text
    free = owner.send(at, page, do="guest", seat=first, guest="Asha Rao")
    assert free.status_code == 409 and 'role="alert"' in free.text and "Asha Rao" in free.text

    blocked = owner.send(at, page, do="block", seat=[first, second], reason="Sponsors").headers["location"]
    assert "2 seats are blocked" in owner.get(blocked) and "<strong>2 blocked</strong>" in owner.get(at)
    guest = owner.send(at, owner.get(at), do="guest", seat=first, guest="Asha Rao").headers["location"]
    assert "Asha" not in guest
    [booking] = re.findall(r"/organizer/bookings/[0-9a-f-]{36}", owner.get(guest))
    assert "Asha Rao" in owner.get(booking)
    sold = owner.send(at, owner.get(at), do="unblock", seat=second).headers["location"]
    assert "1 seat is for sale again" in owner.get(sold)


def test_the_file_of_a_show_is_whole_and_has_an_end(house: House, owner: Visitor) -> None:
    file = owner.http.get(house.page("bookings.csv"))
    assert file.status_code == 200, file.text
    assert file.headers["content-type"].startswith("text/csv")
    assert file.headers["content-disposition"].startswith('attachment; filename="bookings-')
    assert file.headers["cache-control"] == "private, no-store" and "content-security-policy" in file.headers
    rows = file.text.strip().splitlines()
    assert rows[-1] == f"# end,{len(rows) - 2}" and house.booking.booking_number in file.text


def test_whoever_is_no_member_sees_nothing(stack: Stack, house: House) -> None:
    pages = [house.page(name) for name in ("bookings", "bookings.csv")]
    with visiting(stack) as stranger:
        for path in pages:
            assert stranger.http.get(path).headers["location"].startswith("/login?next=")
        stranger.register()
        for path in pages:
            assert "not yours to see" in stranger.get(path, 403)
        stranger.get(f"/organizer/bookings/{house.booking.id}", 404)
        assert stranger.http.get("/organizer/bookings").headers["location"] == "/organizer/dashboard"
        assert "not yours" in stranger.get(f"/organizer/bookings?organization={house.organization_id}", 403)
