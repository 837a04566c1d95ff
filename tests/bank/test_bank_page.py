"""The checkout page: what it says, and what nobody can make it do."""

import base64
import hashlib
import json
import re
from datetime import UTC, datetime
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from boxoffice.bank.v1 import bank_pb2 as pb

from services.bank.domain.scenarios import SCENARIOS
from services.bank.domain.sessions import Session, SessionStatus
from services.bank.page import money, render
from services.bank.sessions import close
from tests.bank.support import Bank, refused
from tests.databases import move_clock


async def page(bank: Bank, session_id: str) -> tuple[str, dict[str, Any]]:
    call = bank.stub.GetCheckoutPage(pb.GetCheckoutPageRequest(session_id=session_id))
    answer = await call
    assert answer.content_type == "text/html; charset=utf-8"
    return answer.data.decode(), dict(await call.initial_metadata())


async def test_the_page_of_an_open_session_says_what_is_paid_and_how_to(bank: Bank):
    opened = await bank.open(amount=50_000, description="Monsoon Letters, Sat 21 Nov", items=["Stalls C7", "Stalls C8"])
    html, _ = await page(bank, opened.id)
    for text in ("Monsoon Letters, Sat 21 Nov", "<li>Stalls C7</li><li>Stalls C8</li>", "₹500.00", opened.id):
        assert text in html
    assert 'data-look="open"' in html
    [seconds] = re.findall(r'data-seconds="(\d+)"', html)
    assert 590 <= int(seconds) <= 600
    [upi] = re.findall(r'data-upi="([^"]*)"', html)
    offered = [*re.findall(r'<option value="(\w+)">', html), *json.loads(unescape(upi)).values()]
    assert sorted(offered) == sorted(SCENARIOS), "every behaviour can be chosen, once"
    assert re.findall(r'<button [^>]*id="(\w+)"', html) == ["pay", "confirm", "back", "try", "decline"]
    assert 'aria-live="polite"' in html
    assert 'name="viewport"' in html
    assert "$" not in html


@pytest.mark.parametrize("method", [None, *pb.Session.Method.values()[1:]])
async def test_what_the_customer_chose_is_offered_first(bank: Bank, method: pb.Session.Method.ValueType | None):
    opened = await bank.open(method=method)
    html, _ = await page(bank, opened.id)
    chosen = pb.Session.Method.Name(method or pb.Session.CARD)
    assert re.findall(r'value="([A-Z]+)" checked', html) == [chosen]
    assert re.findall(r'data-method="([A-Z]+)">', html) == [chosen], "the others are hidden"


@pytest.mark.parametrize(
    ("behaviour", "look", "words"),
    [
        ("card_3ds", "code", "they are always 123456"),
        ("upi_silent", "waiting", "The request is in your UPI app."),
        ("netbanking_late", "waiting", "The bank takes its time."),
        ("pm_late", "waiting", "The bank takes its time."),
    ],
)
async def test_the_page_of_a_session_that_waits_says_for_whom(bank: Bank, behaviour: str, look: str, words: str):
    opened = await bank.open()
    await bank.simulate(opened.id, behaviour)
    html, _ = await page(bank, opened.id)
    assert f'data-look="{look}"' in html
    assert words in html


async def test_the_page_of_a_payment_that_was_decided_names_it(bank: Bank):
    opened = await bank.open()
    paid = await bank.simulate(opened.id, "netbanking_succeed")
    html, _ = await page(bank, opened.id)
    assert f"Netbanking, reference {paid.gateway_payment_id}" in html


async def test_a_request_that_lapsed_is_told_so(bank: Bank):
    opened = await bank.open()
    await bank.simulate(opened.id, "upi_silent")
    await move_clock(bank.db, "61 s")
    await close.end_due(bank.db, bank.deliveries)
    html, _ = await page(bank, opened.id)
    assert 'data-look="declined"' in html
    assert "Nobody approved the request in your UPI app in time, and no money was taken." in html


async def test_no_field_takes_a_card_number(bank: Bank):
    """A real number can be given to nobody here: a card is chosen, and its behaviour's word is all that is sent."""
    html, _ = await page(bank, (await bank.open()).id)
    assert re.findall(r'<input[^>]*id="(\w+)"', html) == ["upi", "code"]
    assert not re.findall(r"<(?:input|textarea)[^>]*(?:cc-|card)|contenteditable", html)
    shown = re.findall(r'<option value="card_\w+">[^<]+: ([0-9 ]+)<', html)
    assert len(shown) == 3 and all(len(number) == 19 for number in shown)


