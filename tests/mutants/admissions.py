"""Bugs of admissions: who is let in, and how often."""

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant

DOORS = ("tests/booking/test_admissions.py",)
RACES = ("tests/booking/test_door_races.py",)
LISTS = ("tests/booking/test_door_lists.py",)

MUTANTS = (
    Mutant(
        "a ticket that was used lets in again",
        "fault_of",
        "ticket.state == TicketState.ADMITTED",
        "False",
        SEATS,
        DOORS,
    ),
    Mutant(
        "the code of a former holder lets in",
        "fault_of",
        "ticket.revision != revision",
        "False",
        SEATS,
        DOORS,
    ),
    Mutant(
        "a scan that comes again is judged anew",
        "JudgeScans._judged",
        "known is not None",
        "False",
        REQUESTS,
        DOORS,
    ),
    Mutant(
        "a show that is about to be cancelled lets people in",
        "judge",
        "doors.is_cancelled",
        "False",
        MONEY,
        DOORS,
    ),
    Mutant(
        "a ticket lets in elsewhere while its home may let it in",
        "judge",
        "ticket.home_id not in (None, gate_id)",
        "False",
        SEATS,
        LISTS,
    ),
    Mutant(
        "a home is taken from a gate whose list may still be used",
        "door_statements:GIVE_HOMES",
        "coalesce(s.listed_until <= boxoffice_clock(), true)",
        "true",
        SEATS,
        LISTS,
    ),
    Mutant(
        "who came in by a used ticket without a connection is admitted a second time",
        "JudgeScans._judged",
        "fault_of(ticket, command.revision, command.show_id) or Result.ADMITTED",
        "Result.ADMITTED",
        SEATS,
        LISTS,
    ),
    Mutant(
        "a ticket that was given back is good again once its admission is taken back",
        "admissions:UNDO",
        "t.id = undone.ticket_id AND t.state = 'ADMITTED'",
        "t.id = undone.ticket_id",
        MONEY,
        DOORS,
    ),
    Mutant(
        "a gate is told of tickets of other shows",
        "Judged.told",
        "self.ticket.show_id == self.scan.show_id",
        "True",
        REQUESTS,
        LISTS,
    ),
    Mutant(
        "a gate without a connection lets in to a show that is about to be cancelled",
        "door_statements:LISTED",
        "NOT EXISTS (SELECT FROM cancelled_shows WHERE show_id = %(show_id)s)",
        "true",
        MONEY,
        LISTS,
    ),
    Mutant(
        "a scan goes by times of a show that is being moved",
        "admissions:LOCK_DOORS",
        " FOR SHARE",
        "",
        REQUESTS,
        RACES,
    ),
    Mutant(
        "a scan does not wait for whoever changes its booking",
        "admissions:LOCK_BOOKINGS",
        "FOR NO KEY UPDATE",
        "",
        MONEY,
        RACES,
    ),
    Mutant(
        "a code by an old key is none",
        "TicketKeys.verified",
        "self._keys.values()",
        "list(self._keys.values())[-1:]",
        SEATS,
        RACES,
    ),
    Mutant(
        "door lists have codes by the newest key alone",
        "TicketKeys.codes",
        "signing(key_ages, issued_at, LEAD).kid",
        "key_ages[-1].kid",
        SEATS,
        RACES,
    ),
)
