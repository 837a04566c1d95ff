"""What every page is held to: axe-core's rules, in light and dark, wide and narrow; steady, light, of one origin."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stack.settings import ROOT
from tests.browser.chromium import Browser
from tests.browser.trees import differences

AXE = (ROOT / "third_party" / "axe-core" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLOURS_AND_SIZES = ["color-contrast", "target-size", "scrollable-region-focusable", "link-in-text-block"]
RUN = """
    const named = (node) => `${node.html.slice(0, 120)} ${node.failureSummary}`;
    return axe.run(document, {...arguments[0], resultTypes: ["violations"], preload: false}).then((found) =>
        found.violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map(named).join(" | ")}`));
"""
# A page may move what it shows within half a second of a key or a click; that is left out, as the measure says.
MOVED = """
    return new Promise((resolve) => {
        let moved = 0;
        const add = (list) => { for (const each of list.getEntries()) if (!each.hadRecentInput) moved += each.value; };
        new PerformanceObserver(add).observe({type: "layout-shift", buffered: true});
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(moved))));
    });
"""
ASKED = "return performance.getEntriesByType('resource').map((each) => [each.name, each.decodedBodySize])"
PAGE_BYTES = "return performance.getEntriesByType('navigation')[0].decodedBodySize"

MOST_BYTES = 150_000
MOST_REQUESTS = 12
MOST_MOVED = 0.02
"""Of 1: a page that moves less is steady (web.dev/articles/cls has 0.1 as good)."""

WIDE, NARROW = (1280, 800), (390, 844)


@dataclass
class Looks:
    """What was seen of pages, and what is wrong with them."""

    pictures: Path
    wrong: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def at(self, browser: Browser, name: str) -> None:
        """Look at a page as it is now."""
        self.seen.append(name)
        before = len(self.wrong)
        self._measure(browser, name)
        self.wrong += differences(browser, name)
        if browser.run("return typeof axe") == "undefined":
            browser.run(AXE)
        for width, is_dark, rules in ((WIDE, False, []), (NARROW, True, OF_COLOURS_AND_SIZES)):
            shown(browser, *width, is_dark=is_dark)
            options: dict[str, Any] = {"runOnly": {"type": "rule", "values": rules} if rules else RULES}
            self.wrong += [f"{name}, {width[0]} px: {each}" for each in browser.run(RUN, options)]
            if browser.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                self.wrong.append(f"{name}: wider than {width[0]} px")
            if is_dark or len(self.wrong) > before:
                browser.screenshot(self.pictures / f"looks-{name}-{width[0]}.png")
        shown(browser, *WIDE)

    def _measure(self, browser: Browser, name: str) -> None:
        asked = browser.run(ASKED)
        origin = str(browser.run("return location.origin"))
        self.wrong += [f"{name}: asks {url}" for url, _ in asked if not url.startswith((f"{origin}/", "data:"))]
        bytes_ = int(browser.run(PAGE_BYTES)) + sum(size for url, size in asked if url.endswith((".js", ".css")))
        moved = float(browser.run(MOVED))
        for what, value, most in (
            ("bytes", bytes_, MOST_BYTES),
            ("requests", len(asked) + 1, MOST_REQUESTS),
            ("moved", moved, MOST_MOVED),
        ):
            if value > most:
                self.wrong.append(f"{name}: {what} {value}, at most {most}")


def shown(browser: Browser, width: int, height: int, *, is_dark: bool = False) -> None:
    """Show pages as a screen of this size does, in light or dark."""
    browser.command(
        "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
    browser.command("Emulation.setEmulatedMedia", features=[scheme])
    browser.run("return Promise.all(document.getAnimations().map((each) => each.finished)).then(() => null)")


def is_for_everybody(browser: Browser, pictures: Path, name: str) -> None:
    """Hold a page to all of that, and that nothing of it was refused."""
    assert browser.complaints() == []
    looks = Looks(pictures)
    looks.at(browser, name)
    browser.command("Emulation.clearDeviceMetricsOverride")
    assert looks.wrong == [], "\n".join(looks.wrong)
