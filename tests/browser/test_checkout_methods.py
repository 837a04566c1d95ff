"""Card, UPI and netbanking on the checkout page, in a real browser: by mouse and keyboard, on a desk and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.checkout import Checkout
from tests.browser.chromium import Browser
from tests.browser.test_checkout_page import ENTER, TAB, is_clean, look

pytestmark = pytest.mark.browser

DOWN, SPACE, BACKSPACE = "\ue015", " ", "\ue003"


@pytest.fixture(params=["desk", "phone"])
def browser(request: pytest.FixtureRequest) -> Browser:
    found: Browser = request.getfixturevalue(request.param)
    return found


def choose(browser: Browser, method: str) -> None:
    browser.click(f"input[value={method}]")


def enter(browser: Browser, field: str, text: str) -> None:
    """Click on a field, and type in place of what is there."""
    browser.run("document.getElementById(arguments[0]).value = ''", field)
    browser.click(f"#{field}")
    browser.type(text)


def pick(browser: Browser, field: str, value: str) -> None:
    browser.run(
        "const s = document.getElementById(arguments[0]); s.value = arguments[1];"
        " s.dispatchEvent(new Event('change', {bubbles: true}))",
        field,
        value,
    )


def shown(browser: Browser, selector: str) -> bool:
    return bool(browser.run("return document.querySelector(arguments[0]).checkVisibility()", selector))


def described(browser: Browser, field: str) -> str:
    """Return what a screen reader says of a field beside its label."""
    return str(
        browser.run(
            "return document.getElementById(arguments[0]).getAttribute('aria-describedby').split(' ')"
            ".map(id => document.getElementById(id).textContent).join(' ')",
            field,
        )
    )


def test_a_card_asks_for_a_code_and_pays_with_the_right_one(
    browser: Browser, checkout: Checkout, pictures: Path
) -> None:
    booking, url = checkout.begin(1)
    browser.open(url)
    pick(browser, "card", "card_3ds")
    browser.click("#pay")
    browser.until(lambda: look(browser) == "code")
    assert browser.focus() == "code"
    browser.screenshot(pictures / f"code-{browser.name}.png")
    is_clean(browser, url)
    browser.type("12")
    browser.press(ENTER)
    assert "Enter the six digits" in described(browser, "code")
    assert browser.focus() == "code"
    enter(browser, "code", "000000")
    browser.click("#confirm")
    browser.until(lambda: "This is not the code" in browser.text())
    assert (look(browser), browser.focus()) == ("code", "code")
    browser.screenshot(pictures / f"code-wrong-{browser.name}.png")
    # Looked at again, it waits for the code still.
    browser.open(url)
    assert look(browser) == "code"
    enter(browser, "code", "123 456")
    browser.press(ENTER)
    browser.until(lambda: look(browser) == "paid")
    assert "Card, reference pay_" in browser.text()
    is_clean(browser, url)
    checkout.until(booking, "CONFIRMED")
    assert checkout.payment(booking)["method"] == "CARD"


def test_who_has_no_code_pays_in_another_way(browser: Browser, checkout: Checkout) -> None:
    booking, url = checkout.begin(1)
    browser.open(url)
    pick(browser, "card", "card_3ds")
    browser.click("#pay")
    browser.until(lambda: look(browser) == "code")
    browser.click("#back")
    assert (look(browser), browser.focus()) == ("open", "CARD")
    choose(browser, "NETBANKING")
    assert [shown(browser, f"#{field}") for field in ("card", "upi", "bank")] == [False, False, True]
    browser.click("#pay")
    browser.until(lambda: look(browser) == "paid")
    checkout.until(booking, "CONFIRMED")
    assert checkout.payment(booking)["method"] == "NETBANKING"


def test_a_declined_card_says_so(browser: Browser, checkout: Checkout) -> None:
    booking, url = checkout.begin(1)
    browser.open(url)
    pick(browser, "card", "card_decline")
    browser.click("#pay")
    browser.until(lambda: look(browser) == "declined")
    assert "no money was taken" in browser.text()
    checkout.until_payment(booking, "FAILED")


def test_a_upi_request_waits_for_the_app_and_the_page_shows_its_approval(
    browser: Browser, checkout: Checkout, pictures: Path
) -> None:
    booking, url = checkout.begin(1, "UPI")
    browser.open(url)
    assert shown(browser, "#upi") and not shown(browser, "#card"), "what was chosen before is offered first"
    browser.screenshot(pictures / f"upi-{browser.name}.png")
    enter(browser, "upi", " Pays@Test ")
    browser.press(ENTER)
    browser.until(lambda: look(browser) == "waiting")
    assert "The request is in your UPI app" in browser.text()
    assert browser.focus() == "result"
    browser.screenshot(pictures / f"upi-waiting-{browser.name}.png")
    checkout.hasten(url)
    browser.until(lambda: look(browser) == "paid")
    assert "UPI, reference pay_" in browser.text()
    assert browser.run("return document.title").startswith("Paid")
    browser.screenshot(pictures / f"upi-paid-{browser.name}.png")
    is_clean(browser, url)
    checkout.until(booking, "CONFIRMED")


@pytest.mark.parametrize("returns", [False, True])
def test_a_upi_request_that_nobody_answers_lapses_before_the_customers_eyes(
    desk: Browser, checkout: Checkout, returns: bool
) -> None:
    booking, url = checkout.begin(1, "UPI")
    desk.open(url)
    enter(desk, "upi", "silent@test")
    desk.press(ENTER)
    desk.until(lambda: look(desk) == "waiting")
    if returns:
        desk.open(url)
        assert look(desk) == "waiting"
    checkout.hasten(url)
    desk.until(lambda: look(desk) == "declined")
    assert "Nobody approved the request in your UPI app in time" in desk.text()
    checkout.until_payment(booking, "FAILED")
    checkout.until(booking, "PENDING")


@pytest.mark.parametrize(("typed", "says"), [("", "Enter a test ID"), ("asha@okbank", "none of the test IDs")])
def test_a_upi_id_that_is_none_of_the_test_ids_is_told_beside_the_field_and_sent_nowhere(
    browser: Browser, checkout: Checkout, pictures: Path, typed: str, says: str
) -> None:
    _, url = checkout.begin(1, "UPI")
    browser.open(url)
    enter(browser, "upi", typed)
    browser.click("#pay")
    assert says in described(browser, "upi")
    assert (look(browser), browser.focus()) == ("open", "upi")
    assert browser.run("return document.getElementById('upi').getAttribute('aria-invalid')") == "true"
    browser.screenshot(pictures / f"upi-wrong-{browser.name}.png")
    assert not [address for address in browser.requests() if "simulate" in address]


def test_a_bank_that_takes_its_time_is_told_and_the_page_shows_its_answer(
    browser: Browser, checkout: Checkout, pictures: Path
) -> None:
    booking, url = checkout.begin(1, "NETBANKING")
    browser.open(url)
    pick(browser, "bank", "netbanking_late")
    browser.screenshot(pictures / f"bank-{browser.name}.png")
    browser.click("#pay")
    browser.until(lambda: look(browser) == "waiting")
    assert "The bank takes its time" in browser.text()
    checkout.hasten(url)
    browser.until(lambda: look(browser) == "paid")
    is_clean(browser, url)
    checkout.until(booking, "CONFIRMED")


@pytest.mark.parametrize("behaviour", ["pm_duplicate", "pm_never_answer"])
def test_a_test_behaviour_is_chosen_in_the_folded_part(desk: Browser, checkout: Checkout, behaviour: str) -> None:
    booking, url = checkout.begin(1, "UPI")
    desk.open(url)
    assert not shown(desk, "#behaviour")
    desk.click("#tests summary")
    pick(desk, "behaviour", behaviour)
    desk.click("#try")
    desk.until(lambda: look(desk) == "paid")
    checkout.until(booking, "CONFIRMED")
    assert checkout.payment(booking)["method"] == "UPI"


def test_every_way_can_be_taken_with_the_keyboard_alone(desk: Browser, checkout: Checkout) -> None:
    booking, url = checkout.begin(1)
    desk.open(url)
    desk.press(TAB)
    assert desk.focus() == "CARD"
    desk.press(DOWN)
    assert desk.focus() == "UPI" and shown(desk, "#upi")
    desk.press(DOWN)
    assert desk.focus() == "NETBANKING" and shown(desk, "#bank")
    desk.press(DOWN)
    desk.press(TAB)
    assert desk.focus() == "card"
    desk.press(DOWN)  # the card that asks for a code
    desk.press(TAB)
    assert desk.focus() == "pay"
    desk.press(ENTER)
    desk.until(lambda: look(desk) == "code")
    desk.type("123456")
    desk.press(ENTER)
    desk.until(lambda: look(desk) == "paid")
    checkout.until(booking, "CONFIRMED")


def test_the_folded_part_opens_with_the_keyboard(desk: Browser, checkout: Checkout) -> None:
    _, url = checkout.begin(1)
    desk.open(url)
    for _ in range(4):
        desk.press(TAB)
    assert desk.run("return document.activeElement.tagName") == "SUMMARY"
    desk.press(ENTER)
    for wanted in ("behaviour", "try", "decline"):
        desk.press(TAB)
        assert desk.focus() == wanted
    desk.press(SPACE)
    desk.until(lambda: look(desk) == "declined")


def test_every_control_has_a_name_and_is_large_enough_for_a_thumb(phone: Browser, checkout: Checkout) -> None:
    _, url = checkout.begin(1)
    phone.open(url)
    phone.click("#tests summary")
    found = phone.run(
        "return [...document.querySelectorAll('button, select, input, summary')].map(e => {"
        " const box = (e.closest('.way') || e).getBoundingClientRect();"
        " return [e.id || e.value || e.tagName,"
        " (e.labels && e.labels.length ? e.labels[0].textContent : e.textContent).trim(), box.width, box.height]})"
    )
    assert len(found) == 14
    assert [id_ for id_, name, _, _ in found if not name] == []
    assert [id_ for id_, _, width, height in found if width and (width < 44 or height < 44)] == []


def test_on_a_slow_line_the_page_says_that_it_asks_and_asks_once(
    phone: Browser, checkout: Checkout, pictures: Path
) -> None:
    booking, url = checkout.begin(1)
    phone.open(url)
    phone.line(latency_ms=1_500)
    try:
        for _ in range(3):
            phone.click("#pay")
        assert "One moment" in phone.text()
        assert (look(phone), phone.focus()) == ("open", "pay"), "who uses the keyboard stays where they are"
        phone.screenshot(pictures / f"slow-{phone.name}.png")
        phone.until(lambda: look(phone) == "paid")
    finally:
        phone.line()
    assert len([address for address in phone.requests() if "simulate" in address]) == 1
    checkout.until(booking, "CONFIRMED")


def test_where_the_line_is_cut_the_page_says_so_and_the_payment_can_be_tried_again(
    phone: Browser, checkout: Checkout
) -> None:
    booking, url = checkout.begin(1)
    phone.open(url)
    phone.line(offline=True)
    try:
        phone.click("#pay")
        phone.until(lambda: "cannot be reached" in phone.text())
    finally:
        phone.line()
    assert (look(phone), phone.focus()) == ("open", "result")
    phone.click("#pay")
    phone.until(lambda: look(phone) == "paid")
    checkout.until(booking, "CONFIRMED")


def test_a_line_that_is_cut_while_the_page_waits_loses_nothing(phone: Browser, checkout: Checkout) -> None:
    _, url = checkout.begin(1, "UPI")
    phone.open(url)
    enter(phone, "upi", "silent@test")
    phone.press(ENTER)
    phone.until(lambda: look(phone) == "waiting")
    phone.line(offline=True)
    try:
        phone.until(lambda: any("simulate" not in one and "ERR_INTERNET" in one for one in phone.complaints()))
        checkout.hasten(url)
    finally:
        phone.line()
    phone.until(lambda: look(phone) == "declined")
