"""Pictures of every page of the shop: two widths, light and dark, English and Hindi. `make pictures` makes them.

`python -m tests.browser.pictures FOLDER [NAME …]` takes those whose names have one of these words. Beside each page's
pictures there is a sheet that has all of them. The end is a list of the sheets, and of pages that are wider than their
window.
"""

from __future__ import annotations

import base64
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from stack import accounts, credentials
from stack.launcher import Stack
from tests.browser.chromium import Browser, driver, opened
from tests.browser.test_shop import at, event_on_sale, fill, free_seats, register
from tests.conftest import SHARED
from tests.stacks import started

WIDTHS = {390: 844, 1280: 800}
SCHEMES = ("light", "dark")
LANGUAGES = ("en", "hi")
TALLEST = 2_400
"""What is below that is cut, in CSS pixels."""
GAP = 24
SHEET = 2_640
"""The width of a sheet in pixels: four phones, or two desks, beside each other."""

BEFORE = ("home", "/"), ("events", "/events"), ("nothing-fits", "/events?city=Nowhere"), ("no-page", "/nowhere")
STRANGER = (
    *(("login", "/login"), ("register", "/register"), ("forgot-password", "/forgot-password")),
    *(("docs", "/api/docs"), ("check-in", "/check-in")),
)
CUSTOMER = (
    *(("profile", "/profile"), ("delete-account", "/profile/delete"), ("notices", "/notices")),
    *(("my-bookings", "/my-bookings"), ("past-bookings", "/my-bookings?period=past")),
)
ORGANIZER = (
    *(("dashboard", "/organizer/dashboard"), ("create", "/organizer/events/create")),
    *(("office-bookings", "/organizer/bookings"), ("office-coupons", "/organizer/coupons")),
    *(("office-team", "/organizer/team"), ("office-gates", "/organizer/gates")),
    *(("office-seats", "/organizer/seats"), ("office-webhooks", "/organizer/webhooks")),
)


