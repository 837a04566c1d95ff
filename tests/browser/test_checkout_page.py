"""The checkout page as people meet it, in a real browser: through the gateway, with nothing pretended."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser.checkout import Checkout
from tests.browser.chromium import Browser

pytestmark = pytest.mark.browser

TAB, ENTER = "\ue004", "\ue007"


def is_clean(browser: Browser, url: str) -> None:
    """See that nothing was complained of, that nobody else was asked, and that nothing hangs over the edge."""
    assert browser.complaints() == []
    here = urlsplit(url).netloc
    asked = [urlsplit(each) for each in browser.requests()]
    assert asked and {each.netloc for each in asked if each.scheme != "data"} == {here}, asked
    wide, screen = browser.run("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= screen
    hanging = browser.run(
        "return [...document.querySelectorAll('main *')].filter(e => e.getClientRects().length"
        " && e.getBoundingClientRect().right > document.documentElement.clientWidth).map(e => e.outerHTML)"
    )
    assert hanging == []


def look(browser: Browser) -> str:
    return str(browser.run("return document.querySelector('main').dataset.look"))


@pytest.fixture(params=["desk", "phone"])
def browser(request: pytest.FixtureRequest) -> Browser:
    found: Browser = request.getfixturevalue(request.param)
    return found


def test_pay_pays_and_the_booking_is_confirmed(browser: Browser, checkout: Checkout, pictures: Path) -> None:
    booking, url = checkout.begin()
    browser.open(url)
    browser.screenshot(pictures / f"open-{browser.name}.png")
    assert "Monsoon Letters" in browser.text() or checkout.stack.demo.shows[0].title in browser.text()
    browser.click("#pay")
    browser.until(lambda: look(browser) == "paid")
    assert "The payment went through" in browser.text()
    assert browser.run("return document.activeElement.id") == "result"
    browser.screenshot(pictures / f"paid-{browser.name}.png")
    is_clean(browser, url)
    checkout.until(booking, "CONFIRMED")
    # Looked at again, it says the same and offers no second payment.
    browser.open(url)
    assert look(browser) == "paid"
    assert browser.run("return document.querySelector('#pay').getClientRects().length") == 0
    is_clean(browser, url)


def test_decline_declines_and_the_booking_can_be_paid_again(
    browser: Browser, checkout: Checkout, pictures: Path
) -> None:
    booking, url = checkout.begin()
    browser.open(url)
    browser.click("#tests summary")
    browser.screenshot(pictures / f"tests-{browser.name}.png")
    is_clean(browser, url)
    browser.click("#decline")
    browser.until(lambda: look(browser) == "declined")
    assert "no money was taken" in browser.text()
    browser.screenshot(pictures / f"declined-{browser.name}.png")
    is_clean(browser, url)
    checkout.until_payment(booking, "FAILED")
    checkout.until(booking, "PENDING")


def test_a_session_whose_time_is_up_says_so(browser: Browser, checkout: Checkout, pictures: Path) -> None:
    _, url = checkout.begin()
    checkout.run_out(url)
    browser.open(url)
    assert look(browser) == "expired"
    assert "The time to pay is up" in browser.text()
    browser.screenshot(pictures / f"expired-{browser.name}.png")
    is_clean(browser, url)


def test_a_session_that_runs_out_while_it_is_looked_at_says_so(desk: Browser, checkout: Checkout) -> None:
    _, url = checkout.begin()
    desk.open(url)
    checkout.run_out(url)
    desk.click("#pay")
    desk.until(lambda: look(desk) == "expired" or "did not work" in desk.text())
    assert "time" in desk.text("#result").lower()


def test_a_session_that_nobody_knows_says_so(browser: Browser, checkout: Checkout, pictures: Path) -> None:
    url = checkout.begin(1)[1].rpartition("/")[0] + "/sess_00000000-0000-7000-8000-000000000000"
    browser.open(url)
    assert look(browser) == "unknown"
    assert "There is no such checkout" in browser.text()
    browser.screenshot(pictures / f"unknown-{browser.name}.png")
    browser.requests()
    assert [each for each in browser.complaints() if "404" not in each] == []


def test_the_page_can_be_used_with_the_keyboard_alone(desk: Browser, checkout: Checkout) -> None:
    booking, url = checkout.begin(1)
    desk.open(url)
    for _ in range(5):
        desk.press(TAB)
        if desk.run("return document.activeElement.id") == "pay":
            break
    desk.press(ENTER)
    desk.until(lambda: look(desk) == "paid")
    checkout.until(booking, "CONFIRMED")


@pytest.mark.parametrize(
    "attack",
    [
        "const s = document.createElement('script'); s.textContent = 'window.hurt = 1'; document.body.append(s)",
        "document.body.insertAdjacentHTML('beforeend', '<img src=\"data:,\" onerror=\"window.hurt = 1\">')",
        "fetch('http://127.0.0.1:9/').catch(() => {})",
    ],
)
def test_the_policy_stops_what_is_not_the_pages_own(desk: Browser, checkout: Checkout, attack: str) -> None:
    desk.open(checkout.begin(1)[1])
    desk.run(attack)
    desk.until(lambda: any("Content Security Policy" in each for each in desk.complaints()))
    assert desk.run("return window.hurt || null") is None
