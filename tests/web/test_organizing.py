"""An event from its title to the shop, as an organizer without scripts makes it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import BytesIO
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
from aiohttp import web
from PIL import Image

from examples.halls.halls import club
from stack.launcher import Stack
from stack.processes import wait_until
from tests.patience import patient
from tests.web.conftest import Visitor, visiting
from tests.web.organizing import START, add_show, buy, create, form, make_hall, send, sign_in
from tests.web.test_shop import cookies_of, session_of


def png(number: int = 1) -> bytes:
    """Return a picture of more than 256 KiB, which is what other forms may have: the same of the same number."""
    file = BytesIO()
    Image.frombytes("RGB", (330, 280), Random(number).randbytes(330 * 280 * 3)).save(file, "PNG")
    assert len(file.getvalue()) > 256 * 1024
    return file.getvalue()


def upload(visitor: Visitor, event: str, picture: bytes, alt: str = "Nine drummers") -> httpx.Response:
    """Send a picture with its form."""
    page = form(visitor.get(f"/organizer/events/{event}/edit?step=pictures"), f"/organizer/events/{event}/pictures")
    [word] = re.findall(r'name="word" value="([^"]+)"', page)
    files: Any = {"word": (None, word), "alt": (None, alt), "file": ("poster.png", picture, "image/png")}
    return visitor.http.post(f"/organizer/events/{event}/pictures", files=files)


def test_an_event_is_made_step_by_step_and_found_once_it_is_published(stack: Stack, visitor: Visitor) -> None:
    sign_in(stack, visitor)
    event = create(visitor, "Nine Rivers Again")
    add_show(visitor, event, make_hall(visitor, event))
    dates = visitor.get(f"/organizer/events/{event}/edit?step=dates")
    assert "₹450.00" in dates and "₹799.50" in dates

    assert upload(visitor, event, b"no picture").status_code == 409
    assert upload(visitor, event, png()).status_code == 303
    page = visitor.get(f"/organizer/events/{event}/edit?step=pictures")
    [source] = re.findall(r'<img src="([^"]+)" alt="Nine drummers"', page)
    assert visitor.http.get(source).content[8:12] == b"WEBP"
    with visiting(stack) as other:
        other.register()
        other.get(f"/events/{event}", 404)
        other.get(f"/organizer/events/{event}/edit", 404)
        other.get(source, 404)

        answer = send(visitor, f"/organizer/events/{event}/edit?step=publish", f"/organizer/events/{event}/publish")
        assert answer.status_code == 303
        assert "Nine Rivers Again" in other.get("/events?q=Nine+Rivers+Again")
        assert "₹799.50" in other.get(f"/events/{event}")
        other.get(f"/organizer/events/{event}/edit", 403)
    assert "0 of 38 seats sold" in visitor.get("/organizer/dashboard")


def shows_of(visitor: Visitor, event: str) -> list[str]:
    """Return the addresses of an event's shows."""
    page = visitor.get(f"/organizer/events/{event}/edit?step=dates")
    return re.findall(r'<h2><a href="(/organizer/shows/[^"]+)"', page)


