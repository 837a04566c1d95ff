"""A booking as it changes, in a page of the gateway's origin."""

from __future__ import annotations

import pytest

from gateway.replies import HEALTH_PATH
from stack.services import API
from tests.browser.checkout import Checkout
from tests.browser.chromium import Browser

pytestmark = pytest.mark.browser

WATCH = """
    const [url] = arguments;
    window.statuses = [], window.opened = 0;
    const watch = () => {
        const events = new EventSource(url);
        events.onopen = () => { opened += 1; };
        events.onmessage = (event) => {
            const { status } = JSON.parse(event.data);
            statuses.push(status);
            if (status === "REFUNDED") events.close();
        };
        // While booking is away the gateway answers 503, after which a browser gives up for good.
        events.onerror = () => { if (events.readyState === EventSource.CLOSED) setTimeout(watch, 200); };
    };
    watch();
"""


def test_a_page_is_told_of_its_ticket_and_of_its_refund_though_booking_is_started_anew(
    desk: Browser, checkout: Checkout
) -> None:
    booking, page = checkout.begin()
    user = checkout.ask("GET", f"bookings/{booking}")["userId"]
    desk.open(checkout.stack.public_url + HEALTH_PATH)
    desk.run(WATCH, f"{API}/bookings/{booking}/watch")
    desk.until(lambda: desk.run("return statuses") == ["PENDING"])
    checkout.ask("POST", f"payments/simulate/{page.rpartition('/')[2]}", {"result": "SUCCESS"})
    desk.until(lambda: desk.run("return statuses") == ["PENDING", "CONFIRMED"])
    checkout.stack.restart("booking")
    checkout.stack.wait_ready()
    desk.until(lambda: desk.run("return statuses") == ["PENDING", "CONFIRMED", "CONFIRMED"])
    checkout.ask("POST", f"payments/refund/{booking}", {"userId": user})
    desk.until(lambda: desk.run("return statuses.at(-1)") == "REFUNDED")
    assert desk.run("return opened") == 2
