"""What visitors want of a map of seats, as forms and addresses say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from boxoffice.inventory.v1 import seat_pb2

from web import nearby, plan
from web.numbers import number

MOST_SEATS = 100
"""So many seats and places a user can have of a show, whatever its limit."""

MOST_LETTERS = 32
"""So long is an access code at most."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address, or a form, says that the visitor wants of a map."""

    seats: frozenset[str]
    """Seats that are chosen."""
    instead: frozenset[str]
    """Seats that are gone: others near them are to be chosen."""
    best: int
    """So many seats are to be chosen for the visitor; 0: none."""
    tier: int
    """Of this tier; 0: of any."""
    code: str
    """An access code, by which blocked seats may be chosen. It is in forms only, as addresses are written down."""
    part: int
    """Which part of a large section is to be shown, from 0."""
    places: Mapping[str, int]
    """How many places of areas, by their ids."""

    @classmethod
    def read(cls, given: Mapping[str, object], *, is_form: bool) -> Wanted:
        """Read a form or an address; what it says wrongly is not wanted."""
        values = [(name, str(value)) for name, value in given.items()]
        return cls(
            seats=frozenset(value for name, value in values if name == "seat"),
            instead=frozenset(value for name, value in values if name == "instead"),
            best=number(str(given.get("best", "")), least=0, most=MOST_SEATS, otherwise=0),
            tier=number(str(given.get("tier", "")), least=0, most=MOST_SEATS, otherwise=0),
            part=number(str(given.get("part", "")), least=0, most=MOST_SEATS, otherwise=0),
            code=code_of(given) if is_form else "",
            places={area.area_id: area.quantity for area in areas_of(given)},
        )

    def choose(
        self, seats: plan.Seats, spots: Mapping[str, plan.Spot], *, lost: bool
    ) -> tuple[frozenset[str], list[seat_pb2.ShowSeat]]:
        """Return the seats that are chosen, and those of them, or instead of them, that are proposed.

        `lost`: what was wanted was refused. Where somebody has some of it, others are proposed, but not chosen yet.
        """
        if self.best:
            found = nearby.best(seats, spots, self.best, self.tier)
            return frozenset(seat.id for seat in found), found
        if self.instead:
            found = nearby.instead(seats, spots, self.instead | self.seats)
            return frozenset(seat.id for seat in found) or self.seats, found
        open_ = (seat_pb2.ShowSeat.AVAILABLE, seat_pb2.ShowSeat.HELD_BY_ME)
        gone = lost and any(seat.id in self.seats and seat.status not in open_ for seat in seats)
        return self.seats, nearby.instead(seats, spots, self.seats) if gone else []


def areas_of(given: Mapping[str, object]) -> list[seat_pb2.AreaPlaces]:
    """Return how many places of which areas a form, or an address, asks for."""
    asked = {name.removeprefix("area-"): str(value) for name, value in given.items() if name.startswith("area-")}
    numbers = {area: number(text, least=0, most=MOST_SEATS, otherwise=0) for area, text in asked.items()}
    return [seat_pb2.AreaPlaces(area_id=area, quantity=quantity) for area, quantity in numbers.items() if quantity]


def code_of(given: Mapping[str, object]) -> str:
    """Return the access code that a form has; empty: none."""
    return str(given.get("code", "")).strip()[:MOST_LETTERS]