def test_what_is_wrong_stands_at_its_field_and_nothing_that_was_typed_is_lost(stack: Stack, visitor: Visitor) -> None:
    sign_in(stack, visitor)
    typed = {"title": "", "minutes": "0", "language": "xx-nowhere", "description": "Kept", "category": "SPORT"}
    refused = send(visitor, "/organizer/events/create", "/organizer/events/create", **typed, most="101")
    assert refused.status_code == 400
    for name in ("title", "minutes", "language", "most"):
        assert f'href="#f-{name}"' in refused.text and f'id="{name}-wrong"' in refused.text, name
    assert "Kept</textarea>" in refused.text and '<option value="SPORT" selected' in refused.text

    event = create(visitor, "Exact sums")
    path = f"/organizer/events/{event}/edit"
    stale = form(visitor.get(f"{path}?step=what"), path)
    assert visitor.send(path, stale, title="Exact sums again").status_code == 303
    late = visitor.send(path, stale, description="Of another tab")
    assert late.status_code == 400 and "somebody else saved this" in late.text and "Of another tab" in late.text
    at = make_hall(visitor, event, venue="Exact Rooms", city="Berlin", zone="Europe/Berlin", premium="0")
    venue = parse_qs(urlsplit(at).query)["venue"][0]
    elsewhere = visitor.get(f"/organizer/events/{event}/halls?city=Nowhere&venue={venue}")
    assert f'<option value="{venue}" selected' in elsewhere, "a venue of one's own that is on another page"
    typed = {"start": "2027-03-28T02:30", "currency": "KWD", "price-1": "1.2345", "sales_end": "soon", "most": ""}
    refused = send(visitor, at, f"/organizer/events/{event}/shows/create", **typed)
    assert refused.status_code == 400
    for name in ("start", "price-1", "sales_end"):
        assert f'id="{name}-wrong"' in refused.text, name
    assert 'value="1.2345"' in refused.text and '<option value="KWD" selected' in refused.text
    add_show(visitor, event, at, **{"start": "2027-07-01T19:30", "currency": "KWD", "price-1": "1.23"})
    [show] = shows_of(visitor, event)
    assert 'value="1.230"' in visitor.get(show)
    # A hall of a file, which a plan that is none is not.
    page = form(visitor.get(f"/organizer/events/{event}/halls"), f"/organizer/events/{event}/halls/file")
    [word], [venue, *_] = (
        re.findall(r'name="word" value="([^"]+)"', page),
        re.findall(r'<option value="([^"]{36})', page),
    )
    for plan, status in (b"{}", 400), (json.dumps(club()).encode(), 303):
        files: Any = {"word": (None, word), "venue_id": (None, venue), "file": ("hall.json", plan, "application/json")}
        sent = visitor.http.post(f"/organizer/events/{event}/halls/file", files=files)
        assert sent.status_code == status, sent.text
    assert "Price of a premium seat" in visitor.get(sent.headers["location"])
    # Nobody else is in the hall then: the same time again is refused, at its field.
    clash = {"start": "2027-07-01T20:00", "currency": "JPY", "price-1": "12"}
    refused = send(visitor, at, f"/organizer/events/{event}/shows/create", **clash)
    assert refused.status_code == 400 and 'id="start-wrong"' in refused.text
    refused = send(visitor, show, f"{show}/prices", **{"price-1": "12,5"})
    assert refused.status_code == 409 and 'value="12,5"' in refused.text and 'id="price-1-wrong"' in refused.text


def test_a_show_gets_other_prices_sales_times_and_fees(stack: Stack, visitor: Visitor) -> None:
    sign_in(stack, visitor)
    event = create(visitor, "Fees and times")
    add_show(visitor, event, make_hall(visitor, event, venue="Fee Rooms"))
    [show] = shows_of(visitor, event)
    before = visitor.get(show)
    prices = {"price-1": "500", "price-2": "900"}
    for _ in range(2):  # a form that is sent twice is saved
        assert visitor.send(f"{show}/prices", form(before, f"{show}/prices"), **prices).status_code == 303
    # A form of before, such as that of another tab, takes nothing back unseen.
    late = visitor.send(f"{show}/prices", form(before, f"{show}/prices"), **{"price-1": "450", "price-2": "800"})
    assert late.status_code == 409 and "somebody else saved this" in late.text and 'value="500.00"' in visitor.get(show)
    assert visitor.send(f"{show}/prices", form(late.text, f"{show}/prices"), **prices).status_code == 303
    ends = START.replace("T19:30", "T12:00")
    assert send(visitor, show, f"{show}/sales", sales_start="", sales_end=ends).status_code == 303
    fee = {"fee-0": "Booking fee", "fee-0-amount": "10.50", "fee-0-share": "2.5", "fee-0-per": "ORDER"}
    assert send(visitor, show, f"{show}/fees", **fee, **{"fee-0-back": "1"}).status_code == 303
    page = visitor.get(show)
    assert re.search(r'name="fee-0-back" value="1" checked', page)
    refused = visitor.send(f"{show}/fees", form(before, f"{show}/fees"), **fee | {"fee-0-share": "3"})
    assert refused.status_code == 409 and "somebody else saved this" in refused.text
    more = {f"fee-{n}": f"Fee {n}" for n in range(4)}
    refused = visitor.send(f"{show}/fees", form(before, f"{show}/fees"), **more)
    assert 'name="fee-3" type="text" value="Fee 3"' in refused.text, "none of those that were typed is lost"
    refused = send(visitor, show, f"{show}/fees", **fee | {"fee-0-amount": "", "fee-0-share": ""})
    assert refused.status_code == 409 and 'id="fee-0-amount-wrong"' in refused.text
    assert 'name="fee-0-back" value="1" checked' not in refused.text, "it was unticked"
    for value in ("500.00", "900.00", ends, "Booking fee", "10.50", "2.5"):
        assert f'value="{value}"' in page, value
    assert '<option value="ORDER" selected' in page
    assert send(visitor, show, f"{show}/fees", **fee | {"fee-0": ""}).status_code == 303
    assert "Booking fee" not in visitor.get(show)
    assert send(visitor, show, f"{show}/sales", sales_start="", sales_end="").status_code == 303
    page = visitor.get(show)
    assert ends not in page and f'value="{START}"' in page, "an end that is emptied is the start"
    signed_out = httpx.post(f"{stack.public_url}{show}/prices", headers={"referer": f"{stack.public_url}{show}"})
    assert signed_out.headers["location"] == f"/login?next={show}", "a page, not what takes the form"


