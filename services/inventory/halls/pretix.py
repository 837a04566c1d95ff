"""Halls as seating plans of pretix: read, and written.

Places add up in such a plan: a seat's is counted from its row's, and that from its zone's. What is drawn there (areas)
is left out, as are the texts that pretix makes of rows and seats. Of a plan's categories those are tiers that are
called so, or that the reader says; all others are REGULAR.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

from services.chassis.values.writing import key
from services.inventory.halls.document import (
    FURTHEST,
    LETTERS,
    MOST,
    TIERS,
    TOO_MANY_SEATS,
    Misread,
    Part,
    checked,
    parse_json,
)
from services.inventory.halls.domain import (
    MAX_SEATS_PER_SCREEN,
    LaidOutArea,
    NewRow,
    NewScreen,
    NewSeat,
    NewSection,
    SeatRow,
)

FINER = 10
"""Ours are whole numbers, pretix' may have fractions: so many of ours make one."""

COLORS = {"REGULAR": "#4a90d9", "PREMIUM": "#d99a4a", "VIP": "#b04ad9"}
FAR = 10_000_000.0
APART = 30
"""Between seats and rows of which nobody has said where they are."""

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Seat:
    label: str
    x: float
    y: float
    tier: str


@dataclass(slots=True)
class _Plan:
    """What was read of a plan so far."""

    tiers: Mapping[str, str]
    """Of its categories."""
    guids: set[str] = field(default_factory=set)
    zones: dict[str, dict[str, list[_Seat]]] = field(default_factory=dict)
    """The rows of each zone, by its name, from the front to the back."""


def read_plan(data: bytes, venue_id: UUID, name: str, tiers: Mapping[str, str]) -> NewScreen:
    """Read a hall of a venue from a plan, or raise Misread. `tiers` says which of its categories are which tier."""
    file = parse_json(data)
    if not isinstance(file.value, dict):
        raise file.fail("must be an object, in braces")
    name = name or file.text("name", LETTERS["name of the hall"])
    plan = _Plan(_tiers(file, tiers))
    for zone in file.items("zones", "zone", MOST["sections"]):
        _read_zone(plan, _object(zone))
    if not plan.guids:
        raise file.fail("zones have no seats")
    corner = _corner(plan)
    sections = [
        NewSection(zone_name, [_row(label, seats, corner) for label, seats in rows.items()])
        for zone_name, rows in plan.zones.items()
        if rows
    ]
    return checked(NewScreen(venue_id, name, sections))


def _object(part: Part) -> Part:
    if not isinstance(part.value, dict):
        raise part.fail("must be an object, in braces")
    return part


def _tiers(file: Part, said: Mapping[str, str]) -> dict[str, str]:
    """Return the tiers of a plan's categories, by their names."""
    known = {key(tier): tier for tier in TIERS} | {key(name): tier for name, tier in said.items()}
    names = [_object(part).text("name", 100) for part in file.items("categories", "category", 1_000)]
    for name in said:
        if key(name) not in map(key, names):
            raise file.fail(f"categories has no {name[:40]!r}")
    return {name: known.get(key(name), TIERS[0]) for name in names}


def _read_zone(plan: _Plan, zone: Part) -> None:
    own = zone.text("name", LETTERS["name"], required=False) or zone.text("zone_id", LETTERS["name"], required=False)
    own = own or zone.place.capitalize()
    taken = {key(name) for name in plan.zones}
    free = (own if n == 1 else f"{own} {n}" for n in count(1))
    name = next(name for name in free if key(name) not in taken)
    rows = plan.zones[name] = {}
    at = _place(zone, (0.0, 0.0), required=True)
    labels: dict[str, str] = {}
    for number, row in enumerate(zone.items("rows", "row", 10 * MOST["rows"], required=False), 1):
        label = _object(row).text("row_number", LETTERS["label"], required=False) or str(number)
        label = labels.setdefault(key(label), label)
        _read_row(plan, row, _place(row, at, required=False), rows.setdefault(label, []))
        if not rows[label]:
            del rows[label]


