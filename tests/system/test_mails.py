"""On a running system a ticket is a mail, which the mail server of one machine keeps as a file."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default
from uuid import uuid4

from stack import mails
from stack.launcher import Stack
from tests.booking.papers import codes
from tests.patience import eventually
from tests.system.client import Client, Show, ok
from tests.system.databases import connected


async def test_who_has_a_verified_address_finds_a_mail_of_the_ticket_in_the_folder(
    stack: Stack, client: Client, show: Show
) -> None:
    address = f"{uuid4()}@example.com"
    who = {"email": address, "password": "correct horse battery", "name": "Asha"}
    user = ok(await client.ask("POST", "auth/register", who))
    with connected(stack.server, "identity") as connection:
        connection.execute("UPDATE users SET email_verified_at = now() WHERE id = %s", (user["id"],))
    booking = await client.confirmed(show, user["id"], show.seats[:2])

    def kept() -> EmailMessage | None:
        for file in mails.folder(stack.settings).glob("*.eml"):
            mail = email.message_from_bytes(file.read_bytes(), policy=default)
            if address in str(mail["To"]):
                assert isinstance(mail, EmailMessage)
                return mail
        return None

    mail = await eventually(kept)
    pdf, calendar = mail.iter_attachments()
    tickets = ok(await client.ask("GET", f"bookings/{booking['id']}/tickets", params={"userId": user["id"]}))["tickets"]
    held = [ok(await client.ask("GET", f"tickets/{each['id']}/code"))["code"] for each in tickets]
    assert codes(pdf.get_content()) == [[code] for code in held], "as a gate reads them from the picture of a page"
    assert booking["bookingNumber"] in calendar.get_content()
    text = mail.get_body(("plain",)).get_content()
    assert booking["bookingNumber"] in text and stack.public_url in text
