"""Mails over a real mail server: at least one for each fact, in order, whatever the server does."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path

import pytest
from boxoffice.inventory.v1 import catalog_pb2

from services.notifications.mails import operation
from services.notifications.mails.composing import POLICY
from services.notifications.mails.domain import Outcome, Result
from services.notifications.mails.steps import TRIES_BEHIND, Mails
from services.notifications.measures import MAILS
from tests.databases import move_clock
from tests.notifications.house import SENDER, SHOW, House
from tests.notifications.mail_server import certificate
from tests.notifications.topics import START, BookingEvent, ShowEvent

AGAIN = "UPDATE mails SET state = 'WAITING', finished_at = NULL, next_attempt_at = created_at"


def sent(outcome: str) -> float:
    return float(MAILS.labels(outcome)._value.get())


async def test_a_confirmation_is_a_mail_with_its_words_in_text_and_html(house: House) -> None:
    [user_id] = await house.confirmed()
    house.peers.has_address(user_id, "ann@bücher.example", "Ann <b>&</b>")
    await house.send()
    [mail] = house.server.mails
    assert house.server.to == ["ann@xn--bcher-kva.example"]
    assert mail["Subject"] == "Your tickets for Nine Rivers, Live"
    assert mail["From"] == f"Boxoffice <{SENDER}>" and mail["Auto-Submitted"] == "auto-generated"
    text, page = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None and page is not None
    words = text.get_content()
    for said in ("7KQ2M9XW4C", "Stalls C7, Stalls C8", "₹590.00", "Lantern House, Pune", "https://tickets.example"):
        assert said in words and said in page.get_content()
    assert "Monday, 1 June 2026, 23:30 (Asia/Kolkata)" in words
    assert "Ann <b>&</b>" in words and "Ann &lt;b&gt;&amp;&lt;/b&gt;" in page.get_content()
    assert await house.states() == ["SENT"]


async def test_a_mail_in_hindi_leaves_in_bytes_that_every_server_takes(house: House) -> None:
    house.language, house.peers.title = "hi", "नौ नदियाँ " + "लंबा " * 60
    await house.confirmed()
    await house.send()
    [content], [mail] = house.server.got, house.server.mails
    assert content.isascii() and max(map(len, content.split(b"\r\n"))) <= 78
    assert str(mail["Subject"]).startswith("नौ नदियाँ लंबा लंबा")
    text = mail.get_body(("plain",))
    assert text is not None and "सोमवार, 1 जून 2026" in text.get_content()


def test_words_of_subjects_and_names_keep_their_spaces_in_every_script() -> None:
    words = ("आपका", "टिकट", "ई-मेल", "Nine", "Rivers", "मानसून", "AC/DC", "—", "café", "का", "l" * 60)
    draw = random.Random(1)
    for _ in range(300):
        said = " ".join(draw.choices(words, k=draw.randint(1, 9)))
        message = EmailMessage(policy=POLICY)
        message["Subject"], message["To"] = said, Address(display_name=said, addr_spec="ann@example.com")
        written = message.as_bytes()
        assert written.isascii() and max(map(len, written.split(b"\r\n"))) <= 78
        # As mail programs read it: encoded words side by side are one text (RFC 2047, 6.2).
        read = {name: str(make_header(decode_header(value))) for name, value in message_from_bytes(written).items()}
        assert read["Subject"] == said
        assert parseaddr(read["To"]) == (said, "ann@example.com")


async def test_each_kind_of_fact_has_its_words_in_each_language(house: House) -> None:
    one = house.topics.book(SHOW, 0, BookingEvent.PAYMENT_FAILED, BookingEvent.EXPIRED, BookingEvent.CONFIRMED)
    house.topics.tell(one, BookingEvent.PARTLY_REFUNDED, 3, refund_amount=20_000)
    for kind in ("TICKET_TRANSFERRED", "TICKET_RETURNED", "OFFER_DECLINED", "OFFER_EXPIRED"):
        house.topics.tell(one, BookingEvent.Kind.Value(kind), 3)
    house.topics.tell_of_show(SHOW, ShowEvent.RESCHEDULED, 4, version=2)
    house.topics.tell_of_show(SHOW, ShowEvent.CANCELLED, 5, version=3)
    house.peers.starts_at, house.peers.is_rescheduled = START + timedelta(hours=2), True
    other = house.topics.book(SHOW, 6, BookingEvent.CANCELLED)
    for booked in (one, other):
        house.peers.has_address(booked.user_id)
    for read in (house.topics.read_bookings, house.topics.read_shows, house.topics.tell_bookings):
        await read()
    house.topics.tell(one, BookingEvent.REFUNDED, 7, refund_amount=59_000)
    await house.topics.read_bookings()
    for house.language in ("en", "hi"):
        house.server.got.clear()
        await house.topics.db.execute(AGAIN)
        await house.send()
        subjects = [str(mail["Subject"]) for mail in house.server.mails]
        assert len(set(subjects)) == len(subjects) == 12
        assert all("Nine Rivers, Live" in subject for subject in subjects)
    assert set(await house.states()) == {"SENT"}


async def test_nothing_that_people_write_makes_a_header_or_turns_a_line_around(house: House) -> None:
    evil = "".join(map(chr, (*range(32), 0x7F, 0x85, 0xAD, 0x200B, 0x200E, 0x202E, 0x2028, 0x2029, 0x2066, 0xFEFF)))
    house.peers.title = f"A\r\nBcc: all@example.com\r\n\r\n{evil}B"
    [user_id] = await house.confirmed()
    house.peers.has_address(user_id, name=f"Ann\r\nX-Evil: 1{evil}")
    await house.send()
    [mail] = house.server.mails
    allowed = {
        *("From", "To", "Subject", "Date", "Message-ID", "Content-Language", "Auto-Submitted", "MIME-Version"),
        "Content-Type",
    }
    assert set(mail.keys()) == allowed and len(mail.keys()) == len(allowed)
    assert house.server.to == ["ann@example.com"]
    for text in (str(mail["Subject"]), str(mail["To"])):
        assert not set(evil) & set(text) - {" "}
    assert "A Bcc: all@example.com B" in str(mail["Subject"])


@pytest.mark.parametrize("at", ["behaviours", "at_recipient"])
async def test_what_is_refused_for_now_comes_later_and_what_is_refused_for_good_is_dead_until_it_is_redriven(
    house: House, at: str
) -> None:
    getattr(house.server, at).extend(["451 later", "550 no such user"])
    await house.confirmed(3)
    await house.send()
    assert sorted(state.split(" ")[0] for state in await house.states()) == ["DEAD", "SENT", "WAITING"]
    await move_clock(house.topics.db, "10 minutes")
    await house.send()
    assert sorted(state.split(" ")[0] for state in await house.states()) == ["DEAD", "SENT", "SENT"]
    assert await operation.redrive(house.topics.db) == 1
    await house.send()
    assert [state.split(" ")[0] for state in await house.states()] == ["SENT"] * 3


@pytest.mark.parametrize("what", ["drop", "hang"])
async def test_a_mail_whose_answer_is_lost_comes_again_with_the_same_id_and_is_counted(house: House, what: str) -> None:
    house.timeout_seconds = 0.3
    house.server.behaviours.append(what)
    await house.confirmed()
    before = sent("again")
    await house.send()
    assert (await house.states())[0].startswith("WAITING")
    house.timeout_seconds = 5
    await move_clock(house.topics.db, "10 minutes")
    await house.send()
    assert await house.states() == ["SENT"]
    [first, second] = house.server.ids
    assert first == second and house.server.got[0] == house.server.got[1]
    assert sent("again") == before + 1


async def test_a_server_that_is_away_for_an_hour_loses_nothing(house: House) -> None:
    await house.server.stop()
    await house.confirmed(30)
    for minutes in range(0, 60, 6):
        await move_clock(house.topics.db, f"{minutes} minutes")
        await house.send()
    assert {state.split(" ")[0] for state in await house.states()} == {"WAITING"}
    await house.server.start()
    await move_clock(house.topics.db, "66 minutes")
    await house.send()
    assert await house.states() == ["SENT"] * 30
    assert sorted(house.server.to) == sorted(f"user{number}@example.com" for number in range(30))
    assert len(set(house.server.ids)) == 30


async def test_a_server_that_is_away_is_asked_once_for_all_mails_of_a_batch(house: House) -> None:
    await house.confirmed(5)
    house.server.behaviours.append("drop")
    await house.send()
    assert house.server.connections == 1
    assert len(house.server.got) == 1


async def test_what_is_tried_for_days_in_vain_is_given_up(house: House) -> None:
    house.server.behaviours.extend(["451 later"] * 3)
    await house.confirmed()
    for days in (0, 2, 4):
        await move_clock(house.topics.db, f"{days} days")
        await house.send()
    assert await house.states() == ["DEAD SMTPDataError 451"]


async def test_what_happened_long_before_it_was_read_is_no_mail_any_more(house: House) -> None:
    house.topics.book(SHOW, -4 * 24 * 60, BookingEvent.CONFIRMED)
    await house.confirmed()
    await house.send()
    assert await house.states() == ["SKIPPED TOO_OLD", "SENT"]


async def test_mails_of_one_booking_come_in_their_order_and_hold_up_no_other(house: House) -> None:
    one = house.topics.book(SHOW, 0, BookingEvent.EXPIRED, BookingEvent.CONFIRMED, BookingEvent.REFUNDED)
    house.peers.has_address(one.user_id, "one@example.com")
    await house.topics.read_bookings()
    house.server.behaviours.append("451 later")
    other = house.topics.book(SHOW, 1, BookingEvent.EXPIRED, BookingEvent.CONFIRMED)
    house.peers.has_address(other.user_id, "other@example.com")
    await house.send()
    await house.topics.read_bookings()
    await house.send()
    assert house.server.to == ["one@example.com", "other@example.com", "other@example.com"]
    await move_clock(house.topics.db, "10 minutes")
    await house.send()
    subjects = [
        str(mail["Subject"]) for mail, to in zip(house.server.mails, house.server.to, strict=True) if "one" in to
    ]
    assert [subject.split(" ")[-1] for subject in subjects] == ["expired", "expired", "Live", "refunded"]


async def test_nobody_is_mailed_who_has_no_verified_address_and_that_is_counted(house: House) -> None:
    nobody, stranger = await house.confirmed(2)
    house.peers.contacts.pop(str(nobody))
    house.peers.has_address(stranger, verified=False)
    before = sent("skipped")
    await house.send()
    assert sorted(await house.states()) == ["SKIPPED NOT_VERIFIED", "SKIPPED NO_ADDRESS"]
    assert not house.server.got and not house.server.connections
    assert sent("skipped") == before + 2


ODD = (
    *(f"{local}@example.com" for local in ("ännä", "a..b", "a,b", "a;b", "a\\b", "a>b")),
    *(f"ann@{domain}" for domain in ("x..example", f"{'x' * 64}.example", "example.", "")),
)


async def test_an_address_that_no_header_can_have_is_skipped_and_holds_up_no_other(house: House) -> None:
    users = await house.confirmed(len(ODD) + 1)
    for user_id, address in zip(users, ODD, strict=False):
        house.peers.has_address(user_id, address)
    await house.send()
    assert sorted(await house.states()) == ["SENT"] + ["SKIPPED ADDRESS_UNUSABLE"] * len(ODD)


async def test_a_mail_that_cannot_be_made_comes_later_and_holds_up_no_other(house: House) -> None:
    users = await house.confirmed(3)
    house.peers.zones[str(users[0])] = "Nowhere/Such"
    await house.send()
    assert sorted(await house.states()) == ["SENT", "SENT", "WAITING NOT_MADE"]


async def test_mails_that_are_skipped_are_noted_in_one_transaction(house: House) -> None:
    await house.confirmed(15)
    house.peers.contacts.clear()
    before = sent("skipped")
    await house.send()
    assert await house.states() == ["SKIPPED NO_ADDRESS"] * 15
    assert sent("skipped") - before == 15
    assert await house.topics.db.fetch("SELECT count(DISTINCT xmin::text) FROM mails") == [(1,)]


async def test_a_mail_that_somebody_else_has_taken_since_is_left_to_them(house: House) -> None:
    await house.confirmed()
    late = await operation.claim(house.topics.db, 1)
    await move_clock(house.topics.db, "10 minutes")
    await operation.claim(house.topics.db, 1)
    await operation.finish(house.topics.db, [(mail, Result(Outcome.SKIPPED, "LATE")) for mail in late])
    assert await house.states() == ["WAITING"]


async def test_where_identity_tells_no_service_who_users_are_no_mail_is_sent(house: House) -> None:
    await house.confirmed(2)
    house.peers.tells_services = False
    await house.send()
    assert await house.states() == ["SKIPPED NO_ADDRESS"] * 2


LATER_START = START + timedelta(hours=1)


async def rescheduled(house: House) -> None:
    """Have a show rescheduled of which somebody has a ticket."""
    await house.confirmed()
    house.topics.tell_of_show(SHOW, ShowEvent.RESCHEDULED, 4)
    await house.topics.read_shows()
    await house.topics.tell_bookings()


@pytest.mark.parametrize(("starts_at", "follows"), [(START, False), (LATER_START, False), (START, True)])
async def test_the_mail_of_a_rescheduled_show_waits_until_booking_shows_it(
    house: House, starts_at: datetime, follows: bool
) -> None:
    house.peers.starts_at, house.peers.is_rescheduled = starts_at, follows
    await rescheduled(house)
    await house.send()
    assert await house.states() == ["SENT", "WAITING BOOKING_BEHIND"]
    house.peers.starts_at, house.peers.is_rescheduled = LATER_START, True
    await move_clock(house.topics.db, "10 minutes")
    await house.send()
    assert await house.states() == ["SENT", "SENT"]


async def test_the_mail_of_a_show_that_was_rescheduled_before_waits_for_its_new_hall_too(house: House) -> None:
    house.peers.starts_at, house.peers.is_rescheduled = LATER_START, True
    house.peers.show = catalog_pb2.Show(id=str(SHOW), screen_name="Balcony")
    await rescheduled(house)
    await house.send()
    assert await house.states() == ["SENT", "WAITING BOOKING_BEHIND"]
    house.peers.screen = "Balcony"
    await move_clock(house.topics.db, "10 minutes")
    await house.send()
    assert await house.states() == ["SENT", "SENT"]
    words = house.server.mails[-1].get_body(("plain",))
    assert words is not None and "Balcony" in words.get_content()


async def test_the_mail_of_a_show_that_is_rescheduled_again_and_again_goes_after_some_tries(house: House) -> None:
    house.peers.starts_at, house.peers.is_rescheduled = LATER_START + timedelta(hours=1), True
    await rescheduled(house)
    for tries in range(TRIES_BEHIND + 1):
        await move_clock(house.topics.db, f"{10 * tries} minutes")
        assert (await house.states())[-1].startswith("WAITING")
        await house.send()
    assert await house.states() == ["SENT", "SENT"]


async def test_replicas_share_the_mails(house: House) -> None:
    await house.confirmed(50)

    async def work(mails: Mails) -> None:
        while await mails.send_once():
            pass

    await asyncio.gather(*(work(house.mails()) for _ in range(3)))
    assert len(house.server.ids) == len(set(house.server.ids)) == 50


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_over_tls_a_mail_is_for_the_server_that_shows_its_certificate_and_knows_the_password(
    house: House, security: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, context = certificate(tmp_path)
    await house.server.stop()
    house.server = replace(house.server, port=0, security=security, context=context, password="geheim")
    await house.server.start()
    try:
        await house.confirmed()
        house.password = "geheim"
        await house.send()
        assert [state.partition(" ")[0] for state in await house.states()] == ["WAITING"]  # nobody has signed it
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        house.password, house.timeout_seconds = "wrong", 0.5
        await move_clock(house.topics.db, "10 minutes")
        await house.send()
        assert [state.partition(" ")[0] for state in await house.states()] == ["WAITING"]
        assert not house.server.got
        house.password, house.timeout_seconds = "geheim", 5
        await move_clock(house.topics.db, "20 minutes")
        await house.send()
        assert await house.states() == ["SENT"]
    finally:
        await house.server.stop()


async def test_what_became_of_a_mail_is_forgotten_after_a_while_but_for_dead_ones(house: House) -> None:
    house.server.behaviours.extend(["250 taken", "550 no"])
    await house.confirmed(2)
    await house.send()
    await move_clock(house.topics.db, "89 days")
    assert await operation.forget(house.topics.db) == 0
    await move_clock(house.topics.db, "91 days")
    assert [await operation.forget(house.topics.db) for _ in range(2)] == [1, 0]
    assert [state.partition(" ")[0] for state in await house.states()] == ["DEAD"]
