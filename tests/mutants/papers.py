"""Bugs of papers: for whom they are made, what is on them, and mails that wait for them."""

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant

PAPERS = ("tests/booking/test_papers.py",)
CALENDARS = ("tests/booking/test_calendars.py",)
ATTACHMENTS = ("tests/notifications/test_attachments.py",)

MUTANTS = (
    Mutant(
        "whoever has passed a ticket on prints it again",
        "look:held",
        "user_id in (None, each.user_id)",
        "True",
        SEATS,
        PAPERS,
    ),
    Mutant(
        "tickets that were given back are printed",
        "look:to_print",
        "each[0].state != TicketState.REVOKED",
        "True",
        SEATS,
        PAPERS,
    ),
    Mutant(
        "anybody has the invoice of another's booking",
        "look:document",
        "user_id not in (None, booking.user_id)",
        "False",
        MONEY,
        PAPERS,
    ),
    Mutant(
        "whoever goes leaves the answer to their question to the next",
        "Workshop.make",
        "await asyncio.shield(asyncio.ensure_future(self._in_turn(paper)))",
        "await self._in_turn(paper)",
        SEATS,
        PAPERS,
        equivalent="a process whose answer nobody waited for is ended: only slower",
    ),
    Mutant(
        "a process that gave no answer stays, and gives it to the next question",
        "Workshop._set",
        "await self._end()\nraise PaperNotMade() from None",
        "raise PaperNotMade() from None",
        SEATS,
        PAPERS,
    ),
    Mutant(
        "marks of direction are set as they were written",
        "visible",
        "unicodedata.category(it) in _UNSEEN and it not in _JOINERS",
        "False",
        REQUESTS,
        PAPERS,
    ),
    Mutant(
        "a calendar's times lose their zone",
        "calendar",
        "event.add('dtstart', show.starts_at)",
        "event.add('dtstart', show.starts_at.replace(tzinfo=None))",
        REQUESTS,
        CALENDARS,
    ),
    Mutant(
        "a calendar of tickets that were given back stays what it was",
        "calendar",
        "0 if left else 1",
        "0",
        REQUESTS,
        CALENDARS,
    ),
    Mutant(
        "a mail waits for its tickets for ever",
        "Mails._papers",
        "mail.attempts <= TRIES_FOR_PAPERS",
        "True",
        REQUESTS,
        ATTACHMENTS,
    ),
)
