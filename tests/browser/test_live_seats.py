"""Seats as they change, in a page of the gateway's origin."""

from __future__ import annotations

from uuid import uuid4

import pytest

from gateway.replies import HEALTH_PATH
from stack.services import API
from tests.browser.checkout import Checkout
from tests.browser.chromium import Browser

pytestmark = pytest.mark.browser

WATCH = """
    const [url, number] = arguments;
    window.changes = [], window.opened = 0, window.refused = 0;
    const watch = (after) => {
        const events = new EventSource(`${url}?afterSequence=${after}`);
        events.onopen = () => { opened += 1; };
        events.onmessage = (event) => changes.push([Number(event.lastEventId), JSON.parse(event.data).seats[0].status]);
        events.onerror = () => {
            if (events.readyState !== EventSource.CLOSED) return;  // it comes again by itself
            refused += 1;
            setTimeout(watch, 200, changes.at(-1)?.[0] ?? after);
        };
    };
    watch(number);
"""


def test_a_page_misses_nothing_while_inventory_is_started_anew(desk: Browser, checkout: Checkout) -> None:
    show, user = checkout.stack.demo.shows[1].id, str(uuid4())
    seats = checkout.ask("GET", f"seats/shows/{show}")
    free = [seat["id"] for seat in seats["seats"] if seat["status"] == "AVAILABLE"]

    def hold(seat: str) -> None:
        checkout.ask("POST", "bookings/hold-seats", {"showId": show, "userId": user, "showSeatIds": [seat]})

    number = seats["sequence"]
    desk.open(checkout.stack.public_url + HEALTH_PATH)
    desk.run(WATCH, f"{API}/seats/shows/{show}/watch", number)
    desk.until(lambda: desk.run("return opened") == 1)
    hold(free[0])
    desk.until(lambda: len(desk.run("return changes")) == 1)
    checkout.stack.restart("inventory")
    checkout.stack.wait_ready()
    hold(free[1])
    desk.until(lambda: len(desk.run("return changes")) == 2)
    assert desk.run("return changes") == [[number + 1, "HELD"], [number + 2, "HELD"]]
    assert desk.run("return opened") == 2


def test_event_source_closes_where_it_cannot_go_on(desk: Browser, checkout: Checkout) -> None:
    show = checkout.stack.demo.shows[1].id
    desk.open(checkout.stack.public_url + HEALTH_PATH)
    desk.run(WATCH, f"{API}/seats/shows/{show}/watch", 10**9)
    desk.until(lambda: desk.run("return refused") > 0)
    assert desk.run("return [opened, changes.length]") == [0, 0]
    desk.open("about:blank")  # the page asks again and again, and what is refused is logged while another one comes
