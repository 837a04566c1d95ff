"""The shop as people use it: from finding an event to a ticket, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from stack.services import API
from tests.browser.checkout import Checkout
from tests.browser.chromium import Browser

pytestmark = pytest.mark.browser

PASSWORD = "a few words are long"
AN_HOUR_FAST = "{ const right = Date.now; Date.now = () => right() + 3600000; window.isFast = true; }"


@pytest.fixture(params=["desk", "phone"])
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A window of each width, signed out before and after."""
    found: Browser = request.getfixturevalue(request.param)
    yield found
    found.run("document.querySelector('form[action=\"/logout\"] button')?.click()")
    found.until(lambda: found.run("return document.querySelector('a[href=\"/login\"]') !== null"))


def fill(browser: Browser, **fields: str) -> None:
    """Write into the fields of a page, as if they had been typed."""
    for name, value in fields.items():
        browser.run("document.querySelector(`[name=${arguments[0]}]`).value = arguments[1]", name, value)


def at(browser: Browser, path: str) -> bool:
    """Tell whether the browser is at a path, or below it."""
    return bool(
        browser.run("return location.pathname.startsWith(arguments[0]) && document.readyState === 'complete'", path)
    )


def register(browser: Browser) -> None:
    browser.click("a[href='/register']")
    browser.until(lambda: at(browser, "/register"))
    fill(browser, name="Asha Rao", email=f"{uuid4()}@example.com", password=PASSWORD)
    browser.click("main button")
    browser.until(lambda: "Sign out" in browser.text("body"))


def free_seats(browser: Browser) -> list[str]:
    return list(
        browser.run("return [...document.querySelectorAll('input[name=seat]:enabled')].map((box) => box.value)")
    )


def event_on_sale(browser: Browser) -> str:
    """Return the path of an event of which seats can be chosen: what other tests made is in the list, too."""
    for path in browser.run("return [...document.querySelectorAll('.card:has(time) a')].map((link) => link.pathname)"):
        page = browser.run("return fetch(arguments[0]).then((answer) => answer.text())", path)
        if 'class="button" href="/booking/' in page:
            return str(path)
    raise AssertionError("nothing is on sale")


def looks_well(browser: Browser, pictures: Path, name: str) -> None:
    """Keep a picture, and hold that the page is no wider than the window, and that nothing was refused."""
    browser.screenshot(pictures / f"shop-{name}-{browser.name}.png")
    assert browser.run("return document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
    assert browser.complaints() == []


def give_one_back(browser: Browser, pictures: Path) -> None:
    """Give the first seat of a booking back, after a look at what comes back."""
    browser.click("main form input[name=seat]")
    browser.click("main form:last-of-type button")
    browser.until(lambda: "come back" in browser.text())
    looks_well(browser, pictures, "refund")
    browser.click("button.main")
    browser.until(
        lambda: at(browser, "/my-bookings/") and len(browser.run("return document.querySelectorAll('.ticket')")) == 1
    )


def counts_down_by_the_servers_clock(browser: Browser) -> None:
    """Load an order again in a browser whose clock is an hour fast."""
    fast = browser.command("Page.addScriptToEvaluateOnNewDocument", source=AN_HOUR_FAST)
    browser.run("location.reload()")
    browser.until(lambda: browser.run("return window.isFast === true") and "left" in browser.text(".clock"))
    assert "The time is up" not in browser.text(".clock")
    browser.command("Page.removeScriptToEvaluateOnNewDocument", identifier=fast["identifier"])


def test_two_tickets_are_bought_and_one_is_given_back(browser: Browser, checkout: Checkout, pictures: Path) -> None:
    shop = checkout.stack.public_url
    browser.open(shop)
    looks_well(browser, pictures, "home")
    register(browser)
    browser.open(f"{shop}/events")
    looks_well(browser, pictures, "events")
    browser.open(f"{shop}{event_on_sale(browser)}")
    looks_well(browser, pictures, "event")
    browser.click("a.button[href^='/booking/']")
    browser.until(lambda: at(browser, "/booking/") and len(free_seats(browser)) > 3)

    # Somebody else takes one that is free here: it is shown as it happens.
    first, second, third, fourth, *_ = free_seats(browser)
    show = browser.run("return document.getElementById('choose').dataset.show")
    checkout.ask("POST", "bookings/hold-seats", {"showId": show, "userId": str(uuid4()), "showSeatIds": [first]})
    browser.until(lambda: first not in free_seats(browser))

    # Who comes back when the changes since then are no longer kept sees how the seats stand.
    browser.run("live.close(); live.sequence = 1e9; live.open()")
    checkout.ask("POST", "bookings/hold-seats", {"showId": show, "userId": str(uuid4()), "showSeatIds": [second]})
    browser.until(lambda: second not in free_seats(browser))
    browser.complaints()
    for seat in (third, fourth):
        browser.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", f"[data-seat='{seat}']")
        browser.click(f"[data-seat='{seat}']")
    browser.until(lambda: browser.text("#chosen").startswith("2 seats"))
    looks_well(browser, pictures, "seats")
    browser.click(".bar button")
    browser.until(lambda: at(browser, "/booking/") and "Your order" in browser.text())
    assert "left" in browser.text(".clock")
    counts_down_by_the_servers_clock(browser)
    looks_well(browser, pictures, "order")
    browser.click("main form:last-of-type button.main")
    browser.until(lambda: at(browser, "/payment/"))
    looks_well(browser, pictures, "payment")
    browser.click("button.main")
    browser.until(lambda: at(browser, f"{API}/payments/fake-checkout/"))
    browser.click("#pay")
    browser.until(lambda: "Paid" in browser.text())
    browser.click(".back a")
    browser.until(lambda: at(browser, "/my-bookings/") and "Confirmed" in browser.text())
    drawn = browser.run("return [...document.querySelectorAll('.ticket img')].map((code) => code.naturalWidth > 0)")
    assert drawn == [True, True]
    looks_well(browser, pictures, "booking")
    give_one_back(browser, pictures)
    browser.open(f"{shop}/my-bookings")
    looks_well(browser, pictures, "bookings")


def test_after_signing_out_going_back_shows_nothing(browser: Browser, checkout: Checkout) -> None:
    browser.open(checkout.stack.public_url)
    register(browser)
    browser.click("a[href='/profile']")
    browser.until(lambda: at(browser, "/profile"))
    browser.click("form[action='/logout'] button")
    browser.until(lambda: "Sign in" in browser.text("body"))
    browser.run("history.back()")
    browser.until(lambda: at(browser, "/login"))
    assert "Asha" not in browser.text("body")
    assert httpx.get(f"{checkout.stack.public_url}/profile", trust_env=False).status_code == 303