def _read_row(plan: _Plan, row: Part, at: Place, seats: list[_Seat]) -> None:
    """Add the seats of a row to those of the same number: a row is cut in two where an aisle goes through it."""
    known = {key(seat.label) for seat in seats}
    for seat in row.items("seats", "seat", MOST["seats"], required=False):
        label = _object(seat).text("seat_number", LETTERS["label"])
        if key(label) in known:
            raise seat.fail(f"seat_number {label!r} is that of another seat of this row")
        known.add(key(label))
        guid = seat.text("seat_guid", 200)
        if guid in plan.guids:
            raise seat.fail(f"seat_guid {guid[:40]!r} is that of another seat")
        plan.guids.add(guid)
        category = seat.text("category", 100)
        if category not in plan.tiers:
            raise seat.fail(f"category {category[:40]!r} is not among the plan's categories")
        seats.append(_Seat(label, *_place(seat, at, required=True), plan.tiers[category]))
    if len(plan.guids) > MAX_SEATS_PER_SCREEN:
        raise row.fail(TOO_MANY_SEATS)
    if len(seats) > MOST["seats"]:
        raise row.fail(f"has {len(seats)} seats together with rows of the same number; {MOST['seats']} are the most")


def _place(part: Part, after: Place, *, required: bool) -> Place:
    """Return where something is in the plan: its own place is counted from another one."""
    position = part.value.get("position")
    if position is None and not required:
        return after
    own = position if isinstance(position, dict) else {}
    return after[0] + _coordinate(part, own.get("x")), after[1] + _coordinate(part, own.get("y"))


def _coordinate(part: Part, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not -FAR <= value <= FAR:
        raise part.fail("position must have two numbers, x and y, which are not too large")
    return float(value)


def _row(label: str, seats: Sequence[_Seat], corner: Place) -> NewRow:
    left, top = corner
    made = []
    for number, seat in enumerate(seats, 1):
        x, y = round((seat.x - left) * FINER), round((seat.y - top) * FINER)
        if max(x, y) > FURTHEST:
            raise Misread("", "the plan is too large: its seats are further from each other than 100,000")
        own = "" if seat.tier == seats[0].tier else seat.tier
        made.append(NewSeat("" if seat.label == str(number) else seat.label, x, y, tier=own))
    return NewRow(label, len(seats), seats[0].tier, made)


def _corner(plan: _Plan) -> Place:
    """Return the place from which all seats are to the right and below."""
    seats = [seat for rows in plan.zones.values() for row in rows.values() for seat in row]
    return min(seat.x for seat in seats), min(seat.y for seat in seats)


def write_plan(name: str, rows: Sequence[SeatRow], areas: Sequence[LaidOutArea] = ()) -> bytes:
    """Write a hall as a plan. Features, multipliers of prices and `areas` have no place there: its own are drawn."""
    zones: dict[str, list[dict[str, Any]]] = {}
    for line, row in enumerate(rows):
        seats = [_written(row, index, line) for index in range(len(row.numbers))]
        written = {"row_number": row.row, "row_number_position": "both", "position": {"x": 0, "y": 0}, "seats": seats}
        zones.setdefault(row.section, []).append(written)
    spots = [seat["position"] for listed in zones.values() for row in listed for seat in row["seats"]]
    tiers = sorted({tier for row in rows for tier in row.tiers}, key=TIERS.index)
    plan = {
        "name": name,
        "categories": [{"name": tier, "color": COLORS[tier]} for tier in tiers],
        "zones": [
            {"name": zone, "zone_id": zone, "position": {"x": 0, "y": 0}, "rows": listed, "areas": []}
            for zone, listed in zones.items()
        ],
        "size": {
            axis: int(max((spot[of] for spot in spots), default=0)) + APART
            for axis, of in (("width", "x"), ("height", "y"))
        },
    }
    return json.dumps(plan, ensure_ascii=False, separators=(",", ":")).encode()


def _written(row: SeatRow, index: int, line: int) -> dict[str, Any]:
    x, y = row.xs[index], row.ys[index]
    place = {"x": index * APART, "y": line * APART} if x is None or y is None else {"x": x / FINER, "y": y / FINER}
    return {
        "seat_guid": row.seat_ids[index],
        "seat_number": row.labels[index] or str(row.numbers[index]),
        "position": place,
        "category": row.tiers[index],
    }
