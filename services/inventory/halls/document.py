"""Halls as documents of our own: JSON, described in docs/halls.md and by docs/hall.schema.json.

Reading tells where something is wrong as people find it in their file, such as "section 1, row 3, seat 7: …".
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.chassis.errors import InvalidField
from services.chassis.values.writing import line
from services.inventory.halls.domain import (
    MAX_SEATS_PER_SCREEN,
    Feature,
    LaidOutArea,
    NewArea,
    NewRow,
    NewScreen,
    NewSeat,
    NewSection,
    SeatRow,
    check_layout,
)
from services.inventory.seats.prices import WHOLE

FORMAT = "boxoffice-hall/1"
TIERS = ("REGULAR", "PREMIUM", "VIP")
MOST = {"sections": 100, "rows": 500, "seats": 1_000, "areas": 100}
LETTERS = {"name of the hall": 100, "name": 40, "label": 10}
FURTHEST = 1_000_000
DEAREST = 100_000
TOO_MANY_SEATS = f"is where the hall comes to have more than {MAX_SEATS_PER_SCREEN:,} seats, which are the most"


class Misread(Exception):
    """Something in a file is not as it has to be: where, and what."""

    def __init__(self, place: str, fault: str) -> None:
        super().__init__(f"{place}: {fault}" if place else fault)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a file, and where it is in it."""

    value: Any
    place: str = ""

    def fail(self, fault: str) -> Misread:
        """Return what to raise where this is wrong."""
        return Misread(self.place, fault)

    def fields(self, *known: str) -> "Part":
        """Return this, if it is an object of known fields, or raise Misread."""
        if not isinstance(self.value, dict):
            raise self.fail("must be an object, in braces")
        if unknown := [name for name in self.value if name not in known]:
            raise self.fail(f"has a field {unknown[0][:40]!r}, which there is not; there are {', '.join(known)}")
        return self

    def has(self, name: str) -> bool:
        """Tell whether a field is there."""
        return self.value.get(name) is not None

    def text(self, name: str, most: int, *, required: bool = True) -> str:
        """Return a line of text that a field has."""
        given = self.value.get(name)
        if given is None and not required:
            return ""
        if not isinstance(given, str):
            raise self.fail(f"{name} must be a text" if name in self.value else f"{name} is missing")
        try:
            text = line(given)
        except ValueError as error:
            raise self.fail(f"{name} {error}") from None
        if required and not text:
            raise self.fail(f"{name} must not be empty")
        if len(text) > most:
            raise self.fail(f"{name} must have {most} letters at most")
        return text

    def number(self, name: str, least: int, most: int, default: int | None = None) -> int | None:
        """Return a whole number that a field has."""
        given = self.value.get(name)
        if given is None:
            return default
        if not isinstance(given, int) or isinstance(given, bool) or not least <= given <= most:
            raise self.fail(f"{name} must be a whole number from {least} to {most}")
        return given

    def word(self, name: str, words: Sequence[str], default: str) -> str:
        """Return one of a few words that a field has."""
        given = self.value.get(name, default)
        if given not in words:
            raise self.fail(f"{name} must be one of {', '.join(words)}")
        return str(given)

    def items(self, name: str, each: str, most: int, *, required: bool = True) -> "Iterator[Part]":
        """Yield what a list has, each with its place, counted from 1."""
        given = self.value.get(name)
        if given is None and not required:
            return
        if not isinstance(given, list) or (required and not given):
            raise self.fail(f"{name} must be a list" if given is None or given != [] else f"{name} must not be empty")
        if len(given) > most:
            raise self.fail(f"{name} has {len(given)} items; {most} are the most")
        for number, value in enumerate(given, 1):
            yield Part(value, f"{self.place}, {each} {number}" if self.place else f"{each} {number}")


