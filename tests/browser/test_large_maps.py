"""Maps of halls of many seats: how large pages are, and how soon a click is seen (SEATS=300,5000,50000: of these)."""

from __future__ import annotations

import os
from statistics import median
from uuid import uuid4

import pytest

from tests.browser.checkout import Checkout
from tests.browser.chromium import Browser
from tests.browser.looks import MOST_BYTES
from web.choosing import MOST_AT_ONCE

pytestmark = pytest.mark.browser

HALLS = [int(each) for each in os.environ.get("SEATS", "600").split(",")]
A_ROW, A_SECTION = 50, 2_500
SLOWED = 4
"""So many times slower than this machine's is the processor, as phones have it."""

CLICK = """
    const box = document.querySelectorAll("[role=gridcell]")[arguments[0]];
    box.scrollIntoView({block: "center", inline: "center"});
    return new Promise((resolve) => {
        const begin = performance.now();
        box.dispatchEvent(new MouseEvent("click", {bubbles: true}));
        const seen = () => resolve([performance.now() - begin, box.getAttribute("aria-selected")]);
        requestAnimationFrame(() => setTimeout(seen));
    });
"""
BUILT = """
    const [navigation] = performance.getEntriesByType("navigation");
    const cells = document.querySelectorAll("[role=gridcell]").length;
    return [navigation.domContentLoadedEventEnd, navigation.decodedBodySize, cells];
"""


def make_show(checkout: Checkout, seats: int) -> str:
    """Make a hall of so many seats and a show in it; return the path of its map."""
    venue = {"name": f"Hall {uuid4()}", "city": "Pune", "address": "1 Long Road"}
    sections = [
        {
            "name": f"Block {number + 1}",
            "rows": [
                {"label": str(row + 1), "seatCount": A_ROW, "tier": "REGULAR"}
                for row in range(min(seats - number * A_SECTION, A_SECTION) // A_ROW)
            ],
        }
        for number in range(-(-seats // A_SECTION))
    ]
    screen = checkout.ask(
        "POST",
        f"venues/{checkout.ask('POST', 'venues', venue)['id']}/screens",
        {
            "name": "Main Hall",
            "sections": sections,
        },
    )["id"]
    event = checkout.stack.demo.shows[0].event_id
    prices = [{"tier": "REGULAR", "price": 60_000}]
    wish = {"eventId": event, "screenId": screen, "startTime": "2030-06-01T15:00:00Z", "prices": prices}
    path = f"/booking/{event}?showId={checkout.ask('POST', 'shows', wish)['id']}"
    return path if seats <= MOST_AT_ONCE else f"{path}&section=Block+1"


@pytest.mark.parametrize("seats", HALLS)
def test_a_click_is_seen_at_once_in_halls_of_any_size(desk: Browser, checkout: Checkout, seats: int) -> None:
    path = make_show(checkout, seats)
    desk.command("Emulation.setCPUThrottlingRate", rate=SLOWED)
    try:
        desk.open(checkout.stack.public_url + path)
        built, size, cells = desk.run(BUILT)
        clicks = [desk.run(CLICK, place) for place in range(0, cells, cells // 5)][:5]
    finally:
        desk.command("Emulation.setCPUThrottlingRate", rate=1)
    assert [selected for _, selected in clicks] == 5 * ["true"]
    print(
        f"\n{seats} seats: {cells} shown, page {size:,} bytes, ready {built:.0f} ms, click to mark "
        f"{median(each for each, _ in clicks):.1f} ms (processor slowed {SLOWED} x)"
    )
    assert cells <= MOST_AT_ONCE and size < MOST_BYTES
