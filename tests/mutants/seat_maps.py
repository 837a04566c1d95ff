"""Bugs of the shop's map of seats: what is shown, and what is proposed in place of lost seats."""

from tests.mutants.mutant import REQUESTS, SEATS, Mutant

PLAN = ("tests/web/test_plan.py",)
WANTED = ("tests/web/test_wanted.py",)

MUTANTS = (
    Mutant(
        "seats that somebody has are proposed",
        "_is_for_anybody",
        "seat.status == seat_pb2.ShowSeat.AVAILABLE and not KEPT_FOR_WHO_NEEDS_THEM & set(seat.features)",
        "not KEPT_FOR_WHO_NEEDS_THEM & set(seat.features)",
        SEATS,
        PLAN,
    ),
    Mutant(
        "wheelchair places are proposed to everybody",
        "_is_for_anybody",
        "seat.status == seat_pb2.ShowSeat.AVAILABLE and not KEPT_FOR_WHO_NEEDS_THEM & set(seat.features)",
        "seat.status == seat_pb2.ShowSeat.AVAILABLE",
        SEATS,
        PLAN,
    ),
    Mutant(
        "seats across an aisle are side by side",
        "_runs",
        "spots[run[-1].id].apart(spots[seat.id]) > NEIGHBOURS * usual",
        "False",
        REQUESTS,
        PLAN,
    ),
    Mutant("dearer seats are proposed", "instead", "seat.tier in tiers", "True", REQUESTS, PLAN),
    Mutant(
        "a part of a section has any number of seats",
        "parts",
        "count and count + len(row[1]) > most",
        "count > most",
        REQUESTS,
        PLAN,
    ),
    Mutant("a plan hides seats behind others", "_distance", "max(min(apart), median(apart) / 2)", "1", REQUESTS, PLAN),
    Mutant(
        "an access code is taken of an address",
        "Wanted.read",
        'code_of(given) if is_form else ""',
        "code_of(given)",
        REQUESTS,
        WANTED,
    ),
    Mutant("a map lacks its next pages", "whole_map", "found.seats.extend(page.seats)", "pass", REQUESTS, WANTED),
    Mutant(
        "changes between the pages of a map are missed",
        "whole_map",
        "min(found.sequence, page.sequence)",
        "page.sequence",
        REQUESTS,
        WANTED,
    ),
    Mutant(
        "a seat that is taken may be chosen by a code",
        "seat_state",
        'state == "blocked" and code',
        "code",
        SEATS,
        WANTED,
    ),
)
