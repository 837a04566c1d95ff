"""On a running system a ticket is a mail, which the mail server of one machine keeps as a file."""

from __future__ import annotations

import asyncio
import email
import re
from email.message import EmailMessage
from email.policy import default
from uuid import UUID, uuid4

import httpx

from services.notifications.preferences.domain import Links
from stack import mails
from stack.credentials import load
from stack.launcher import Stack
from tests.booking.papers import codes
from tests.patience import eventually
from tests.system.client import Client, Show, ok


async def test_who_has_verified_their_address_finds_a_mail_of_the_ticket_in_the_folder(
    stack: Stack, client: Client, show: Show
) -> None:
    address = f"{uuid4()}@example.com"

    def kept(subject: str) -> EmailMessage | None:
        for file in mails.folder(stack.settings).glob("*.eml"):
            mail = email.message_from_bytes(file.read_bytes(), policy=default)
            if address in str(mail["To"]) and subject in str(mail["Subject"]):
                assert isinstance(mail, EmailMessage)
                return mail
        return None

    who = {"email": address, "password": "correct horse battery", "name": "Asha"}
    user = ok(await client.ask("POST", "auth/register", who))
    [link] = re.findall(r"https?://\S+token=\S+", _text(await eventually(lambda: kept("verify"))))
    assert link.startswith(stack.public_url)
    async with httpx.AsyncClient(trust_env=False) as browser:
        page = await browser.get(link)
        assert 'data-page="verify"' in page.text and "form-action 'self'" in page.headers["content-security-policy"]
        done = await browser.post(link.partition("?")[0], data={"token": link.partition("token=")[2]})
    assert 'data-page="verified"' in done.text
    booking = await client.confirmed(show, user["id"], show.seats[:2])
    mail = await eventually(lambda: kept("tickets"))
    pdf, calendar = mail.iter_attachments()
    tickets = ok(await client.ask("GET", f"bookings/{booking['id']}/tickets", params={"userId": user["id"]}))["tickets"]
    held = [ok(await client.ask("GET", f"tickets/{each['id']}/code"))["code"] for each in tickets]
    assert codes(pdf.get_content()) == [[code] for code in held], "as a gate reads them from the picture of a page"
    assert booking["bookingNumber"] in calendar.get_content()
    text = _text(mail)
    assert booking["bookingNumber"] in text and stack.public_url in text


def _text(mail: EmailMessage) -> str:
    return str(mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]


async def test_a_ticket_waits_for_no_mail_and_is_told_once_notifications_is_back(
    stack: Stack, client: Client, show: Show
) -> None:
    user = str(uuid4())
    name = next(name for name in stack.names if name.startswith("notifications"))
    await asyncio.to_thread(stack.stop_one, name)
    try:
        await client.confirmed(show, user, show.seats[:2])
    finally:
        await asyncio.to_thread(stack.start_one, name)

    async def told() -> bool:
        listed = ok(await client.ask("GET", "notices", params={"userId": user}))["notices"]
        return [notice["kind"] for notice in listed] == ["CONFIRMED"]

    await eventually(told)


async def test_a_form_that_a_mail_program_posts_gives_reminders_up(stack: Stack, client: Client) -> None:
    user = str(uuid4())
    secret = load(stack.settings.data_dir / "credentials.json")["unsubscribe"]
    url = f"{stack.public_url}/api/v1/unsubscribe/{Links(secret.encode()).token(UUID(user))}"
    page = await client.http.get(url, headers={"accept-language": "hi"})
    assert page.status_code == 200 and page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<form method="post">' in page.text and "रिमाइंडर" in page.text
    assert ok(await client.ask("GET", "preferences", params={"userId": user}))["reminders"]
    done = await client.http.post(url, data={"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200 and "<form" not in done.text
    assert not ok(await client.ask("GET", "preferences", params={"userId": user}))["reminders"]
    assert (await client.http.post(url[:-1] + ("A" if url[-1] != "A" else "B"), data={})).status_code == 404