@dataclass
class Photographer:
    """Takes the pictures of one width."""

    browser: Browser
    shop: str
    folder: Path
    width: int
    words: tuple[str, ...]
    wide: list[str]
    """Gets the names of pages that are wider than their window."""

    def take(self, pages: tuple[tuple[str, str], ...]) -> None:
        """Take pages in both languages, light and dark."""
        for name, path in pages:
            if self.words and not any(word in name for word in self.words):
                continue
            for language in LANGUAGES:
                self.browser.open(f"{self.shop}/language/{language}?next=/robots.txt")
                self.browser.open(f"{self.shop}{path}")
                for scheme in SCHEMES:
                    features = [{"name": "prefers-color-scheme", "value": scheme}]
                    self.browser.command("Emulation.setEmulatedMedia", features=features)
                    self._keep(f"{name}-{self.width}-{scheme}-{language}")
        self.browser.open(f"{self.shop}/language/en?next=/")

    def _keep(self, name: str) -> None:
        if not self.browser.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth"):
            self.wide.append(name)
        height = min(TALLEST, int(self.browser.run("return document.documentElement.scrollHeight")))
        clip = {"x": 0, "y": 0, "width": self.width, "height": height, "scale": 0.5}
        shot = self.browser.command("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        (self.folder / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


def shop_pages(browser: Browser, shop: str) -> tuple[tuple[str, str], ...]:
    """Buy, book and hold something; return the pages that there are by then."""
    browser.open(f"{shop}/events")
    event = event_on_sale(browser)
    browser.open(f"{shop}{event}")
    browser.click("a.button[href^='/booking/']")
    browser.until(lambda: at(browser, "/booking/") and len(free_seats(browser)) > 3)
    seats = str(browser.run("return location.pathname + location.search"))
    paid = _book(browser, shop, seats, 2)
    browser.click("button.main")
    browser.until(lambda: browser.run("return document.getElementById('pay') !== null"))
    browser.click("#pay")
    browser.until(lambda: "Paid" in browser.text())
    ended = str(browser.run("return location.pathname"))
    browser.click(".back a")
    browser.until(lambda: at(browser, "/my-bookings/") and "Confirmed" in browser.text())
    open_ = _book(browser, shop, seats, 1)
    browser.click("button.main")
    browser.until(lambda: browser.run("return document.getElementById('pay') !== null"))
    bank = str(browser.run("return location.pathname"))
    _hold(browser, shop, seats, 1)
    order = str(browser.run("return location.pathname + location.search"))
    return (
        *(("event", event), ("seats", seats), ("seats-as-list", f"{seats}&view=list"), ("order", order)),
        *(("payment", f"/payment/{open_}"), ("bank", bank), ("bank-paid", ended)),
        ("booking", f"/my-bookings/{paid}"),
    )


def _hold(browser: Browser, shop: str, seats: str, count: int) -> None:
    browser.open(f"{shop}{seats}&view=list")
    for seat in free_seats(browser)[-count:]:
        browser.run("document.querySelector(`input[value='${arguments[0]}']`).click()", seat)
    browser.click(".bar button")
    browser.until(lambda: "Your order" in browser.text())


def _book(browser: Browser, shop: str, seats: str, count: int) -> str:
    """Book seats; return the booking's id, at its payment."""
    _hold(browser, shop, seats, count)
    browser.click("main form:last-of-type button.main")
    browser.until(lambda: at(browser, "/payment/"))
    return str(browser.run("return location.pathname.split('/')[2]"))


def sign_in(browser: Browser, stack: Stack) -> None:
    """Sign in as the organizer of the demo."""
    browser.open(f"{stack.public_url}/login")
    password = credentials.load(stack.settings.data_dir / credentials.FILE)["demo-organizer"]
    fill(browser, email=accounts.email("organizer"), password=password)
    browser.click("main button")
    browser.until(lambda: "Sign out" in browser.text("body"))


def sign_out(browser: Browser) -> None:
    browser.click("form[action='/logout'] button")
    browser.until(lambda: browser.run("return document.querySelector('a[href=\"/login\"]') !== null"))


def sheets(folder: Path) -> Iterator[Path]:
    """Put all pictures of a page on one sheet, for each page; return the sheets."""
    names = sorted({file.stem.rpartition("-")[0].rsplit("-", 2)[0] for file in folder.glob("*-*-*-*.png")})
    for name in names:
        variants = [(w, s, one) for w in WIDTHS for one in LANGUAGES for s in SCHEMES]
        files = [folder / f"{name}-{width}-{scheme}-{language}.png" for width, scheme, language in variants]
        pictures = [Image.open(file) for file in files if file.exists()]
        sheet = Image.new(
            "RGB", (SHEET, sum(max(each.height for each in line) + GAP for line in _lines(pictures))), "#888"
        )
        top = 0
        for line in _lines(pictures):
            left = 0
            for picture in line:
                sheet.paste(picture, (left, top))
                left += picture.width + GAP
            top += max(each.height for each in line) + GAP
        sheet.save(folder / f"{name}.png")
        yield folder / f"{name}.png"


def _lines(pictures: list[Image.Image]) -> list[list[Image.Image]]:
    """Return the pictures in lines that fit a sheet."""
    lines: list[list[Image.Image]] = [[]]
    for picture in pictures:
        if sum(each.width + GAP for each in (*lines[-1], picture)) > SHEET:
            lines.append([])
        lines[-1].append(picture)
    return lines


def _take_all(stack: Stack, folder: Path, words: tuple[str, ...], wide: list[str]) -> None:
    with contextlib.ExitStack() as ending:
        profiles = Path(ending.enter_context(tempfile.TemporaryDirectory()))
        chromedriver = ending.enter_context(driver(profiles))
        for width, height in WIDTHS.items():
            profile = profiles / str(width)
            browser = ending.enter_context(opened(chromedriver, profile, width=width, height=height))
            one = Photographer(browser, stack.public_url, folder, width, words, wide)
            one.take((*BEFORE, *STRANGER))
            browser.open(stack.public_url)
            register(browser)
            one.take((*shop_pages(browser, stack.public_url), *CUSTOMER))
            sign_out(browser)
            sign_in(browser, stack)
            one.take(ORGANIZER)


def main(folder: Path, *words: str) -> None:
    """Take the pictures, and print where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    wide: list[str] = []
    with tempfile.TemporaryDirectory() as shared:
        os.environ[SHARED] = shared
        with started(auth="on", web="on") as stack:
            _take_all(stack, folder, words, wide)
    for sheet in sheets(folder):
        print(sheet)
    for name in wide:
        print(f"wider than its window: {name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
