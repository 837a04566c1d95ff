"""Mails about accounts: taken of identity, sent, and said what came of each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import grpc
import pytest
from boxoffice.booking.v1 import transfers_pb2, transfers_pb2_grpc
from boxoffice.identity.v1 import account_mails_pb2 as pb
from boxoffice.identity.v1 import account_mails_pb2_grpc

from services.chassis.errors import Unauthenticated
from services.notifications.clients import IdentityClient, OfferClient
from services.notifications.mails.asked import AskedMails
from services.notifications.mails.composing import Composer
from services.notifications.mails.delivery import Server
from tests.notifications.mail_server import MailServer, mail_server
from tests.servers import served

SENDER = "tickets@boxoffice.example"
TOKEN = "IjPXZrvMBfZaz7ORxrO8gr6oNKgUEQHKu3TO_x6cPz8"
ASKED_AT = datetime(2026, 6, 1, 18, tzinfo=UTC)
Kind = pb.AccountMail.Kind
ALL = (
    *(Kind.VERIFICATION, Kind.PASSWORD_RESET, Kind.EMAIL_CHANGE),
    *(Kind.PASSWORD_CHANGED, Kind.EMAIL_CHANGED),
)


@dataclass
class Desk(account_mails_pb2_grpc.AccountMailServiceServicer):
    """Identity, which has these mails sent."""

    waiting: list[pb.AccountMail] = field(default_factory=list)
    finished: list[tuple[int, str, str]] = field(default_factory=list)
    """Attempt, outcome and reason of each."""
    tells_services: bool = True

    def ask(self, kind: int, email: str = "ann@example.com", name: str = "Ann <b>&</b>", **more: Any) -> None:
        token = "" if kind in ALL[3:] else TOKEN
        mail = pb.AccountMail(id=str(uuid4()), kind=kind, email=email, name=name, token=token, **more)  # type: ignore[arg-type]
        mail.asked_at.FromDatetime(ASKED_AT)
        self.waiting.append(mail)

    async def ClaimAccountMails(self, request: Any, context: Any) -> Any:
        if not self.tells_services:
            raise Unauthenticated()
        taken, self.waiting = self.waiting[: request.limit], self.waiting[request.limit :]
        return pb.ClaimAccountMailsResponse(mails=taken)

    async def FinishAccountMail(self, request: Any, context: Any) -> Any:
        outcome = pb.FinishAccountMailRequest.Outcome.Name(request.outcome)
        self.finished.append((request.attempts, outcome, request.reason))
        return pb.FinishAccountMailResponse()


@dataclass
class House:
    desk: Desk
    server: MailServer
    channel: grpc.aio.Channel

    async def send(self, language: str = "en", *, without_server: bool = False) -> None:
        server = Server("127.0.0.1", self.server.port, "none", "", "", SENDER, 5)
        composer = Composer(sender=SENDER, sender_name="Boxoffice", public_url="https://tickets.example/shop")
        mails = AskedMails(IdentityClient(self.channel), composer, None if without_server else server, language)
        while await mails.send_once():
            pass


@pytest.fixture
async def house() -> AsyncIterator[House]:
    desk = Desk()

    def add(server: grpc.aio.Server) -> None:
        account_mails_pb2_grpc.add_AccountMailServiceServicer_to_server(desk, server)

    async with served(add) as channel, mail_server() as server:
        yield House(desk, server, channel)


async def test_each_mail_about_an_account_has_its_words_and_link_in_each_language(house: House) -> None:
    link = f"https://tickets.example/shop/api/v1/auth/account-page?token={TOKEN}"
    for language, subjects in (
        (
            "en",
            [
                *("Please verify your e-mail address", "Set a new password", "Please confirm your new e-mail address"),
                *("Your password was changed", "Your account has another e-mail address"),
            ],
        ),
        (
            "hi",
            [
                *("कृपया अपना ईमेल पता सत्यापित करें", "नया पासवर्ड चुनें", "कृपया अपने नए ईमेल पते की पुष्टि करें"),
                *("आपका पासवर्ड बदला गया है", "आपके खाते का ईमेल पता बदल गया है"),
            ],
        ),
    ):
        house.server.got.clear()
        for kind in ALL:
            house.desk.ask(kind, attempts=1)
        await house.send(language)
        assert [mail["Subject"] for mail in house.server.mails] == subjects
        for mail in house.server.mails:
            text, page = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
            has_link = mail["Subject"] not in subjects[3:]
            assert (link in text.split(), f'<a href="{link}">{link}</a>' in page) == (has_link, has_link)
            assert "Ann <b>&</b>" in text and "Ann &lt;b&gt;&amp;&lt;/b&gt;" in page
            assert "token" not in str(mail["Message-ID"]) and mail["Auto-Submitted"] == "auto-generated"
    assert house.desk.finished == [(1, "SENT", "")] * 10


async def test_a_second_attempt_has_the_same_bytes(house: House) -> None:
    house.desk.ask(Kind.PASSWORD_RESET, attempts=1)
    [mail] = house.desk.waiting
    house.server.behaviours.append("drop")
    await house.send()
    house.desk.waiting = [pb.AccountMail.FromString(mail.SerializeToString())]
    house.desk.waiting[0].attempts = 2
    house.desk.waiting[0].may_be_there = True
    await house.send()
    assert [outcome for _, outcome, _ in house.desk.finished] == ["UNKNOWN", "SENT"]
    assert house.server.got[0] == house.server.got[1]


async def test_what_cannot_be_sent_is_told_with_a_reason_and_no_address(house: House) -> None:
    house.desk.ask(Kind.VERIFICATION, attempts=1, email="müller@example.com")
    await house.send()
    house.desk.ask(Kind.VERIFICATION, attempts=1)
    await house.send(without_server=True)
    house.desk.ask(Kind.VERIFICATION, attempts=1)
    house.server.at_recipient.append("550 ann@example.com is nobody")
    await house.send()
    house.desk.ask(Kind.VERIFICATION, attempts=3)
    await house.server.stop()
    await house.send()
    assert [finished[:2] for finished in house.desk.finished] == [
        *((1, "SKIPPED"), (1, "SKIPPED")),
        *((1, "DEAD"), (3, "LATER")),
    ]
    assert not [reason for *_, reason in house.desk.finished if "@" in reason or not reason]


async def test_a_mail_that_cannot_be_made_holds_up_no_other(house: House) -> None:
    house.desk.ask(Kind.VERIFICATION, attempts=1, email="ann@[")  # which breaks what reads addresses
    for unknown in (Kind.KIND_UNSPECIFIED, 99):  # as code of a later release asks for
        house.desk.ask(unknown, attempts=1)
    house.desk.ask(Kind.PASSWORD_RESET, attempts=1)
    await house.send()
    assert [mail["To"] for mail in house.server.mails] == ['"Ann <b>&</b>" <ann@example.com>']
    assert sorted(house.desk.finished) == [
        *((1, "LATER", "NOT_MADE"), (1, "LATER", "NOT_MADE")),
        *((1, "SENT", ""), (1, "SKIPPED", "ADDRESS_UNUSABLE")),
    ]


async def test_where_auth_is_off_there_are_none(house: House) -> None:
    house.desk.tells_services = False
    house.desk.ask(Kind.VERIFICATION, attempts=1)
    await house.send()
    assert (house.desk.finished, house.server.got) == ([], [])


@dataclass
class Offers(transfers_pb2_grpc.TransferServiceServicer):
    """Booking, which has these mails about offers sent."""

    waiting: list[transfers_pb2.OfferMail] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)

    async def ClaimOfferMails(self, request: Any, context: Any) -> Any:
        taken, self.waiting = self.waiting, []
        return transfers_pb2.ClaimOfferMailsResponse(mails=taken)

    async def FinishOfferMail(self, request: Any, context: Any) -> Any:
        self.finished.append(transfers_pb2.FinishOfferMailRequest.Outcome.Name(request.outcome))
        return transfers_pb2.FinishOfferMailResponse()


async def test_an_offer_of_a_ticket_is_told_with_a_link_and_nothing_that_its_maker_wrote() -> None:
    offers = Offers()
    composer = Composer(sender=SENDER, sender_name="Boxoffice", public_url="https://tickets.example")
    add = transfers_pb2_grpc.add_TransferServiceServicer_to_server
    async with served(lambda server: add(offers, server)) as channel, mail_server() as server:
        for language in ("en", "hi"):
            mail = transfers_pb2.OfferMail(
                offer_id=str(uuid4()),
                email="bob@example.com",
                title="Monsoon\r\nBcc: eve@example.com \u202eLetters",
                theatre="Regal",
                city="Pune",
                time_zone="Asia/Kolkata",
                seat_label="Stalls C7",
                attempts=1,
            )
            for at in (mail.start_time, mail.expires_at, mail.asked_at):
                at.FromDatetime(ASKED_AT)
            offers.waiting.append(mail)
            sends = Server("127.0.0.1", server.port, "none", "", "", SENDER, 5)
            assert await AskedMails(OfferClient(channel), composer, sends, language).send_once() == 1
            got = server.mails[-1]
            text = got.get_body(("plain",)).get_content()  # type: ignore[union-attr]
            assert f"https://tickets.example/transfers/{mail.offer_id}" in text.split()
            assert got["Bcc"] is None and "\u202e" not in str(got["Subject"]) and "Stalls C7" in text
            assert got["To"] == "bob@example.com"
    assert offers.finished == ["SENT", "SENT"]
