"""The shop by keyboard alone, from finding an event to a ticket, and back; each page on the way is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from stack.services import API
from tests.browser.checkout import Checkout
from tests.browser.chromium import Browser
from tests.browser.looks import MOVED, WIDE, Looks, shown

pytestmark = pytest.mark.browser

TAB, ENTER, SPACE, RIGHT = "\ue004", "\ue007", " ", "\ue014"
MOST_STOPS = 60
PASSWORD = "a few words are long"

PAGES = {
    "home": "/",
    "events": "/events",
    "no-events": "/events?q=there+is+no+such+thing",
    "wrong-filter": "/events?date_from=x",
    "login": "/login",
    "register": "/register",
    "forgot-password": "/forgot-password",
    "nowhere": "/nowhere",
    "check-in": "/check-in",
}
"""What anybody sees, by a name for messages: add a page of yours."""

OWN_PAGES = {
    "past-bookings": "/my-bookings?period=past",
    "notices": "/notices",
    "transfers": "/transfers",
    "profile": "/profile",
    "delete-account": "/profile/delete",
}
"""What only its visitor sees."""

STOP = """
    const e = document.activeElement, name = e.getAttribute("aria-label") ?? e.labels?.[0]?.innerText ?? e.innerText;
    return [name ?? "", e.getAttribute("role") ?? e.tagName];
