"""Organizers at work: signed in, with events of their own."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from stack import accounts, credentials
from stack.launcher import Stack
from stack.processes import wait_until
from tests.patience import patient
from tests.web.conftest import Visitor
from tests.web.test_shop import FREE

START = (datetime.now(UTC) + timedelta(days=40)).strftime("%Y-%m-%dT19:30")
"""When shows of these tests start, by the clocks of their venue."""


def sign_in(stack: Stack, visitor: Visitor, name: str = "organizer") -> None:
    """Sign in to one of the demo accounts."""
    password = credentials.load(stack.settings.data_dir / credentials.FILE)[f"demo-{name}"]
    answer = visitor.send("/login", visitor.get("/login"), email=accounts.email(name), password=password)
    assert answer.status_code == 303, answer.text


def form(page: str, action: str) -> str:
    """Return the part of a page that is the form which is sent to a path."""
    found = re.search(rf'<form[^>]*method="post"[^>]*action="{re.escape(action)}[^"]*".*?</form>', page, re.DOTALL)
    assert found, page
    return found[0]


def send(visitor: Visitor, at: str, action: str, **fields: Any) -> httpx.Response:
    """Send a form of a page, and return the answer."""
    page = form(visitor.get(at), action)
    [to, *_] = re.findall(r'action="([^"]+)"', page)
    return visitor.send(html.unescape(to), page, **fields)


def create(visitor: Visitor, title: str, **fields: Any) -> str:
    """Make a draft; return its id."""
    typed = {"title": title, "description": "Nine drummers.\n\nNo amplifier.", "category": "CONCERT"}
    typed |= {"minutes": "90", "language": "hi", "most": "", **fields}
    answer = send(visitor, "/organizer/events/create", "/organizer/events/create", **typed)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].split("/")[3]


def make_hall(visitor: Visitor, event: str, **fields: Any) -> str:
    """Make a hall at a new venue; return where a date in it is added."""
    typed = {"venue": "Lantern Rooms", "city": "Mumbai", "address": "", "zone": "", "hall": "Main", "venue_id": ""}
    typed |= {"rows": "3", "seats": "6", "vip": "0", "premium": "1", "places": "20", **fields}
    answer = send(visitor, f"/organizer/events/{event}/halls", f"/organizer/events/{event}/halls", **typed)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def add_show(visitor: Visitor, event: str, at: str, **fields: Any) -> None:
    """Add a date in a hall."""
    typed = {"start": START, "currency": "INR", "price-1": "450", "price-2": "799.50", "most": "4", **fields}
    answer = send(visitor, at, f"/organizer/events/{event}/shows/create", **typed)
    assert answer.status_code == 303, answer.text


def buy(visitor: Visitor, event: str, seats: int) -> str:
    """Buy seats of the event's one show; return where the booking is."""
    page = visitor.get(f"/booking/{event}")
    free = FREE.findall(page)[:seats]
    held = visitor.send(f"/booking/{event}", page, seat=free)
    assert held.status_code == 303, held.text
    order = visitor.get(held.headers["location"])
    booked = visitor.send(held.headers["location"].partition("?")[0], order)
    assert booked.status_code == 303, booked.text
    pay = booked.headers["location"]
    begun = visitor.send(pay, visitor.get(pay).partition("/cancel")[0], method="CARD")
    session = begun.headers["location"].rpartition("/")[2]
    paid = visitor.http.post(f"/api/v1/payments/simulate/{session}", json={"result": "SUCCESS"})
    assert paid.status_code == 200, paid.text
    assert wait_until(lambda: visitor.http.get(f"{pay}?back=1").status_code == 303, patient(10))
    return pay.replace("/payment/", "/my-bookings/")
