"""Bugs of lists of events, and of what visitors of the shop share: another's answer, an old one, the wrong show."""

from tests.mutants.mutant import REQUESTS, Mutant

SHARED = ("tests/web/test_shared.py",)
LISTS = ("tests/inventory/test_catalogue_timetable.py",)

MUTANTS = (
    Mutant(
        "whoever is signed in gets what was asked for as nobody",
        "Visit.read",
        "self.user_id",
        "False",
        REQUESTS,
        SHARED,
    ),
    Mutant(
        "answers of a method are shared whatever was asked",
        "Visit.read",
        "(method, *sorted(asked.items()))",
        "method",
        REQUESTS,
        SHARED,
    ),
    Mutant(
        "who leaves takes the answer away from those who wait for it",
        "Shared.answer",
        "asyncio.shield(task)",
        "task",
        REQUESTS,
        SHARED,
    ),
    Mutant(
        "an answer is shared for longer than a second",
        "Shared.answer",
        "now - begun >= SECONDS",
        "now - begun > 2 * SECONDS",
        REQUESTS,
        SHARED,
    ),
    Mutant(
        "a failure is shared",
        "Shared._drop_failed",
        "(task.cancelled() or task.exception()) and kept is task",
        "False",
        REQUESTS,
        SHARED,
    ),
    Mutant(
        "a cancelled show is the next one of its event",
        "list_next_shows",
        "s.status <> 'CANCELLED'",
        "true",
        REQUESTS,
        LISTS,
    ),
    Mutant(
        "lists of events show drafts of shows to everybody",
        "list_next_shows",
        "f\"AND {_SHOW_FILTERS['drafts_of']}\" if given['drafts_of'] is not None else ''",
        "''",
        REQUESTS,
        LISTS,
    ),
    Mutant(
        "the next show of an event in a list never says that it is sold out",
        "shows:next_shows",
        "read_shows(found, sold_out)",
        "read_shows(found)",
        REQUESTS,
        LISTS,
    ),
)
