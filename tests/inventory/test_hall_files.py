"""Halls as files: nothing is lost on the way, and what is wrong is named by its place."""

import json
from collections.abc import Callable
from itertools import accumulate
from typing import Any
from uuid import uuid4

import pytest

from examples.halls.halls import HALLS
from roster import ROOT
from services.inventory.halls import document, pretix
from services.inventory.halls.document import (
    DEAREST,
    FORMAT,
    FURTHEST,
    MOST,
    TIERS,
    Misread,
    read_hall,
    write_hall,
)
from services.inventory.halls.domain import (
    MAX_SEATS_PER_SCREEN,
    Feature,
    LaidOutArea,
    NewRow,
    NewScreen,
    NewSeat,
    NewSection,
    SeatRow,
)
from services.inventory.halls.pretix import read_plan, write_plan

VENUE = uuid4()

HALL: dict[str, Any] = {
    "format": "boxoffice-hall/1",
    "name": "Old Mill",
    "sections": [
        {
            "name": "Stalls",
            "priceMultiplier": 1_500,
            "rows": [
                {"label": "A", "tier": "VIP", "seatCount": 3},
                {
                    "label": "B",
                    "tier": "PREMIUM",
                    "seats": [
                        {"label": "12A", "x": 0, "y": 30, "features": ["WHEELCHAIR"]},
                        {"companionOf": 1},
                        {"tier": "REGULAR", "features": ["RESTRICTED_VIEW"]},
                    ],
                },
            ],
        },
        {"name": "Circle", "rows": [{"label": "A", "tier": "REGULAR", "seatCount": 1_000}]},
    ],
}

PLAN: dict[str, Any] = {
    "name": "Harbour stage",
    "categories": [{"name": "vip"}, {"name": "Front", "color": "#fff"}, {"name": "Back"}],
    "size": {"width": 500, "height": 300},
    "zones": [
        {
            "name": "Left",
            "position": {"x": 100, "y": 50},
            "areas": [{"shape": "text", "position": {"x": 0, "y": 0}}],
            "rows": [
                {
                    "row_number": "1",
                    "position": {"x": 10.5, "y": 0},
                    "seats": [
                        {"seat_guid": "a", "seat_number": "1", "position": {"x": 0, "y": 0}, "category": "vip"},
                        {"seat_guid": "b", "seat_number": "3", "position": {"x": 25.25, "y": 1}, "category": "Front"},
                    ],
                },
                # The same row beyond an aisle.
                {
                    "row_number": "1",
                    "row_number_position": "end",
                    "seats": [
                        {"seat_guid": "c", "seat_number": "7", "position": {"x": 90, "y": 0}, "category": "Back"}
                    ],
                },
                {"row_number": "2", "seats": []},
            ],
        },
        {
            "zone_id": "right",
            "position": {"x": 0, "y": 0},
            "rows": [
                {
                    "row_number": "",
                    "seats": [
                        {"seat_guid": "d", "seat_number": "1", "position": {"x": 90, "y": 40}, "category": "Front"}
                    ],
                }
            ],
        },
    ],
}


def laid_out(screen: NewScreen) -> list[SeatRow]:
    """Return the rows as the layout has them once the screen is made."""
    rows = []
    pairs = [(section, row) for section in screen.sections for row in section.rows]
    ends = accumulate(row.seat_count for _, row in pairs)
    for (section, row), end in zip(pairs, ends, strict=True):
        first = end - row.seat_count
        seats = row.seats or [NewSeat()] * row.seat_count
        ids = [f"seat-{first + n}" for n in range(row.seat_count)]
        rows.append(
            SeatRow(
                section=section.name,
                row=row.label,
                seat_ids=ids,
                numbers=list(range(1, row.seat_count + 1)),
                tiers=[seat.tier or row.tier for seat in seats],
                labels=[seat.label or None for seat in seats],
                xs=[seat.x for seat in seats],
                ys=[seat.y for seat in seats],
                features=[",".join(seat.all_features) or None for seat in seats],
                companions_of=[ids[seat.companion_of - 1] if seat.companion_of else None for seat in seats],
                price_multiplier=section.price_multiplier,
            )
        )
    return rows