def parse_json(data: bytes) -> Part:
    """Parse a file, or raise Misread."""
    try:
        return Part(json.loads(data.decode("utf-8-sig"), parse_constant=_no_number))
    except UnicodeDecodeError as error:
        raise Misread(f"byte {error.start + 1}", "the file is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise Misread(f"line {error.lineno}, column {error.colno}", "this is no JSON") from None
    except RecursionError:
        raise Misread("", "the file is nested too deep") from None
    except ValueError:
        raise Misread("", "a number of the file cannot be read") from None


def _no_number(name: str) -> float:
    raise ValueError(name)


def read_hall(data: bytes, venue_id: UUID, name: str = "") -> NewScreen:
    """Read a hall of a venue from a file, or raise Misread. `name`, if given, is what it is called."""
    hall = parse_json(data).fields("format", "name", "sections", "areas", "$schema")
    if hall.value.get("format") != FORMAT:
        raise hall.fail(f"format must be {FORMAT!r}")
    name = name or hall.text("name", LETTERS["name of the hall"])
    areas = tuple(_area(part) for part in hall.items("areas", "area", MOST["areas"], required=False))
    parts = hall.items("sections", "section", MOST["sections"], required=not areas)
    sections: list[NewSection] = []
    room = MAX_SEATS_PER_SCREEN
    for part in parts:
        sections.append(_section(part, room))
        room -= sum(len(row.seats) for row in sections[-1].rows)
    return checked(NewScreen(venue_id, name, sections, areas))


def _section(part: Part, room: int) -> NewSection:
    """Read a section; raise Misread as soon as it describes more seats than there is room for."""
    part.fields("name", "priceMultiplier", "rows")
    multiplier = part.number("priceMultiplier", 1, DEAREST, WHOLE) or WHOLE
    rows: list[NewRow] = []
    for row in part.items("rows", "row", MOST["rows"]):
        rows.append(_row(row))
        room -= len(rows[-1].seats)
        if room < 0:
            raise row.fail(TOO_MANY_SEATS)
    return NewSection(part.text("name", LETTERS["name"]), rows, multiplier)


def _area(part: Part) -> NewArea:
    part.fields("name", "capacity", "tier", "priceMultiplier")
    capacity = part.number("capacity", 1, MAX_SEATS_PER_SCREEN)
    if capacity is None:
        raise part.fail("capacity is missing")
    multiplier = part.number("priceMultiplier", 1, DEAREST, WHOLE) or WHOLE
    return NewArea(part.text("name", LETTERS["name"]), capacity, part.word("tier", TIERS, TIERS[0]), multiplier)


def _row(part: Part) -> NewRow:
    part.fields("label", "tier", "seatCount", "seats")
    label, tier = part.text("label", LETTERS["label"]), part.word("tier", TIERS, TIERS[0])
    seats = [_seat(seat) for seat in part.items("seats", "seat", MOST["seats"], required=False)]
    count = part.number("seatCount", 1, MOST["seats"], len(seats) or None)
    if count is None:
        raise part.fail("seats or seatCount is missing")
    if seats and count != len(seats):
        raise part.fail(f"seatCount is {count}, and there are {len(seats)} seats")
    return NewRow(label, count, tier, seats)


def _seat(part: Part) -> NewSeat:
    part.fields("label", "x", "y", "features", "companionOf", "tier")
    features: list[str] = []
    for feature in part.items("features", "feature", len(Feature), required=False):
        if feature.value not in list(Feature):
            raise part.fail(f"features must be of {', '.join(Feature)}")
        features.append(feature.value)
    if len(set(features)) < len(features):
        raise part.fail("features names one twice")
    return NewSeat(
        label=part.text("label", LETTERS["label"], required=False),
        x=part.number("x", 0, FURTHEST),
        y=part.number("y", 0, FURTHEST),
        features=tuple(features),
        companion_of=part.number("companionOf", 1, MOST["seats"], 0) or 0,
        tier=part.word("tier", TIERS, TIERS[0]) if part.has("tier") else "",
    )


def checked(screen: NewScreen) -> NewScreen:
    """Return a screen whose layout can be so, or raise Misread, in the words of whoever reads the file."""
    try:
        check_layout(screen)
    except InvalidField as error:
        field, fault = error.violations[0]
        raise Misread(_place(field), fault) from None
    return screen


def _place(field: str) -> str:
    """Return where a field is, in words: sections[0].rows[2].seats[6].label is section 1, row 3, seat 7."""
    words = {"sections": "section", "areas": "area", "rows": "row", "seats": "seat"}
    pieces = [piece.rstrip("]").split("[") for piece in field.split(".") if "[" in piece]
    place = ", ".join(f"{words[name]} {int(index) + 1}" for name, index in pieces)
    last = field.rpartition(".")[2]
    return place if "[" in last or not place else f"{place}, {last}"


def write_hall(name: str, rows: Sequence[SeatRow], areas: Sequence[LaidOutArea] = ()) -> bytes:
    """Write a hall as a file. Reading it gives the same hall."""
    sections: list[dict[str, Any]] = []
    for row in rows:
        if not sections or sections[-1]["name"] != row.section:
            multiplier = {} if row.price_multiplier == WHOLE else {"priceMultiplier": row.price_multiplier}
            sections.append({"name": row.section, **multiplier, "rows": []})
        sections[-1]["rows"].append(_written(row))
    assert sum(len(row.numbers) for row in rows) <= MAX_SEATS_PER_SCREEN, "no screen has more"
    hall: dict[str, Any] = {"format": FORMAT, "name": name, "sections": sections}
    if areas:
        hall["areas"] = list(map(_written_area, areas))
    return json.dumps(hall, ensure_ascii=False, separators=(",", ":")).encode()


def _written_area(area: LaidOutArea) -> Mapping[str, Any]:
    multiplier = {} if area.price_multiplier == WHOLE else {"priceMultiplier": area.price_multiplier}
    return {"name": area.name, "capacity": area.capacity, "tier": area.tier, **multiplier}


def _written(row: SeatRow) -> Mapping[str, Any]:
    numbers = dict(zip(row.seat_ids, row.numbers, strict=True))
    seats = [dict(_said(row, index, numbers)) for index in range(len(row.numbers))]
    said = {"seats": seats} if any(seats) else {"seatCount": len(seats)}
    return {"label": row.row, "tier": row.tiers[0], **said}


def _said(row: SeatRow, index: int, numbers: Mapping[str, int]) -> Iterator[tuple[str, Any]]:
    if label := row.labels[index]:
        yield "label", label
    if row.xs[index] is not None:
        yield "x", row.xs[index]
        yield "y", row.ys[index]
    features = [name for name in (row.features[index] or "").split(",") if name and name != Feature.COMPANION]
    if features:
        yield "features", features
    if companion_of := row.companions_of[index]:
        yield "companionOf", numbers[companion_of]
    if row.tiers[index] != row.tiers[0]:
        yield "tier", row.tiers[index]
