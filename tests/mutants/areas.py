"""Bugs of areas: places that are sold twice or not at all."""

from tests.mutants.mutant import SEATS, Mutant

AREAS = ("tests/inventory/test_areas.py",)
BOOKED = ("tests/booking/test_areas.py",)

MUTANTS = (
    Mutant(
        "an area is over-sold: a place that somebody has is taken by its id",
        "takeable",
        "not seat.is_held_by(user_id, now)",
        "not (seat.area_id or seat.is_held_by(user_id, now))",
        SEATS,
        AREAS,
    ),
    Mutant(
        "a hold gets fewer places than it asks for",
        "with_places",
        "len(found) < wanted.quantity",
        "not found",
        SEATS,
        AREAS,
    ),
    Mutant(
        "a place whose claim has lapsed is not taken",
        "FREE_PLACES",
        "s.expires_at <= (SELECT boxoffice_clock())",
        "false",
        SEATS,
        AREAS,
    ),
    Mutant(
        "a batch reads free places for its last command alone",
        "_most",
        "most[command.show_id] += len(command.seat_ids) + sum(one.quantity for one in command.areas)",
        "most[command.show_id] = len(command.seat_ids) + sum(one.quantity for one in command.areas)",
        SEATS,
        AREAS,
    ),
    Mutant(
        "places that the user holds do not count",
        "with_places",
        "_held(show, wanted.area_id, user_id, chosen, now)[:wanted.quantity]",
        "[]",
        SEATS,
        AREAS,
    ),
    Mutant(
        "an access code gives more blocked places than it may",
        "with_places",
        "min(left, room)",
        "left",
        SEATS,
        AREAS,
    ),
    Mutant(
        "a blocked place is booked by a payment that comes late",
        "_is_lost",
        "seat.is_blocked and right in (None, BEFORE)",
        "False",
        SEATS,
        AREAS,
    ),
    Mutant(
        "a place that was blocked stays with a booking that has got another one",
        "Confirm.apply",
        "place.id not in known.seat_ids",
        "False",
        SEATS,
        AREAS,
    ),
    Mutant(
        "a late payment gets one place twice",
        "with_other_places",
        "free_places(show, seat.area_id, 1, seat_ids, now, _is_open)",
        "free_places(show, seat.area_id, 1, [], now, _is_open)",
        SEATS,
        AREAS,
    ),
    Mutant(
        "a booking keeps the places that somebody else has",
        "FinishConfirming.write",
        "if state.placed: ...",
        "pass",
        SEATS,
        BOOKED,
    ),
)
