"""Tickets go with a mail as files, and a mail never stays away for want of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.booking.errors import PaperNotMade, TicketNotFound, TicketRevoked
from services.chassis.errors import Failure, MethodAway
from services.notifications.mails.steps import MAX_PAPERS_BYTES, TRIES_FOR_PAPERS
from services.notifications.measures import PAPERLESS
from tests.cases import all_cases
from tests.databases import move_clock
from tests.notifications.house import SHOW, House
from tests.notifications.peers import CALENDAR
from tests.notifications.topics import BookingEvent


def names(house: House, at: int = -1) -> list[str | None]:
    return [part.get_filename() for part in house.server.mails[at].iter_attachments()]


@pytest.fixture
async def told(house: House) -> AsyncIterator[House]:
    """A house in which somebody is to have a mail of a confirmed booking."""
    await house.confirmed()
    yield house


async def test_a_confirmation_has_the_tickets_and_a_calendar_with_it(told: House) -> None:
    await told.send()
    [mail], [content] = told.server.mails, told.server.got
    pdf, calendar = mail.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content_type()) == ("tickets.pdf", "application/pdf")
    assert pdf.get_content() == told.peers.pdf
    assert (calendar.get_filename(), calendar.get_content_type()) == ("show.ics", "text/calendar")
    assert calendar.get_content() == CALENDAR
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None and page is not None
    assert "are attached" in text.get_content() and "are attached" in page.get_content()
    assert content.isascii() and max(map(len, content.split(b"\r\n"))) <= 78
    await told.topics.db.execute("UPDATE mails SET state = 'WAITING', finished_at = NULL, next_attempt_at = created_at")
    await told.send()
    assert told.server.got[0] == told.server.got[1], "the same bytes each time"


async def test_other_facts_have_no_files_with_them(house: House) -> None:
    one = house.topics.book(SHOW, 0, BookingEvent.EXPIRED)
    house.peers.has_address(one.user_id)
    await house.topics.read_bookings()
    await house.send()
    assert names(house) == [] and house.peers.papers == 0


async def test_a_mail_waits_for_its_tickets_for_some_tries_and_then_goes_without(house: House) -> None:
    before = PAPERLESS._value.get()
    failures: list[Failure] = [PaperNotMade(), MethodAway(), TicketNotFound()]
    with all_cases() as case:
        for number, house.peers.no_papers in enumerate(failures):
            with case(house.peers.no_papers.reason):
                await move_clock(house.topics.db, f"{100 * number} minutes")
                await house.confirmed()
                for tries in range(1, TRIES_FOR_PAPERS + 2):
                    await move_clock(house.topics.db, f"{100 * number + 10 * tries} minutes")
                    assert (await house.states())[-1].startswith("WAITING")
                    await house.send()
                assert (await house.states())[-1] == "SENT"
                text = house.server.mails[-1].get_body(("plain",))
                assert names(house) == [] and text is not None and "in your booking" in text.get_content()
    assert PAPERLESS._value.get() == before + len(failures)


async def test_a_mail_whose_tickets_come_later_has_them(told: House) -> None:
    told.peers.no_papers = PaperNotMade()
    await told.send()
    assert await told.states() == ["WAITING PAPER_NOT_MADE"] and not told.server.got
    told.peers.no_papers = None
    await move_clock(told.topics.db, "10 minutes")
    await told.send()
    assert await told.states() == ["SENT"] and names(told) == ["tickets.pdf", "show.ics"]


async def test_tickets_that_were_given_back_and_those_that_are_too_large_hold_up_no_mail(house: House) -> None:
    house.peers.no_papers = TicketRevoked()
    await house.confirmed()
    await house.send()
    assert await house.states() == ["SENT"] and names(house) == []
    house.peers.no_papers, house.peers.pdf = None, b"%" * MAX_PAPERS_BYTES
    await house.confirmed()
    await house.send()
    assert await house.states() == ["SENT", "SENT"] and names(house) == []