"""


@pytest.fixture
def keys(desk: Browser) -> Iterator[Browser]:
    """A window without a mouse, signed out before and after."""
    shown(desk, *WIDE)
    yield desk
    desk.run("document.querySelector('form[action=\"/logout\"] button')?.click()")
    desk.until(lambda: desk.run("return document.querySelector('form[action=\"/logout\"]') === null"))
    desk.command("Emulation.clearDeviceMetricsOverride")


@pytest.fixture
def looks(pictures: Path) -> Looks:
    return Looks(pictures)


def tab_to(browser: Browser, name: str, *, kind: str = "") -> None:
    """Press the Tab key until what has the focus has a name that begins so."""
    stops = []
    for _ in range(MOST_STOPS):
        browser.press(TAB)
        said, role = browser.run(STOP)
        if said.strip().startswith(name) and kind in ("", role):
            return
        stops.append(said.strip()[:40] or role)
    raise AssertionError(f"no way to {name!r} by the Tab key: {stops}")


def go(browser: Browser, name: str, holds: Callable[[], bool]) -> None:
    """Go to what has a name, press Enter, and wait."""
    tab_to(browser, name)
    browser.press(ENTER)
    browser.until(lambda: holds() and browser.run("return document.readyState") == "complete")


def is_at(browser: Browser, path: str) -> Callable[[], bool]:
    return lambda: bool(browser.run("return location.pathname.startsWith(arguments[0])", path))


def says(browser: Browser, text: str) -> Callable[[], bool]:
    return lambda: text in browser.text()


def visit(browser: Browser, looks: Looks, shop: str, pages: dict[str, str]) -> None:
    for name, path in pages.items():
        browser.open(shop + path)
        looks.at(browser, name)


def register_by_keys(keys: Browser) -> None:
    """Make an account, beginning at the top of a page."""
    keys.press(TAB)
    assert keys.run(STOP)[0] == "Skip to the content"
    go(keys, "Register", is_at(keys, "/register"))
    tab_to(keys, "Your name")
    for text in ("Asha Rao", f"{uuid4()}@example.com", PASSWORD):
        keys.type(text)
        keys.press(TAB)
    keys.press(ENTER)
    keys.until(lambda: "Sign out" in keys.text("body"))


def give_one_back_by_keys(keys: Browser, looks: Looks) -> None:
    """Give the first seat of a booking back."""
    tab_to(keys, "Stalls, row")
    keys.press(SPACE)
    go(keys, "See what", says(keys, "come back"))
    looks.at(keys, "refund")
    tab_to(keys, "Give")
    keys.press(ENTER)
    keys.until(lambda: len(keys.run("return document.querySelectorAll('.ticket')")) == 1)


def test_the_shop_is_used_by_keys_alone_and_each_page_on_the_way_is_for_everybody(
    keys: Browser, checkout: Checkout, looks: Looks
) -> None:
    shop = checkout.stack.public_url
    visit(keys, looks, shop, PAGES)
    keys.open(shop)
    register_by_keys(keys)
    go(keys, "Events", is_at(keys, "/events"))
    go(keys, checkout.stack.demo.shows[3].title, is_at(keys, "/events/"))
    looks.at(keys, "event")
    go(keys, "Choose seats", is_at(keys, "/booking/"))
    looks.at(keys, "seats")
    tab_to(keys, "Row ", kind="gridcell")
    for key in (SPACE, RIGHT, SPACE):
        keys.press(key)
    looks.at(keys, "seats-chosen")
    go(keys, "Hold these seats", says(keys, "Your order"))
    looks.at(keys, "order")
    go(keys, "Book and pay", is_at(keys, "/payment/"))
    looks.at(keys, "payment")
    go(keys, "Pay", is_at(keys, f"{API}/payments/fake-checkout/"))
    go(keys, "Pay", says(keys, "Paid"))
    go(keys, "Back to your booking", lambda: is_at(keys, "/my-bookings/")() and says(keys, "Confirmed")())
    looks.at(keys, "booking")
    give_one_back_by_keys(keys, looks)
    go(keys, "My bookings", is_at(keys, "/my-bookings"))
    looks.at(keys, "bookings")
    visit(keys, looks, shop, OWN_PAGES)
    assert looks.wrong == [], "\n".join(looks.wrong)


def fill(browser: Browser, **fields: str) -> None:
    """Write into the fields of a page."""
    for name, value in fields.items():
        browser.run("document.querySelector(`main [name=${arguments[0]}]`).value = arguments[1]", name, value)


def send(browser: Browser, button: str, text: str) -> None:
    """Click, and wait for the page that says something."""
    browser.run("document.querySelector(arguments[0]).click()", button)
    browser.until(lambda: text in browser.text() and browser.run("return document.readyState") == "complete")


def club_show(checkout: Checkout) -> str:
    """Make a show in a club, which has a plan, an area, and seats that a code opens; return the path of its map."""
    venues = checkout.ask("GET", "venues?city=Kolkata")["venues"]
    screen = next(screen["id"] for venue in venues for screen in venue["screens"])
    event = checkout.stack.demo.shows[0].event_id
    prices = [{"tier": "PREMIUM", "price": 90_000}, {"tier": "REGULAR", "price": 60_000}]
    wish = {"eventId": event, "screenId": screen, "startTime": "2030-05-01T15:00:00Z", "prices": prices}
    show = checkout.ask("POST", "shows", wish)["id"]
    blocked = [seat["id"] for seat in checkout.ask("GET", f"seats/shows/{show}")["seats"][:2]]
    checkout.ask("POST", f"shows/{show}/block-seats", {"showSeatIds": blocked, "reason": "Friends"})
    checkout.ask("POST", f"shows/{show}/access-codes", {"code": "FRIENDS-22", "reason": "Friends", "maxSeats": 2})
    return f"/booking/{event}?showId={show}"


def refused_accounts(keys: Browser, shop: str, looks: Looks) -> None:
    """Sign in and register wrongly, then rightly."""
    keys.open(f"{shop}/login")
    fill(keys, email="nobody@example.com", password="wrong")
    send(keys, "main button", "Sign in")
    looks.at(keys, "login-refused")
    keys.open(f"{shop}/register")
    fill(keys, name="Asha Rao", email=f"{uuid4()}@example.com", password="short")
    keys.run("for (const field of document.querySelectorAll('main input')) field.removeAttribute('minlength')")
    send(keys, "main button", "Password")
    looks.at(keys, "register-refused")
    fill(keys, name="Asha Rao", email=f"{uuid4()}@example.com", password=PASSWORD)
    keys.run("document.querySelector('main button').click()")
    keys.until(lambda: "Sign out" in keys.text("body"))


def lost_seats(keys: Browser, checkout: Checkout, looks: Looks) -> None:
    """Ask for seats of which somebody else has one by then; hold others, chosen by the page, from its list."""
    show = checkout.stack.demo.shows[3]
    path = f"{checkout.stack.public_url}/booking/{show.event_id}?showId={show.id}"
    keys.open(path)
    keys.run("live.close(); live.open = () => {}")
    keys.run("[...document.querySelectorAll('input[name=seat]:enabled')].slice(30, 32).forEach((box) => box.click())")
    [lost, _] = keys.run("return [...document.querySelectorAll('input:checked')].map((box) => box.value)")
    wish = {"showId": show.id, "userId": str(uuid4()), "showSeatIds": [lost]}
    checkout.ask("POST", "bookings/hold-seats", wish)
    send(keys, ".bar button", "Somebody was faster")
    looks.at(keys, "seats-lost")
    keys.open(f"{path}&view=list&best=2")
    looks.at(keys, "seats-list")
    send(keys, ".bar button", "Your order")


def refused_payments(keys: Browser, checkout: Checkout, looks: Looks) -> None:
    """Order with a coupon that is none, in the last two minutes; and pay in vain."""
    fill(keys, coupon="NOSUCH")
    send(keys, "button[value=price]", "coupon cannot be used")
    looks.at(keys, "order-coupon")
    keys.run("Date.now = () => Date.parse(document.querySelector('.clock').dataset.until) - 100000")
    keys.until(lambda: "Only 2 minutes left. Give me more time?" in keys.text())
    looks.at(keys, "order-urgent")
    send(keys, "main form:last-of-type button.main", "Pay for your tickets")
    at = keys.run("return location.href")
    keys.run("document.querySelector('main button.main').click()")
    keys.until(is_at(keys, f"{API}/payments/fake-checkout/"))
    session = str(keys.run("return location.pathname")).rpartition("/")[2]
    keys.open(f"{at}?back=1")
    looks.at(keys, "payment-waiting")
    checkout.ask("POST", f"payments/simulate/{session}", {"result": "DECLINE"})
    keys.until(lambda: "was declined" in keys.text())  # the page looks by itself
    looks.at(keys, "payment-declined")
    keys.open(at.replace("/payment/", "/my-bookings/"))
    looks.at(keys, "booking-unpaid")


def seats_by_code(keys: Browser, checkout: Checkout, looks: Looks) -> None:
    """Hold seats that a code opens, in a plan with tables and an area."""
    path = checkout.stack.public_url + club_show(checkout)
    keys.open(path)
    looks.at(keys, "seats-plan")
    blocked = "return document.querySelectorAll('.cell.blocked').length"
    assert keys.run(blocked) == 2
    fill(keys, code="friends-22")
    keys.run("document.querySelector('button[value=code]').click()")
    keys.until(lambda: keys.run(blocked) == 0)
    assert "friends" not in keys.run("return location.href")
    keys.run("for (const box of document.querySelectorAll('input[data-state=code]')) box.click()")
    looks.at(keys, "seats-code")
    send(keys, ".bar button", "Your order")
    keys.open(path)
    assert keys.run("return document.querySelectorAll('.cell.mine').length") == 2
    looks.at(keys, "seats-held")


def test_what_goes_wrong_is_for_everybody_too(keys: Browser, checkout: Checkout, looks: Looks) -> None:
    refused_accounts(keys, checkout.stack.public_url, looks)
    lost_seats(keys, checkout, looks)
    refused_payments(keys, checkout, looks)
    seats_by_code(keys, checkout, looks)
    assert looks.wrong == [], "\n".join(looks.wrong)


def test_a_page_that_is_not_for_everybody_is_found(keys: Browser, checkout: Checkout, looks: Looks) -> None:
    keys.open(f"{checkout.stack.public_url}/login")
    keys.until(lambda: keys.run("return performance.getEntriesByName('first-contentful-paint').length") == 1)
    keys.run(
        "document.querySelector('main').insertAdjacentHTML('afterbegin', arguments[0])",
        '<img src="/assets/icon.svg"><p class="faint" id="pale">pale</p><div id="wide">wide</div>',
    )
    keys.run("pale.style.color = '#8a8f98'; wide.style.width = '2000px'")
    keys.until(lambda: float(keys.run(MOVED)) > 0)
    looks.at(keys, "login-spoilt")
    said = " ".join(looks.wrong)
    assert all(each in said for each in ("image-alt", "color-contrast", "wider than 390 px", "moved"))
