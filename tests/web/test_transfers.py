"""A ticket that is bought in the shop goes to somebody who has no account yet, by a mail, and comes back."""

from __future__ import annotations

import email
import re
from email.message import EmailMessage
from email.policy import default
from uuid import uuid4

from stack import mails
from stack.launcher import Stack
from tests.web.conftest import Visitor, visiting
from tests.web.test_shop import choose, until


def buy(visitor: Visitor) -> str:
    """Have a visitor buy two tickets; return the address of the booking."""
    address, page, seats = choose(visitor, 2)
    held = visitor.send(address, page, seat=seats)
    booked = visitor.send(held.headers["location"].partition("?")[0], visitor.get(held.headers["location"]))
    pay = booked.headers["location"]
    begun = visitor.send(pay, visitor.get(pay).partition("/cancel")[0], method="CARD").headers["location"]
    session = begun.rpartition("/")[2]
    assert visitor.http.post(f"/api/v1/payments/simulate/{session}", json={"result": "SUCCESS"}).status_code == 200
    until(lambda: visitor.http.get(f"{pay}?back=1").status_code == 303)
    return pay.replace("/payment/", "/my-bookings/")


def mail_to(stack: Stack, address: str, subject: str) -> str:
    """Wait for a mail to an address; return its text."""
    found: list[str] = []

    def arrived() -> bool:
        for file in mails.folder(stack.settings).glob("*.eml"):
            mail = email.message_from_bytes(file.read_bytes(), policy=default)
            if address in str(mail["To"]) and subject in str(mail["Subject"]):
                assert isinstance(mail, EmailMessage)
                found.append(str(mail.get_body(("plain",)).get_content()))  # type: ignore[union-attr]
        return bool(found)

    until(arrived)
    return found[0]


def verify(stack: Stack, visitor: Visitor, address: str) -> None:
    """Follow the link of the mail that verifies an address."""
    [link] = re.findall(r"https?://\S+token=\S+", mail_to(stack, address, "verify"))
    done = visitor.http.post(link.partition("?")[0], data={"token": link.partition("token=")[2]})
    assert 'data-page="verified"' in done.text


def codes(page: str) -> list[str]:
    return re.findall(r'<img src="([^"]+\.svg)"', page)


def test_a_ticket_goes_to_somebody_else_by_a_mail_and_comes_back(stack: Stack, visitor: Visitor) -> None:
    visitor.register()
    mine = buy(visitor)
    page = visitor.get(mine)
    [ticket] = re.findall(r'<option value="([^"]+)"', page.partition('id="ticket"')[2].partition("</select>")[0])[:1]
    friend = f"{uuid4()}@example.com"
    before = visitor.http.get(next(each for each in codes(page) if ticket in each)).text
    wrong = visitor.send(f"{mine}/offers", page, ticket=ticket, name="Ravi", email="nobody")
    assert wrong.status_code == 409 and 'role="alert"' in wrong.text and 'value="Ravi"' in wrong.text
    # The form is sent twice, as by a double click: it offers once.
    for _ in range(2):
        sent = visitor.send(f"{mine}/offers", page, ticket=ticket, name="Ravi", email=friend)
        assert sent.status_code == 303, sent.text
    assert f"Offered to Ravi ({friend})" in visitor.get(mine)

    told = mail_to(stack, friend, "You are offered a ticket")
    [link] = re.findall(rf"{re.escape(stack.public_url)}(/transfers/\S+)", told)
    assert "Ravi" not in told and "Asha" not in told
    with visiting(stack) as other:
        assert other.http.get(link).headers["location"].startswith("/login?next=")
        other.register(friend)
        assert "not verified yet" in other.get(link, 404)
        verify(stack, other, friend)
        offered = other.get(link)
        assert "Accept the ticket" in offered and "Offered to you" in other.get("/transfers")
        assert f"Offered to Ravi ({friend})" in visitor.get(mine), "looking at it changes nothing"
        assert other.send(f"{link}/accept", offered).status_code == 303
        held = other.get(link)
        [code] = codes(held)
        assert 'class="only-print"' in held, "a page that is printed says which show it is for"
        after = other.http.get(code).text
        assert after != before and other.http.get(f"{mine}/tickets.pdf").content.startswith(b"%PDF")
        other.get(mine, 404)

        given = visitor.get(mine)
        assert "Given to Ravi" in given and friend not in given and ticket not in "".join(codes(given))
        visitor.get(f"{mine}/tickets/{ticket}.svg", 404)
        assert len(re.findall(r'type="checkbox" name="seat"', given)) == 1

        assert other.send(f"{link}/return", held).status_code == 303
        other.get(link, 404)
    again = visitor.get(mine)
    assert len(codes(again)) == 2 and "Given to" not in again
    assert visitor.http.get(f"{mine}/tickets/{ticket}.svg").text not in (before, after)


def test_an_offer_is_declined_or_taken_back(stack: Stack, visitor: Visitor) -> None:
    visitor.register()
    mine = buy(visitor)
    with visiting(stack) as other:
        friend = other.register()
        verify(stack, other, friend)
        page = visitor.get(mine)
        tickets = re.findall(r'<option value="([^"]+)"', page.partition('id="ticket"')[2].partition("</select>")[0])
        assert visitor.send(f"{mine}/offers", page, ticket=tickets[0], name="Ravi", email=friend).status_code == 303
        [link] = re.findall(r'href="(/transfers/[^"]+)"', other.get("/transfers"))
        assert other.send(f"{link}/decline", other.get(link)).headers["location"] == "/transfers"
        page = visitor.get(mine)
        assert visitor.send(f"{mine}/offers", page, ticket=tickets[1], name="Ravi", email=friend).status_code == 303
        page = visitor.get(mine)
        [withdraw] = re.findall(r'action="([^"]+/withdraw)"', page)
        assert visitor.send(withdraw, page).status_code == 303
        assert "Nobody offers you a ticket" in other.get("/transfers")
        page = visitor.get(mine)
        assert "/withdraw" not in page and "tickets.pdf" in page and "calendar.ics" in page
        for ticket in tickets:
            assert visitor.send(f"{mine}/offers", visitor.get(mine), ticket=ticket, name="Ravi", email=friend)
        for link in re.findall(r'href="(/transfers/[^"]+)"', other.get("/transfers")):
            assert other.send(f"{link}/accept", other.get(link)).status_code == 303
    page = visitor.get(mine)
    assert page.count("Given to Ravi") == 2, "who has passed all tickets on has none to show, print or give back"
    assert not any(text in page for text in ("Show the codes", "tickets.pdf", "calendar.ics", "Give seats back"))