@pytest.mark.parametrize(
    ("end", "look", "title"),
    [("pay", "paid", "Paid"), ("decline", "declined", "Declined"), ("close", "closed", "Closed")],
)
async def test_the_page_of_a_session_that_has_ended_says_so(bank: Bank, end: str, look: str, title: str):
    opened = await bank.open()
    await getattr(bank, end)(opened.id)
    html, _ = await page(bank, opened.id)
    assert f'data-look="{look}"' in html
    assert f"<strong>{title}</strong>" in html


async def test_the_page_of_a_session_whose_time_is_up_says_so(bank: Bank):
    opened = await bank.open(minutes=10)
    await move_clock(bank.db, "11 minutes")
    html, _ = await page(bank, opened.id)
    assert 'data-look="expired"' in html
    assert "no money was taken" in html


@pytest.mark.parametrize(
    "id_", ["", "sess_x", "sess_00000000-0000-7000-8000-000000000000", "<script>alert(1)</script>", "\0", "../../etc"]
)
async def test_an_unknown_session_has_a_page_too_that_repeats_nothing(bank: Bank, id_: str):
    html, headers = await page(bank, id_)
    assert 'data-look="unknown"' in html
    assert "There is no such checkout" in html
    assert "alert(1)" not in html
    assert "content-security-policy" in headers


async def test_title_date_and_venue_have_lines_of_their_own(bank: Bank):
    opened = await bank.open(description="Monsoon Letters\nSaturday, 19:30\nLantern House, Pune")
    html, _ = await page(bank, opened.id)
    assert "<h1>Monsoon Letters</h1>" in html
    assert '<p class="about">Saturday, 19:30\nLantern House, Pune</p>' in html


async def test_an_id_that_is_too_long_is_refused(bank: Bank):
    assert (await refused(page(bank, "x" * 101)))[1] == "INVALID_FIELD"


async def test_texts_from_outside_cannot_become_markup(bank: Bank):
    evil = "</h1><script>alert('x')</script><img src=x onerror=\"alert(1)\"> & $amount ${session}"
    opened = await bank.open(description=evil, items=[evil[:100], '"><b>'])
    html, _ = await page(bank, opened.id)
    assert html.count("<script>") == 1
    assert "<img" not in html
    assert "<b>" not in html
    assert "&lt;/h1&gt;&lt;script&gt;" in html
    assert "$amount ${session}" in html  # what looks like a place to fill stays as it was written


async def test_the_page_allows_its_own_script_and_style_and_nothing_else(bank: Bank):
    opened = await bank.open(description="<script>evil()</script>")
    html, headers = await page(bank, opened.id)
    policy = headers["content-security-policy"]
    for tag in ("script", "style"):
        [body] = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert f"'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert not re.findall(r"(?:src|href)=|url\(|@import| style=| on\w+=", html)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (50_000, "INR", "₹500.00"),
        (1, "INR", "₹0.01"),
        (123_456_789, "USD", "$1,234,567.89"),
        (500, "JPY", "¥500"),
        (1_234, "KWD", "KWD\u00a01.234"),
        (1_250, "CHF", "CHF\u00a012.50"),
        (10_500, "UGX", "UGX\u00a010,500"),
        (10_500, "IQD", "IQD\u00a010.500"),
        (10_500, "CLF", "CLF\u00a01.0500"),
        # A code that has left the list, or never was there: its minor unit is anybody's guess.
        (10_500, "DEM", "DEM\u00a010,500 minor units"),
        (2**31 - 1, "EUR", "€21,474,836.47"),
    ],
)
def test_amounts_are_written_as_people_do(amount: int, currency: str, text: str):
    assert money(amount, currency) == text


def test_the_page_leads_back_to_the_order_where_the_merchant_has_a_place_for_that() -> None:
    now = datetime.now(UTC)
    session = Session("sess_1", uuid4(), 100, "INR", "", (), SessionStatus.OPEN, 0, now, order_id='a b/"c')
    assert "Back to your booking" not in render(session, now)
    assert 'href="https://shop.example/payment/a%20b%2F%22c?back=1"' in render(
        session, now, "https://shop.example/payment/{order_id}?back=1"
    )
