"""An organizer in a browser: an event made, published, moved and cancelled, and what the shop shows of it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from boxoffice.booking.v1 import coupon_pb2
from boxoffice.notifications.v1 import webhooks_pb2

from stack import accounts, credentials
from stack.launcher import Stack
from tests.browser.chromium import Browser
from tests.browser.looks import Looks, is_for_everybody
from tests.browser.test_shop import at, fill, looks_well
from tests.stacks import started
from tests.web.officers import calling, password
from tests.web.organizing import START

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def verified() -> Iterator[Stack]:
    """A stack that knows who calls: drafts are for those alone who organize them."""
    with started(auth="on", web="on") as stack:
        yield stack


def sign_in(browser: Browser, stack: Stack) -> None:
    browser.open(f"{stack.public_url}/login")
    password = credentials.load(stack.settings.data_dir / credentials.FILE)["demo-organizer"]
    fill(browser, email=accounts.email("organizer"), password=password)
    browser.click("main button")
    browser.until(lambda: at(browser, "/") and "Sign out" in browser.text("body"))


OFFICE = {
    "office-bookings": "/organizer/bookings",
    "office-coupons": "/organizer/coupons",
    "office-coupon": "/organizer/coupons/new",
    "office-seats": "/organizer/seats",
    "office-gates": "/organizer/gates",
    "office-team": "/organizer/team",
    "office-webhooks": "/organizer/webhooks",
}
"""Pages of the office, by a name for messages: add one of yours."""


def step(browser: Browser) -> str:
    return str(browser.run("return new URLSearchParams(location.search).get('step') ?? ''"))


def make(browser: Browser, pictures: Path) -> str:
    """Make a draft with a date in a new hall; return its id."""
    browser.click("a[href='/organizer/dashboard']")
    browser.until(lambda: at(browser, "/organizer/dashboard"))
    is_for_everybody(browser, pictures, "dashboard")
    browser.click("main a[href^='/organizer/events/create']")
    browser.until(lambda: at(browser, "/organizer/events/create"))
    fill(browser, title="Browser Drums", minutes="90", description="Nine drummers.")
    is_for_everybody(browser, pictures, "create")
    browser.click("main button.main")
    browser.until(lambda: step(browser) == "dates")
    event = str(browser.run("return location.pathname.split('/')[3]"))

    browser.click("main a.button[href$='/halls']")
    browser.until(lambda: at(browser, f"/organizer/events/{event}/halls"))
    is_for_everybody(browser, pictures, "halls")
    browser.run("document.getElementById('new').open = true")
    fill(browser, venue="Drum House", hall="Main", rows="4", seats="8", premium="1", places="0")
    browser.run("document.getElementById('f-city').value = 'Mumbai'")  # the other one finds halls
    browser.click("#new button.main")
    browser.until(lambda: at(browser, f"/organizer/events/{event}/shows/create"))
    fill(browser, start=START, **{"price-1": "450", "price-2": "799.50"})
    is_for_everybody(browser, pictures, "new-show")
    browser.click("main button.main")
    browser.until(lambda: step(browser) == "dates")
    return event


def look_at_all(phone: Browser, stack: Stack, event: str, show: str, pictures: Path) -> None:
    """Hold that the pages fit a narrow phone."""
    sign_in(phone, stack)
    steps = [f"/organizer/events/{event}/edit?step={name}" for name in ("what", "dates", "pictures", "publish")]
    paths = ["/organizer/dashboard", *steps, f"/organizer/events/{event}/halls", show, f"{show}/reschedule"]
    for number, path in enumerate([*paths, f"{show}/tax", f"{show}/cancel"]):
        phone.open(f"{stack.public_url}{path}")
        looks_well(phone, pictures, f"organizer-{number}")


def test_an_event_is_made_published_moved_and_cancelled(
    desk: Browser, phone: Browser, verified: Stack, pictures: Path
) -> None:
    browser, shop = desk, verified.public_url
    sign_in(browser, verified)
    event = make(browser, pictures)
    show = str(browser.run("return document.querySelector('.shows h2 a').pathname"))
    assert httpx.get(f"{shop}/events/{event}", trust_env=False).status_code == 404
    browser.open(f"{shop}/organizer/events/{event}/edit?step=publish")
    is_for_everybody(browser, pictures, "publish")
    browser.click("main button.main")
    browser.until(lambda: "published=1" in browser.run("return location.search"))
    assert "799.50" in httpx.get(f"{shop}/events/{event}", trust_env=False).text

    look_at_all(phone, verified, event, show, pictures)
    browser.open(f"{shop}{show}/reschedule")
    later = START.replace("T19:30", "T21:15")
    fill(browser, start=later)
    browser.click("main button.main")
    browser.until(lambda: browser.run("return document.querySelector('[name=agreed]') !== null"))
    is_for_everybody(browser, pictures, "reschedule")
    browser.click("main button.main")
    browser.until(lambda: "moved=1" in browser.run("return location.search"))
    is_for_everybody(browser, pictures, "show")
    assert "9:15" in httpx.get(f"{shop}/events/{event}", trust_env=False).text

    browser.open(f"{shop}{show}/cancel")
    fill(browser, reason="The drummers are ill")
    is_for_everybody(browser, pictures, "cancel")
    browser.click("button.danger")
    browser.until(lambda: at(browser, f"{show}/cancellation"))
    browser.until(lambda: "Done" in browser.text())
    assert "/booking/" not in httpx.get(f"{shop}/events/{event}", trust_env=False).text


def work_at_office(stack: Stack) -> None:
    """Make a coupon, and an endpoint whose address is longer than a phone's line."""
    terms = coupon_pb2.CouponTerms(kind=coupon_pb2.CouponTerms.PERCENTAGE, percentage=20)
    url = "https://hooks.lantern.example/boxoffice/messages/of/every/show"
    with calling(stack, accounts.email("organizer"), password(stack, "organizer")) as (client, _):
        [own, *_] = client.list_organizations().organizations
        here = own.organization.id
        client.create_coupon(organization_id=here, code="MONSOON-20", terms=terms)
        confirmed = [webhooks_pb2.WebhookMessage.BOOKING_CONFIRMED]
        client.create_webhook_endpoint(organization_id=here, url=url, types=confirmed)


def test_pages_of_the_office_are_for_everybody(desk: Browser, verified: Stack, pictures: Path) -> None:
    work_at_office(verified)
    desk.open(verified.public_url)
    desk.run("document.querySelector('form[action=\"/logout\"] button')?.click()")
    desk.until(lambda: desk.run("return document.querySelector('a[href=\"/login\"]') !== null"))
    sign_in(desk, verified)
    looks = Looks(pictures)
    for name, path in OFFICE.items():
        desk.open(verified.public_url + path)
        looks.at(desk, name)
    desk.command("Emulation.clearDeviceMetricsOverride")
    assert looks.wrong == [], "\n".join(looks.wrong)
