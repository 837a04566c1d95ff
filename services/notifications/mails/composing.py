"""Mails in words: from templates, which are files, by language."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.chassis.values.currencies import money
from services.chassis.values.spoken import spoken
from services.notifications.mails.domain import Mail, line
from services.notifications.peers import AskedMail, Attachment, BookingInWords, Recipient

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"

LONGEST_SUBJECT = 150


class _Written(EmailPolicy):
    """How headers are written: words of other scripts in encoded words (RFC 2047), each of a line.

    EmailPolicy itself, as of Python 3.11, loses the space between two words where it begins a new line with the second,
    in one Hindi subject of ten (findings/subjects-lose-spaces.sh).
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return a header as it goes over the wire."""
        if str(value).isascii() or name not in ("Subject", "To", "From"):
            return super().fold_binary(name, value)
        address = "" if name == "Subject" else f"{self.linesep} <{value.addresses[0].addr_spec}>"
        words = str(value) if name == "Subject" else value.addresses[0].display_name
        encoded = Header(words, "utf-8", header_name=name).encode(linesep=self.linesep)
        return f"{name}: {encoded}{address}{self.linesep}".encode("ascii")


POLICY = _Written(linesep="\r\n", cte_type="7bit")
"""Every server takes 7-bit bytes as they are."""


class AddressUnusable(ValueError):
    """No mail server takes this address as it is written."""


class Composer:
    """Makes mails of facts, and those that other services ask for."""

    def __init__(self, *, sender: str, sender_name: str, public_url: str) -> None:
        """`sender` is the address that mails come from, `public_url` where the shop is."""
        self._from = Address(display_name=line(sender_name), addr_spec=sender)
        self._public_url = public_url
        loader = FileSystemLoader(TEMPLATES)
        options = {"loader": loader, "undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
        self._text = Environment(autoescape=False, **options)  # type: ignore[arg-type]
        self._html = Environment(autoescape=True, **options)  # type: ignore[arg-type]

    def compose(
        self,
        mail: Mail,
        booking: BookingInWords,
        to: Recipient,
        language: str,
        attachments: Sequence[Attachment] = (),
        unsubscribe: str = "",
    ) -> bytes:
        """Return a mail as it goes over the wire: the same bytes each time, so that a second one is known as such.

        `unsubscribe`: the token of the link by which this mail can be given up; empty: it has none. Raises
        AddressUnusable.
        """
        link = f"{self._public_url.rstrip('/')}/api/v1/unsubscribe/{unsubscribe}" if unsubscribe else ""
        words = self._words(mail, booking, to, language) | {"has_papers": bool(attachments), "unsubscribe": link}
        template, happened_at = mail.fact.kind.lower(), mail.fact.happened_at
        if mail.fact.offer_id is not None:
            template = f"held_{template}"
        return _unsubscribing(link) + self._message(mail.id, template, words, happened_at, to, language, attachments)

    def compose_asked(self, mail: AskedMail, language: str) -> bytes:
        """Return a mail that another service asks for; the same bytes each time. Raises AddressUnusable."""
        to = Recipient(mail.email, mail.name, is_verified=True)
        words: dict[str, object] = {"name": line(to.name), "link": self.link_of(mail), "public_url": self._public_url}
        if (offer := mail.offer) is not None:
            words |= {
                "title": line(offer.title),
                "place": ", ".join(line(part) for part in (offer.venue, offer.city) if part),
                "starts": spoken(offer.starts_at, offer.time_zone, language),
                "until": spoken(offer.expires_at, offer.time_zone, language),
                "seat": line(offer.seat),
            }
        return self._message(mail.id, mail.kind.lower(), words, mail.asked_at, to, language)

    def link_of(self, mail: AskedMail) -> str:
        """Return the address of the page that a mail leads to, at the shop, whoever asked; empty: there is none."""
        if mail.offer is not None:
            return f"{self._public_url.rstrip('/')}/transfers/{mail.id}"
        page = f"{self._public_url.rstrip('/')}/api/v1/auth/account-page"
        return f"{page}?token={mail.token}" if mail.token else ""

    def _message(
        self,
        id_: UUID,
        template: str,
        words: Mapping[str, object],
        written_at: datetime,
        to: Recipient,
        language: str,
        attachments: Sequence[Attachment] = (),
    ) -> bytes:
        said = self._text.get_template(f"{language}/{template}.txt").render(words)
        subject, _, body = said.partition("\n")
        body = body.strip("\n") + "\n"
        message = EmailMessage(policy=POLICY)
        message["From"] = self._from
        message["To"] = Address(display_name=line(to.name), addr_spec=ascii_address(to.email))
        message["Subject"] = line(subject)[:LONGEST_SUBJECT]
        message["Date"] = format_datetime(written_at)
        message["Message-ID"] = f"<{id_}@{self._from.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body)
        paragraphs = [paragraph.split("\n") for paragraph in body.strip("\n").split("\n\n")]
        page = {
            "subject": line(subject),
            "paragraphs": paragraphs,
            "language": language,
            "public_url": self._public_url,
            # Where a line is one of these and nothing else: what people write is never a link.
            "links": {words.get("link"), words.get("unsubscribe"), self._public_url} - {None, ""},
        }
        message.add_alternative(self._html.get_template("mail.html").render(page), subtype="html")
        # What a part is divided by is else drawn anew each time.
        message.set_boundary(f"={id_.hex}=")
        if attachments:
            for one in attachments:
                kind, _, of = one.content_type.partition("/")
                # A reader would take a text for ASCII, and a calendar without a method for one to be asked about.
                params = {"charset": "utf-8", "method": "PUBLISH"} if kind == "text" else None
                message.add_attachment(one.data, maintype=kind, subtype=of, filename=one.name, params=params)
            message.set_boundary(f"={id_.hex}=papers=")
        # Only now: what is said of the content goes to its first part.
        message["Content-Language"] = language
        return message.as_bytes()

    def _words(self, mail: Mail, booking: BookingInWords, to: Recipient, language: str) -> dict[str, object]:
        fact = mail.fact
        starts_at = fact.starts_at or booking.starts_at
        return {
            "name": line(to.name),
            "number": line(booking.number),
            "title": line(booking.title),
            "place": ", ".join(line(part) for part in (booking.venue, booking.city) if part),
            "screen": line(booking.screen),
            "starts": spoken(starts_at, booking.time_zone, language),
            "seats": ", ".join(map(line, booking.seats)),
            "until": spoken(booking.pay_until, booking.time_zone, language) if booking.pay_until else "",
            "amount": money(fact.amount, fact.currency or "") if fact.amount else "",
            "public_url": self._public_url,
            "link": f"{self._public_url.rstrip('/')}/transfers/{fact.offer_id}" if fact.offer_id else "",
        }


def _unsubscribing(link: str) -> bytes:
    """Return the headers by which mail programs offer to give this mail up, with one click (RFC 8058).

    They stand before those that EmailMessage writes, which would break so long a link into words.
    """
    if not link:
        return b""
    return f"List-Unsubscribe: <{link}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode("ascii")


def ascii_address(email: str) -> str:
    """Return an address with its domain in ASCII; raise AddressUnusable where it is none that a header can have."""
    local, _, domain = email.rpartition("@")
    try:
        local.encode("ascii")
        written = f"{local}@{domain.encode('idna').decode()}"
        Address(addr_spec=written)
    except (ValueError, MessageError, LookupError, AttributeError) as error:  # the last one by the parser, at `a@[`
        raise AddressUnusable() from error
    return written
