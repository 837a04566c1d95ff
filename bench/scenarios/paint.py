"""How soon a browser paints the map of seats and marks a seat that is clicked, in halls of 300 to 50,000 seats.

The browser is Chromium, which the browser's tests drive too, on a screen as a desk has; its processor is slowed four
times, as phones have it. It has no other load beside it.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.cases import Case
from bench.measure import Latencies, Result
from bench.scenarios.pages import path_of_map, shop_beside
from bench.world import World
from tests.browser import chromium

HALLS = (300, 5_000, 50_000)
TURNS = 5
SLOWED = 4
WIDTH, HEIGHT = 1_280, 900

PAINTED = """
    return new Promise((resolve) => {
        let largest = 0;
        const seen = (list) => list.getEntries().forEach((entry) => { largest = entry.startTime; });
        new PerformanceObserver(seen).observe({type: "largest-contentful-paint", buffered: true});
        const look = () => {
            const [first] = performance.getEntriesByName("first-contentful-paint");
            if (first && largest) resolve([first.startTime, largest]); else setTimeout(look, 50);
        };
        setTimeout(look, 500);
    });
"""
CLICK = """
    const free = document.querySelectorAll("[role=gridcell]:not([aria-disabled=true])");
    const seat = free[Math.floor(arguments[0] * free.length)];
    seat.scrollIntoView({block: "center", inline: "center"});
    return new Promise((resolve) => {
        const begin = performance.now();
        seat.dispatchEvent(new MouseEvent("click", {bubbles: true}));
        const seen = () => resolve([performance.now() - begin, seat.getAttribute("aria-selected")]);
        requestAnimationFrame(() => setTimeout(seen));
    });
"""


def cases() -> list[Case]:
    """Return the one case."""
    return [Case("pages.paint", "maps", run, once=True, in_quick=False)]


def run(world: World) -> Result:
    """Open each hall's map and click on a seat, in turn; the figures are medians, in milliseconds."""
    if not (any(map(shutil.which, chromium.BROWSERS)) and shutil.which("chromedriver")):
        world.say("there is no Chromium with chromedriver here: how soon it paints is not measured")
        return Result(0, 0, Latencies.from_seconds([]))
    world.say(f"making halls of {', '.join(f'{seats:,}' for seats in HALLS)} seats")
    paths = {seats: path_of_map(world, world.show(seats).id, seats) for seats in HALLS}
    figures: dict[str, float] = {}
    loads: list[float] = []
    with (
        shop_beside(world) as (url, _),
        TemporaryDirectory() as folder,
        chromium.driver(Path(folder)) as http,
        chromium.opened(http, Path(folder) / "profile", width=WIDTH, height=HEIGHT) as browser,
    ):
        browser.command("Emulation.setCPUThrottlingRate", rate=SLOWED)
        begun = time.monotonic()
        for seats, path in paths.items():
            seen = [_look(browser, url + path, turn / TURNS) for turn in range(TURNS)]
            first, largest, marked = (median(each) for each in zip(*seen, strict=True))
            figures |= {f"fcp_ms_{seats}": first, f"lcp_ms_{seats}": largest, f"mark_ms_{seats}": marked}
            loads += [each[1] / 1000 for each in seen]
        seconds = time.monotonic() - begun
    return Result(len(loads), seconds, Latencies.from_seconds(loads), figures=figures)


def _look(browser: chromium.Browser, url: str, place: float) -> tuple[float, float, float]:
    """Open a map; return when it was painted first, when its largest part was, and how soon a click is marked."""
    browser.open(url)
    first, largest = browser.run(PAINTED)
    marked, is_selected = browser.run(CLICK, place)
    assert is_selected == "true", "the click chose no seat"
    return first, largest, marked
