"""The map of seats: by pointer and by keys, while others choose, and where streams are refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.browser.checkout import Checkout
from tests.browser.chromium import Browser

pytestmark = pytest.mark.browser

LEFT, UP, RIGHT, DOWN = "\ue012", "\ue013", "\ue014", "\ue015"
PAGE_UP, PAGE_DOWN, END, HOME = "\ue00e", "\ue00f", "\ue010", "\ue011"
CONTROL, SPACE, ENTER = "\ue009", " ", "\ue007"
FOCUS = "return document.activeElement.getAttribute('aria-label')"
CHOSEN = "return [...document.querySelectorAll('input[name=seat]:checked')].map((box) => box.value)"


@pytest.fixture
def show(checkout: Checkout) -> Iterator[Any]:
    """A show of the demo whose seats are in straight rows, ten each."""
    found = checkout.stack.demo.shows[2]
    assert len(checkout.ask("GET", f"seats/shows/{found.id}")["seats"]) == 100
    yield found


def visit(browser: Browser, checkout: Checkout, show: Any, more: str = "") -> None:
    browser.open(f"{checkout.stack.public_url}/booking/{show.event_id}?showId={show.id}{more}")
    browser.until(lambda: bool(browser.run("return document.readyState === 'complete'")))


def named(browser: Browser, keys: str, *, holding: str = "") -> str:
    """Press a key, and return the name of the seat that has the focus then, less what it costs."""
    browser.press(keys, holding=holding)
    return ", ".join(str(browser.run(FOCUS)).split(", ")[:2])


def state_of(browser: Browser, seat: str) -> str:
    script = "return document.querySelector(`input[value='${arguments[0]}']`).dataset.state ?? ''"
    return str(browser.run(script, seat))


def hold(checkout: Checkout, show: Any, *seats: str, user: str = "") -> None:
    wanted = {"showId": show.id, "userId": user or str(uuid4()), "showSeatIds": list(seats)}
    checkout.ask("POST", "bookings/hold-seats", wanted)


def free(browser: Browser) -> list[str]:
    script = "return [...document.querySelectorAll('input[name=seat]:enabled')].map((box) => box.value)"
    return list(browser.run(script))


def test_the_map_is_one_stop_of_the_tab_key_and_arrows_go_on_from_there(
    desk: Browser, checkout: Checkout, show: Any, pictures: Path
) -> None:
    visit(desk, checkout, show)
    desk.screenshot(pictures / "map.png")
    assert desk.run("return document.querySelectorAll('[role=gridcell][tabindex=\"0\"]').length") == 1
    desk.run("document.querySelector('[data-zoom=all]').focus()")
    assert named(desk, "\ue004") == "Row A, seat 1"
    steps = {RIGHT: "Row A, seat 2", DOWN: "Row B, seat 2", END: "Row B, seat 10", UP: "Row A, seat 10"}
    steps |= {PAGE_DOWN: "Row F, seat 10", HOME: "Row F, seat 1", LEFT: "Row F, seat 1", PAGE_UP: "Row A, seat 1"}
    assert {key: named(desk, key) for key in steps} == steps
    assert named(desk, END, holding=CONTROL) == "Row K, seat 10"
    assert named(desk, HOME, holding=CONTROL) == "Row A, seat 1"
    assert "regular" in str(desk.run(FOCUS)) and "₹" in str(desk.run(FOCUS))
    size = "return Number(document.querySelector('#hall svg').getAttribute('width'))"
    first = desk.run(size)
    desk.press("+")
    assert desk.run(size) > first
    desk.press("-")
    desk.press("-")
    assert desk.run(size) < first
    desk.press("0")
    fits = "const h = document.getElementById('hall'); return h.scrollHeight <= h.clientHeight + 1"
    assert desk.run(fits) and desk.run("return document.activeElement.getAttribute('role')") == "gridcell"
    desk.screenshot(pictures / "map-whole.png")


def test_a_seat_is_chosen_by_keys_and_told_politely(
    desk: Browser, checkout: Checkout, show: Any, pictures: Path
) -> None:
    visit(desk, checkout, show)
    desk.run("document.querySelector('[role=gridcell][tabindex=\"0\"]').focus()")
    for key in (SPACE, RIGHT, ENTER, RIGHT, SPACE, SPACE):
        desk.press(key)
    assert len(desk.run(CHOSEN)) == 2 and desk.text("#chosen").startswith("2 seats")
    desk.screenshot(pictures / "map-chosen.png")
    assert desk.run("return document.getElementById('news').getAttribute('role')") == "status"
    said = "return document.getElementById('news').textContent"
    desk.until(lambda: "Row A, seat 3" in desk.run(said))  # the last of them, five seconds after the first
    selected = "return document.querySelectorAll('[role=gridcell][aria-selected=true]').length"
    assert desk.run(selected) == 2
    assert desk.complaints() == []


def test_what_others_take_is_shown_and_seats_nearby_are_offered(
    desk: Browser, checkout: Checkout, show: Any, pictures: Path
) -> None:
    visit(desk, checkout, show)
    one, two = free(desk)[20:22]
    for seat in (one, two):
        desk.run("document.querySelector(`input[value='${arguments[0]}']`).click()", seat)
    hold(checkout, show, one)
    desk.until(lambda: state_of(desk, one) == "taken")
    assert desk.run(CHOSEN) == [two] and desk.text("#chosen").startswith("1 seat")
    desk.until(lambda: "Somebody was faster" in desk.text("#notice"))
    desk.screenshot(pictures / "map-lost.png")
    desk.click("#notice a")
    desk.until(lambda: "Chosen for you" in desk.text())
    chosen = desk.run(CHOSEN)
    assert len(chosen) == 2 and one not in chosen
    desk.screenshot(pictures / "map-instead.png")


def test_a_page_that_is_refused_a_stream_asks_and_watches_again(desk: Browser, checkout: Checkout, show: Any) -> None:
    visit(desk, checkout, show)
    first, second, third, fourth = free(desk)[40:44]
    # What happened since then is no longer kept: the stream is refused for good.
    desk.run("live.close(); live.sequence = 1e9; live.open()")
    hold(checkout, show, first)
    desk.until(lambda: state_of(desk, first) == "taken")
    hold(checkout, show, second)
    desk.until(lambda: state_of(desk, second) == "taken")
    # Streams are full for a while, and so are questions.
    desk.run(
        "const ask = fetch; let left = 2; window.fetch = (...asked) => left-- > 0 ?"
        " Promise.resolve(new Response('', {status: 503, headers: {'retry-after': '1'}})) : ask(...asked);"
        " live.close(); live.sequence = 1e9; live.open()"
    )
    hold(checkout, show, fourth)
    desk.until(lambda: state_of(desk, fourth) == "taken" and bool(desk.run("return live.events?.readyState === 1")))
    # A hidden page has no stream; shown again, it goes on where it was.
    desk.run("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    desk.run("document.dispatchEvent(new Event('visibilitychange'))")
    assert desk.run("return live.events") is None
    desk.run("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    hold(checkout, show, third)
    desk.run("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    desk.until(lambda: state_of(desk, third) == "taken")
    # A map that is older than what the stream has said changes nothing.
    desk.until(lambda: bool(desk.run("return live.events?.readyState === 1")))
    assert (
        desk.run(
            "const before = live.sequence; live.sequence += 5; return live.look().then(() => {"
            " const after = live.sequence; live.sequence = before; return after - before; })"
        )
        == 5
    )
    # Several claims that lapse at once are one question.
    desk.run(
        "window.looks = 0; live.look = async () => { looks += 1; return 0; };"
        " for (const box of [...boxes.values()].slice(0, 3)) { become(box, 'mine'); lapses.set(box, 0); }"
    )
    desk.until(lambda: "free again" in desk.text("#notice"))
    assert desk.run("return looks") == 1


def test_the_list_has_the_same_seats_as_the_map(phone: Browser, checkout: Checkout, show: Any, pictures: Path) -> None:
    names = "return [...document.querySelectorAll(arguments[0])].map((each) => each.getAttribute('aria-label'))"
    visit(phone, checkout, show)
    phone.screenshot(pictures / "map-phone.png")
    in_map = phone.run(names, "[role=gridcell]")
    assert phone.run("return document.querySelector('.of-list').offsetHeight") == 0
    phone.click("a.with-map")
    phone.until(lambda: "Map instead of list" in phone.text())
    phone.screenshot(pictures / "list-phone.png")
    assert phone.run(names, ".of-list input") == in_map
    assert phone.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert phone.complaints() == []
