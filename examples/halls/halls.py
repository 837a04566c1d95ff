"""Ten invented halls, in the form that POST /api/v1/venues/{venueId}/halls takes (docs/halls.md).

`python examples/halls/halls.py FOLDER` writes them there as files.
"""

import json
import sys
from collections.abc import Callable, Iterable
from math import cos, pi, sin
from pathlib import Path
from typing import Any

Seat = dict[str, Any]
Row = dict[str, Any]
Section = dict[str, Any]
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""No I and no O: they look like numbers."""
APART = 50
"""Between two seats, in centimetres."""


def row(label: object, seats: Iterable[Seat], tier: str = "REGULAR") -> Row:
    return {"label": str(label), "tier": tier, "seats": list(seats)}


def section(name: str, rows: Iterable[Row], multiplier: int = 1_000) -> Section:
    return {"name": name, **({"priceMultiplier": multiplier} if multiplier != 1_000 else {}), "rows": list(rows)}


def hall(name: str, *sections: Section, areas: Iterable[Section] = ()) -> dict[str, Any]:
    made = {"format": "boxoffice-hall/1", "name": name, "sections": list(sections)}
    return made | ({"areas": list(areas)} if areas else {})


def area(name: str, capacity: int, **more: Any) -> Section:
    return {"name": name, "capacity": capacity, "tier": "REGULAR"} | more


def straight(labels: Iterable[object], y: int, x: int = 0, **more: Any) -> list[Seat]:
    return [{"label": str(label), "x": x + n * APART, "y": y, **more} for n, label in enumerate(labels)]


def arc(labels: Iterable[object], radius: int, begin: float, end: float, middle: tuple[int, int]) -> list[Seat]:
    """Seats on an arc, from one angle to another, in parts of a half circle."""
    listed = list(labels)
    seats = []
    for n, label in enumerate(listed):
        angle = pi * (begin + (end - begin) * (n / max(1, len(listed) - 1)))
        x, y = middle[0] - radius * cos(angle), middle[1] + radius * sin(angle)
        seats.append({"label": str(label), "x": round(x), "y": round(y)})
    return seats


def odd_and_even(count: int) -> list[int]:
    """Numbers as theatres have them: odd ones to the left, even ones to the right, 1 and 2 in the middle."""
    return [*range(2 * (count // 2) - 1, 0, -2), *range(2, 2 * (count - count // 2) + 1, 2)]


def theatre() -> dict[str, Any]:
    stalls = (
        row(label, arc(odd_and_even(16 + n), 600 + 90 * n, 0.25, 0.75, (2_500, 0)), "PREMIUM" if n < 5 else "REGULAR")
        for n, label in enumerate(LETTERS[:14])
    )
    circle = (row(label, arc(odd_and_even(30), 2_000 + 90 * n, 0.2, 0.8, (2_500, 0))) for n, label in enumerate("ABCD"))
    return hall("The Curved House", section("Stalls", stalls), section("Circle", circle, 800))


def opera() -> dict[str, Any]:
    parterre = (row(n + 1, straight(range(1, 21), 300 + 90 * n, 600), "VIP") for n in range(12))
    boxes = []
    for box in range(16):
        left = box < 8
        seats = straight(range(1, 5), 300 + 120 * (box % 8), 200 if left else 1_800)
        for seat in seats[2:]:
            seat["features"] = ["RESTRICTED_VIEW"]
        boxes.append(row(f"Box {box + 1}", seats, "VIP"))
    return hall("Marble Opera", section("Parterre", parterre), section("Boxes", boxes, 1_250))


def arena() -> dict[str, Any]:
    blocks = []
    for block in range(12):
        begin, end = (2 * block) / 12, (2 * block + 1.8) / 12
        rows = (row(n + 1, arc(range(1, 25), 3_000 + 80 * n, begin, end, (5_000, 5_000))) for n in range(15))
        blocks.append(section(f"Block {101 + block}", rows, 1_400 if block in (2, 3, 8, 9) else 1_000))
    return hall("Twelve Winds Arena", *blocks)


def cinema() -> dict[str, Any]:
    """A cinema with two aisles, whose numbers go on as if there were seats in them, and no row I."""
    rows = []
    for n, label in enumerate(LETTERS[:12]):
        seats = [
            {"label": str(number), "x": number * APART, "y": n * 110}
            for number in range(1, 23)
            if number not in (6, 17)
        ]
        rows.append(row(label, seats, "PREMIUM" if n >= 9 else "REGULAR"))
    for wheelchair, companion in ((0, 1), (19, 18)):
        rows[0]["seats"][wheelchair]["features"] = ["WHEELCHAIR"]
        rows[0]["seats"][companion]["companionOf"] = wheelchair + 1
    return hall("Screen 7", section("Auditorium", rows))


def recliners() -> dict[str, Any]:
    return hall("Gold Screen", section("Recliners", (row(n, straight("ABCDEF", n * 200), "VIP") for n in range(1, 7))))


def club() -> dict[str, Any]:
    tables = []
    for table in range(14):
        middle = 300 + 400 * (table % 5), 400 + 400 * (table // 5)
        around = [("North", 0, -80), ("East", 80, 0), ("South", 0, 80), ("West", -80, 0)]
        seats = [{"label": side, "x": middle[0] + x, "y": middle[1] + y} for side, x, y in around]
        tables.append(row(f"Table {table + 1}", seats, "PREMIUM" if table < 5 else "REGULAR"))
    bar = row("Bar", straight(range(1, 11), 1_800, 300))
    floor = area("Dance floor", 250, priceMultiplier=500)
    return hall("Blue Cellar", section("Tables", tables), section("Bar", [bar], 700), areas=[floor])


def open_air() -> dict[str, Any]:
    tiers = (row(n + 1, arc(range(1, 41 + 4 * n), 1_000 + 100 * n, 0.0, 1.0, (4_000, 0))) for n in range(20))
    return hall(
        "Quarry Stage", section("Stone steps", tiers), areas=[area("Meadow", 800), area("Front", 100, tier="VIP")]
    )


def concert_hall() -> dict[str, Any]:
    floor = (row(label, straight(odd_and_even(28), 1_000 + 100 * n)) for n, label in enumerate(LETTERS[:18]))
    choir = (row(label, straight(range(1, 25), 100 * n, 100)) for n, label in enumerate("ABC"))
    return hall("Lindenfeld Hall", section("Floor", floor), section("Choir", choir, 600))


def stadium() -> dict[str, Any]:
    stands = [("North", 0), ("South", 6_000)]
    made = []
    for name, y in stands:
        rows = (row(n + 1, straight(range(1, 101), y + 80 * n)) for n in range(30))
        made.append(section(f"{name} stand", rows))
    return hall("Harbour Ground", *made)


def nave() -> dict[str, Any]:
    """Pews that are numbered from the right, and have a 12A and no 13."""
    numbers = [*range(16, 13, -1), "12A", *range(12, 0, -1)]
    pews = []
    for n in range(20):
        seats = straight(numbers, 200 + 100 * n)
        if n % 5 == 4:
            for seat in seats[:2]:
                seat["features"] = ["RESTRICTED_VIEW"]  # a pillar
        pews.append(row(n + 1, seats))
    return hall("Saint Alder's", section("Nave", pews))


HALLS: tuple[Callable[[], dict[str, Any]], ...] = (
    *(theatre, opera, arena, cinema, recliners, club, open_air, concert_hall, stadium, nave),
)


def main() -> None:
    folder = Path(sys.argv[1])
    for make in HALLS:
        file = folder / f"{make.__name__.replace('_', '-')}.json"
        file.write_text(json.dumps(make(), separators=(",", ":")), encoding="utf-8")
        print(file)


if __name__ == "__main__":
    main()