def test_a_show_is_moved_and_cancelled_after_a_look_at_whom_that_concerns(stack: Stack, visitor: Visitor) -> None:
    sign_in(stack, visitor)
    event = create(visitor, "Moved and cancelled")
    add_show(visitor, event, make_hall(visitor, event, venue="Moving Rooms"))
    [show] = shows_of(visitor, event)
    send(visitor, f"/organizer/events/{event}/edit?step=publish", f"/organizer/events/{event}/publish")
    with visiting(stack) as buyer:
        buyer.register()
        bought = buy(buyer, event, 2)
        assert "2 of 38 seats sold" in visitor.get(show) and "₹1,599.00" in visitor.get(show)

        later = START.replace("T19:30", "T21:00")
        seen = send(visitor, f"{show}/reschedule", f"{show}/reschedule", start=later)
        assert seen.status_code == 200 and "₹1,599.00" in seen.text and "<dd>2</dd>" in seen.text
        moved = visitor.send(f"{show}/reschedule", form(seen.text, f"{show}/reschedule"))
        again = visitor.send(f"{show}/reschedule", form(seen.text, f"{show}/reschedule"))
        assert (moved.status_code, again.status_code) == (303, 303), again.text
        other = form(seen.text, f"{show}/reschedule").replace(later, later.replace("T21", "T22"))
        assert "somebody else changed its times" in visitor.send(f"{show}/reschedule", other).text
        assert f'value="{later}"' in visitor.get(f"{show}/reschedule")

        stale = visitor.get(f"{show}/cancel")
        assert "₹1,599.00" in stale
        buy(buyer, event, 1)
        refused = visitor.send(f"{show}/cancel", form(stale, f"{show}/cancel"), reason="The drummers are ill")
        assert refused.status_code == 409 and "₹2,398.50" in refused.text
        assert 'value="The drummers are ill"' in refused.text
        gone = visitor.send(f"{show}/cancel", form(refused.text, f"{show}/cancel"), reason="The drummers are ill")
        assert gone.headers["location"] == f"{show}/cancellation", gone.text
        assert wait_until(lambda: "Done: no ticket is left" in visitor.get(f"{show}/cancellation"), patient(20))
        assert wait_until(lambda: "Given back" in buyer.get(bought), patient(10))


def test_a_whole_event_is_cancelled_with_its_dates(stack: Stack, visitor: Visitor) -> None:
    sign_in(stack, visitor)
    event = create(visitor, "A film", category="MOVIE")
    at = make_hall(visitor, event, venue="Film Rooms", premium="0")
    for hour in ("T12:00", "T19:30"):
        add_show(visitor, event, at, start=START.replace("T19:30", hour))
    assert len(shows_of(visitor, event)) == 2
    send(visitor, f"/organizer/events/{event}/edit?step=publish", f"/organizer/events/{event}/publish")
    path = f"/organizer/events/{event}"
    assert visitor.http.get(f"{path}/cancellation").headers["location"] == f"{path}/cancel"
    assert "With all of its 2 dates" in visitor.get(f"{path}/cancel")
    gone = send(visitor, f"{path}/cancel", f"{path}/cancel", reason="No projector")
    assert gone.headers["location"] == f"{path}/cancellation", gone.text
    assert wait_until(lambda: "Done: no ticket is left" in visitor.get(f"{path}/cancellation"), patient(20))
    assert 'id="todo"' not in visitor.get("/organizer/dashboard?state=cancelled"), "nothing is to be done for it"


def test_a_show_is_sold_by_a_seller_with_tax(stack: Stack, visitor: Visitor) -> None:
    admin = {"authorization": f"Bearer {stack.load_accounts()['admin'].token}"}
    rule = {"category": "TICKETS", "basisPoints": 1800, "sacCode": "999614", "validFrom": "2020-01-01T00:00:00Z"}
    made = visitor.http.put(f"/api/v1/tax-rules/{uuid4()}", json=rule, headers=admin)
    assert made.status_code == 200, made.text
    sign_in(stack, visitor)
    event = create(visitor, "Taxed")
    add_show(visitor, event, make_hall(visitor, event, venue="Tax Rooms"))
    [show] = shows_of(visitor, event)
    assert "sold without tax" in visitor.get(f"{show}/tax")
    seller = {"legal_name": "Lantern Events", "address": "4 Tamarind Lane", "country": "IN", "state": "27"}
    refused = send(visitor, f"{show}/tax", f"{show}/sellers", **seller, tax_number="27AAPFU0939F1ZX")
    assert refused.status_code == 409 and 'id="tax_number-wrong"' in refused.text
    assert send(visitor, f"{show}/tax", f"{show}/sellers", **seller, tax_number="27AAPFU0939F1ZV").status_code == 303
    [one] = re.findall(r'<option value="([0-9a-f-]{36})"', visitor.get(f"{show}/tax"))
    said = {"seller": one, "category": "TICKETS", "place": "27", "included": "1"}
    assert send(visitor, f"{show}/tax", f"{show}/tax", **said).status_code == 303
    page = visitor.get(f"{show}/tax")
    assert "sold without tax" not in page and 'value="1" checked' in page