def spelled(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_a_hall_is_read_as_it_is_written() -> None:
    hall = read_hall(spelled(HALL), VENUE)
    row_b = [
        NewSeat("12A", 0, 30, ("WHEELCHAIR",)),
        NewSeat(companion_of=1),
        NewSeat(features=("RESTRICTED_VIEW",), tier="REGULAR"),
    ]
    assert hall == NewScreen(
        VENUE,
        "Old Mill",
        [
            NewSection("Stalls", [NewRow("A", 3, "VIP", []), NewRow("B", 3, "PREMIUM", row_b)], 1_500),
            NewSection("Circle", [NewRow("A", 1_000, "REGULAR", [])]),
        ],
    )
    written = write_hall(hall.name, laid_out(hall))
    assert json.loads(written) == HALL
    assert read_hall(written, VENUE) == hall
    assert read_hall(written, VENUE, "Another name").name == "Another name"


def test_a_plan_of_pretix_with_gaps_and_zones_is_read_right() -> None:
    hall = read_plan(spelled(PLAN), VENUE, "", {"Front": "PREMIUM"})
    assert hall == NewScreen(
        VENUE,
        "Harbour stage",
        [
            NewSection(
                "Left",
                [
                    NewRow(
                        "1",
                        3,
                        "VIP",
                        [
                            NewSeat("", 205, 100),
                            NewSeat("3", 458, 110, tier="PREMIUM"),
                            NewSeat("7", 1_000, 100, tier="REGULAR"),
                        ],
                    )
                ],
            ),
            NewSection("right", [NewRow("1", 1, "PREMIUM", [NewSeat("", 0, 0)])]),
        ],
    )


def test_a_plan_that_was_written_is_read_as_the_same_hall() -> None:
    hall = read_plan(spelled(PLAN), VENUE, "", {"Front": "PREMIUM"})
    written = write_plan(hall.name, laid_out(hall))
    assert read_plan(written, VENUE, "", {}) == hall
    plan = json.loads(written)
    assert plan["size"] == {"width": 130, "height": 41} and len(plan["zones"]) == 2


def test_a_hall_of_which_nothing_is_said_is_a_plan_too() -> None:
    hall = read_hall(spelled(HALL), VENUE)
    again = read_plan(write_plan(hall.name, laid_out(hall)), VENUE, "", {})
    assert again.seat_count == hall.seat_count
    assert [section.name for section in again.sections] == ["Stalls", "Circle"]


@pytest.mark.parametrize("make", HALLS, ids=lambda make: str(make.__name__))
def test_halls_of_all_shapes_are_written_as_they_were_read(make: Callable[[], dict[str, Any]]) -> None:
    hall = read_hall(spelled(make()), VENUE)
    areas = [LaidOutArea(VENUE, area.name, area.tier, area.seat_count, area.price_multiplier) for area in hall.areas]
    assert json.loads(write_hall(hall.name, laid_out(hall), areas)) == make()
    plan = read_plan(write_plan(hall.name, laid_out(hall)), VENUE, "", {})
    labels = [
        [[seat.label or str(n) for n, seat in enumerate(row.seats, 1)] for row in section.rows]
        for each in (hall, plan)
        for section in each.sections
    ]
    assert labels[: len(labels) // 2] == labels[len(labels) // 2 :]


def test_the_schema_has_the_limits_that_reading_has() -> None:
    schema = json.loads((ROOT / "docs" / "hall.schema.json").read_text())
    parts = {name: part["properties"] for name, part in schema["$defs"].items() if "properties" in part}
    assert schema["properties"]["sections"]["maxItems"] == MOST["sections"]
    assert schema["properties"]["areas"]["maxItems"] == MOST["areas"]
    assert parts["area"]["capacity"]["maximum"] == MAX_SEATS_PER_SCREEN
    assert parts["section"]["rows"]["maxItems"] == MOST["rows"]
    assert parts["row"]["seats"]["maxItems"] == parts["row"]["seatCount"]["maximum"] == MOST["seats"]
    assert schema["$defs"]["tier"]["enum"] == list(TIERS)
    assert parts["seat"]["features"]["items"]["enum"] == list(Feature)
    assert parts["seat"]["x"]["maximum"] == FURTHEST and parts["section"]["priceMultiplier"]["maximum"] == DEAREST
    assert schema["properties"]["format"]["const"] == FORMAT


def changed(file: dict[str, Any], *path: Any, to: Any) -> bytes:
    """Spell a file with one value replaced, or taken away where it becomes Ellipsis."""
    copy = json.loads(json.dumps(file))
    at = copy
    for step in path[:-1]:
        at = at[step]
    if to is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = to
    return spelled(copy)


B = ("sections", 0, "rows", 1)
SEAT = (*B, "seats", 2)
MANY = [{"label": str(number), "seatCount": 1_000} for number in range(50)]
PLACE = "section 1, row 2, seat 3"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"\xff{}", "byte 1: the file is not UTF-8"),
        (b'{\n"a": }', "line 2, column 6: this is no JSON"),
        (b"[" * 100_000, "the file is nested too deep"),
        (b'{"format": NaN}', "a number of the file cannot be read"),
        (b"[]", "must be an object, in braces"),
        (changed(HALL, "format", to="boxoffice-hall/2"), "format must be 'boxoffice-hall/1'"),
        (changed(HALL, "name", to=...), "name is missing"),
        (changed(HALL, "seats", to=1), "has a field 'seats', which there is not; there are format"),
        (changed(HALL, "sections", to=[]), "sections must not be empty"),
        (changed(HALL, "sections", to=[HALL["sections"][1]] * 101), "sections has 101 items; 100 are the most"),
        (changed(HALL, "sections", 1, "name", to="STALLS"), "section 2, name: is the name of two sections"),
        (changed(HALL, "sections", 0, "priceMultiplier", to=0), "section 1: priceMultiplier must be"),
        (changed(HALL, *B, "label", to="x" * 11), "section 1, row 2: label must have 10 letters at most"),
        (changed(HALL, *B, "label", to="a"), "section 1, row 2, label: is the label of two rows"),
        (changed(HALL, *B, "tier", to="GOLD"), "section 1, row 2: tier must be one of REGULAR, PREMIUM, VIP"),
        (changed(HALL, *B, "seatCount", to=4), "section 1, row 2: seatCount is 4, and there are 3 seats"),
        (changed(HALL, *B, "seats", to=...), "section 1, row 2: seats or seatCount is missing"),
        (changed(HALL, *SEAT, to=7), f"{PLACE}: must be an object, in braces"),
        (changed(HALL, *SEAT, "label", to=7), f"{PLACE}: label must be a text"),
        (changed(HALL, *SEAT, "label", to="12a"), f"{PLACE}, label: is the label of two seats"),
        (changed(HALL, *SEAT, "label", to="\u202e1"), f"{PLACE}: label must not have U+202E"),
        (changed(HALL, *SEAT, "x", to=1), f"{PLACE}, y: is missing: x and y go together"),
        (changed(HALL, *SEAT, "x", to=1.5), f"{PLACE}: x must be a whole number from 0 to 1000000"),
        (changed(HALL, *SEAT, "x", to=True), f"{PLACE}: x must be a whole number"),
        (changed(HALL, *SEAT, "features", to=["SOFA"]), f"{PLACE}: features must be of WHEELCHAIR"),
        (changed(HALL, *SEAT, "companionOf", to=2), f"{PLACE}, companionOf: must be the number of"),
        (changed(HALL, "areas", to=[{"name": "Lawn"}]), "area 1: capacity is missing"),
        (changed(HALL, "areas", to=[{"name": "Lawn", "capacity": 0}]), "area 1: capacity must be a whole number"),
        (changed(HALL, "areas", to=[{"name": "stalls", "capacity": 1}]), "area 1, name: is the name of two sections"),
        (changed(HALL, "sections", 1, "rows", to=MANY), "has 50006 seats; a screen has 50000 at most"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_hall_is_named_by_its_place(file: bytes, message: str) -> None:
    with pytest.raises(Misread) as error:
        read_hall(file, VENUE)
    assert str(error.value).startswith(message)


ROW = ("zones", 0, "rows", 0)
SECOND = ("zones", 0, "rows", 1, "seats", 0)
FIRST = (*ROW, "seats", 1)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (changed(PLAN, "zones", to=...), "zones must be a list"),
        (changed(PLAN, "zones", to=[]), "zones must not be empty"),
        (changed(PLAN, "zones", 0, "position", to=...), "zone 1: position must have two numbers"),
        (changed(PLAN, *ROW, "row_number", to=1), "zone 1, row 1: row_number must be a text"),
        (changed(PLAN, *ROW, "row_number", to="a long row"), None),
        (changed(PLAN, *ROW, "row_number", to="a longer row"), "zone 1, row 1: row_number must have 10"),
        (changed(PLAN, *FIRST, "category", to="Balcony"), "zone 1, row 1, seat 2: category 'Balcony' is not among"),
        (changed(PLAN, *FIRST, "seat_guid", to="a"), "zone 1, row 1, seat 2: seat_guid 'a' is that of another seat"),
        (changed(PLAN, *FIRST, "seat_number", to="1"), "zone 1, row 1, seat 2: seat_number '1' is"),
        (changed(PLAN, *SECOND, "seat_number", to="3"), "zone 1, row 2, seat 1: seat_number '3' is"),
        (changed(PLAN, *FIRST, "position", to=[1, 2]), "zone 1, row 1, seat 2: position must have two numbers"),
        (changed(PLAN, *FIRST, "position", to={"x": 1}), "zone 1, row 1, seat 2: position must have two numbers"),
        (changed(PLAN, *FIRST, "position", "x", to=1e300), "zone 1, row 1, seat 2: position must have two numbers"),
        (changed(PLAN, *FIRST, "position", "x", to=200_000), "the plan is too large"),
        (changed(PLAN, "categories", to=[{"name": 1}]), "category 1: name must be a text"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_plan_is_named_by_its_place(file: bytes, message: str | None) -> None:
    read: Callable[[], NewScreen] = lambda: read_plan(file, VENUE, "", {})  # noqa: E731
    if message is None:
        assert read()
        return
    with pytest.raises(Misread) as error:
        read()
    assert str(error.value).startswith(message)


def test_a_file_is_read_no_further_than_to_the_most_seats_of_a_hall(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a file of 8 MiB, which has room for millions of seats, takes no more memory than a hall."""
    monkeypatch.setattr(document, "MAX_SEATS_PER_SCREEN", 10)
    monkeypatch.setattr(pretix, "MAX_SEATS_PER_SCREEN", 2)
    full = {"name": "A", "rows": [{"label": "1", "seats": [{}] * 6}]}
    over = {"name": "B", "rows": [{"label": "1", "seats": [{}] * 4}, {"label": "2", "seats": [{}]}, "not read"]}
    with pytest.raises(Misread, match=r"^section 2, row 2: is where the hall comes to have more than"):
        read_hall(spelled({"format": FORMAT, "name": "Wide", "sections": [full, over]}), VENUE)
    with pytest.raises(Misread, match=r"^zone 1, row \d: is where the hall comes to have more than"):
        read_plan(spelled(PLAN), VENUE, "", {})


def test_a_category_that_a_plan_lacks_is_no_tier() -> None:
    with pytest.raises(Misread, match="categories has no 'Balcony'"):
        read_plan(spelled(PLAN), VENUE, "", {"Balcony": "VIP"})
