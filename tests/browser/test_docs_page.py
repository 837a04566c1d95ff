"""The API's documentation as people meet it, in a real browser: it can be read, and tried out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import httpx
import pytest

from stack.launcher import Stack
from stack.services import API
from tests.browser.chromium import Browser
from tests.browser.test_checkout_page import is_clean

pytestmark = pytest.mark.browser

LIST_EVENTS = "#operations-Catalog-ListEvents"
CREATE_BOOKING = "#operations-Booking-CreateBooking"
CREATE_EVENT = "#operations-Catalog-CreateEvent"


@pytest.fixture
def page(desk: Browser, stack: Stack) -> str:
    """The page's address; it is open and has been drawn."""
    url = f"{stack.public_url}/api/docs"
    desk.open(url)
    desk.until(lambda: desk.run("return document.querySelectorAll('.opblock').length") > 20)
    return url


def test_every_operation_is_listed_and_nobody_else_is_asked(desk: Browser, page: str, pictures: Path) -> None:
    desk.screenshot(pictures / "docs.png")
    document = httpx.get(page.replace("docs", "openapi.json"), trust_env=False).json()
    listed = desk.run("return [...document.querySelectorAll('.opblock')].map(e => e.id.split('-').at(-1))")
    assert sorted(listed) == sorted(
        each["operationId"] for item in document["paths"].values() for each in item.values()
    )
    assert "Boxoffice" in desk.text("body") and "Parser error" not in desk.text("body")
    is_clean(desk, page)


def test_the_page_begins_with_a_purchase_of_what_there_is(desk: Browser, page: str, stack: Stack) -> None:
    desk.until(lambda: stack.demo.shows[0].id in desk.text(".begin") or "{show}" not in desk.text(".begin"))
    steps = desk.run("return [...document.querySelectorAll('.begin li h2')].map((step) => step.textContent)")
    assert steps == ["Find", "Hold", "Book", "Pay"]
    desk.until(lambda: "{" + "seat}" not in desk.text(".begin"))
    [show] = set(re.findall(r"seats/shows/([0-9a-f-]{36})", desk.text(".begin")))
    assert httpx.get(f"{stack.public_url}{API}/shows/{show}", trust_env=False).status_code == 200
    for link in desk.run(
        "return [...document.querySelectorAll('.begin [data-operation]')].map((a) => a.dataset.operation)"
    ):
        assert is_there(desk, f"#operations-{link.replace('/', '-')}"), link
    desk.click(".begin [data-operation='Inventory/HoldSeats']")
    desk.until(lambda: is_there(desk, "#operations-Inventory-HoldSeats.is-open"))
    # Paths that do the same as another one are folded.
    shown = "return [...document.querySelectorAll('.opblock[id*=Alias]')].some((each) => each.checkVisibility())"
    assert not desk.run(shown)
    desk.click("#twins")
    assert desk.run(shown)
    is_clean(desk, page)


def test_an_operation_can_be_unfolded_under_the_pages_policy(desk: Browser, page: str, pictures: Path) -> None:
    desk.click(f"{CREATE_BOOKING} .opblock-summary-control")
    desk.until(lambda: is_there(desk, f"{CREATE_BOOKING} .responses-table [data-name=model]"))
    for table in (".opblock-section-request-body", ".responses-table"):
        desk.run("document.querySelector(arguments[0]).click()", f"{CREATE_BOOKING} {table} [data-name=model]")
        desk.until(lambda table=table: is_there(desk, f"{CREATE_BOOKING} {table} .json-schema-2020-12-property"))
    desk.run("document.querySelector(arguments[0]).scrollIntoView()", f"{CREATE_BOOKING} .responses-table")
    desk.screenshot(pictures / "docs-unfolded.png")
    assert "SEATS_UNAVAILABLE" in desk.text(CREATE_BOOKING)
    is_clean(desk, page)


def test_a_list_can_be_tried_out(desk: Browser, page: str, pictures: Path) -> None:
    body = try_out(desk, LIST_EVENTS)
    desk.screenshot(pictures / "docs-list-events.png")
    assert "Monsoon Letters" in [event["title"] for event in json.loads(body)["events"]]
    is_clean(desk, page)


def test_the_example_of_an_event_can_be_created_as_it_stands(desk: Browser, page: str, pictures: Path) -> None:
    body = try_out(desk, CREATE_EVENT)
    desk.screenshot(pictures / "docs-create-event.png")
    assert json.loads(body)["title"] == "Monsoon Letters, live"
    is_clean(desk, page)


def try_out(desk: Browser, operation: str) -> str:
    """Open an operation, execute it as it stands, and return the body of the answer, which must be a 200."""
    desk.run("document.querySelector(arguments[0]).scrollIntoView()", operation)
    desk.click(f"{operation} .opblock-summary-control")
    desk.until(lambda: is_there(desk, f"{operation} .try-out__btn"))
    desk.click(f"{operation} .try-out__btn")
    desk.until(lambda: is_there(desk, f"{operation} .execute"))
    desk.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", f"{operation} .execute")
    desk.click(f"{operation} .execute")
    answer = f"{operation} .live-responses-table tbody"
    desk.until(lambda: is_there(desk, f"{answer} .response-col_status"))
    desk.run("document.querySelector(arguments[0]).scrollIntoView()", f"{operation} .live-responses-table")
    assert desk.text(f"{answer} .response-col_status").split()[0] == "200", desk.text(answer)
    return desk.text(f"{answer} .response-col_description pre")


def is_there(desk: Browser, selector: str) -> bool:
    return bool(desk.run("return document.querySelector(arguments[0]) !== null", selector))