def test_a_role_sees_what_it_may_do_and_is_told_who_may_do_the_rest(stack: Stack, visitor: Visitor) -> None:
    sign_in(stack, visitor)
    event = create(visitor, "Seen by the till")
    [organization] = set(re.findall(r"organization=([0-9a-f-]{36})", visitor.get("/organizer/events/create")))
    session = session_of(stack, visitor)
    bearer = {"authorization": f"Bearer {session.access_token}"}
    with visiting(stack) as other:
        email = other.register()
        assert "/organizer/dashboard" not in other.get("/")
        assert "Were you added just now?" in other.get("/organizer/dashboard")
        path = f"/api/v1/organizations/{organization}/members"
        added = visitor.http.post(path, json={"email": email, "role": "FINANCE"}, headers=bearer)
        assert added.status_code == 200, added.text
        assert send(other, "/organizer/dashboard", "/organizer/refresh").status_code == 303
        page = other.get("/organizer/dashboard")
        assert "Seen by the till" in page and "Sales of the events below" in page and "/events/create" not in page
        for path in (f"/organizer/events/{event}/edit", f"/organizer/events/create?organization={organization}"):
            assert "Owner" in other.get(path, 403), path
        refused = other.send(f"/organizer/events/{event}/publish", form(page, "/organizer/refresh"))
        assert refused.status_code == 403


def test_an_organization_is_made_by_an_organizer_and_begins_with_a_first_step(stack: Stack, visitor: Visitor) -> None:
    sign_in(stack, visitor, "admin")
    made = send(visitor, "/organizer/dashboard", "/organizer/organizations/create", name="The Empty Stage")
    assert made.status_code == 303, made.text
    page = visitor.get(made.headers["location"])
    assert "The Empty Stage" in page and "Your first event" in page


def test_who_looks_again_with_a_token_that_ends_is_carried_on_by_one_step(stack: Stack, visitor: Visitor) -> None:
    sign_in(stack, visitor, "admin")
    create_one = "/organizer/organizations/create"
    for at, action, name in (("/organizer/dashboard", "/organizer/refresh", ""), (create_one, create_one, "Late Tab")):
        page = form(visitor.get(at), action)
        before, response = session_of(stack, visitor), web.Response()
        cookies_of(stack).write(response, replace(before, access_token="", good_until=0.0))
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
        ending = {"cookie": f"session={response.cookies['session'].value}"}
        sent = visitor.http.post(action, data={**hidden, "name": name}, headers=ending)
        assert sent.status_code == 303, sent.text
        # A second tab still sends the first token.
        again = visitor.http.post("/api/v1/auth/refresh", json={"refreshToken": before.refresh_token})
        assert again.status_code == 200, again.text


def test_a_picture_is_taken_of_nobody_who_has_no_word_and_a_large_one_is_refused(
    stack: Stack, visitor: Visitor
) -> None:
    sign_in(stack, visitor)
    event = create(visitor, "Pictures")
    files: Any = {"alt": (None, "A stage"), "file": ("poster.png", png(), "image/png")}
    assert visitor.http.post(f"/organizer/events/{event}/pictures", files=files).status_code == 403
    refused = upload(visitor, event, bytes(8 * 1024 * 1024 + 1))
    assert refused.status_code == 409 and "more than 8 MB" in refused.text
    for _ in range(2):
        assert upload(visitor, event, png(), alt="One stage").status_code == 303
    assert upload(visitor, event, png(2), alt="Another").status_code == 303
    page = visitor.get(f"/organizer/events/{event}/edit?step=pictures")
    first, second = re.findall(rf'action="(/organizer/events/{event}/pictures/[^"]+)"', page)
    assert visitor.send(second, form(page, second), do="first").status_code == 303
    page = visitor.get(f"/organizer/events/{event}/edit?step=pictures")
    assert page.index("Another") < page.index("One stage")
    assert visitor.send(first, form(page, first), do="delete").status_code == 303
    assert "One stage" not in visitor.get(f"/organizer/events/{event}/edit?step=pictures")
