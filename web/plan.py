"""Where seats are drawn: as the hall's plan has them, or else row by row."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import hypot
from statistics import median

from boxoffice.inventory.v1 import seat_pb2

WIDEST = 400
"""A plan of more seats' widths than this shows nothing but gaps: its rows are drawn one below the other instead."""

BETWEEN_SECTIONS = 2
"""So many rows' heights are between the last row of a section and the first row of the next."""

Seats = Sequence[seat_pb2.ShowSeat]
Row = tuple[str, list[seat_pb2.ShowSeat]]
Rows = list[tuple[str, list[Row]]]
"""Rows by their section."""


@dataclass(frozen=True, slots=True)
class Spot:
    """The middle of a seat, in hundredths of the distance between two neighbours: to the right, and downwards."""

    x: int
    y: int

    def apart(self, other: Spot) -> float:
        """Return how far apart two seats are, in the same unit."""
        return hypot(self.x - other.x, self.y - other.y)


def rows_of(seats: Iterable[seat_pb2.ShowSeat]) -> Rows:
    """Return seats by section and row, in the order in which they came."""
    return [
        (section, [(row, list(each)) for row, each in groupby(of_section, key=lambda seat: seat.row)])
        for section, of_section in groupby(seats, key=lambda seat: seat.section)
    ]


def parts(rows: Rows, most: int) -> list[Rows]:
    """Return rows in parts of so many seats at most, in their order, one part at least; a row stays whole."""
    found: list[Rows] = [[]]
    count = 0
    for section, of_section in rows:
        for row in of_section:
            if count and count + len(row[1]) > most:
                found.append([])
                count = 0
            if not found[-1] or found[-1][-1][0] != section:
                found[-1].append((section, []))
            found[-1][-1][1].append(row)
            count += len(row[1])
    return found


def part_with(parts: Sequence[Rows], seats: Container[str]) -> int:
    """Return which of the parts has the first of some seats, from 0; the first part where none has."""
    for number, part in enumerate(parts):
        if any(seat.id in seats for _, rows in part for _, row in rows for seat in row):
            return number
    return 0


def spots(seats: Seats) -> dict[str, Spot]:
    """Return where each seat is drawn, by its id; the least of each direction is 0."""
    found = _as_planned(seats) if all(seat.HasField("x") for seat in seats) else None
    return found or _row_by_row(seats)


def _as_planned(seats: Seats) -> dict[str, Spot] | None:
    """Return where seats are by the hall's plan; None where that is of no use."""
    unit = _distance(seats)
    if not unit:
        return None
    left, top = min(seat.x for seat in seats), min(seat.y for seat in seats)
    if max(max(seat.x for seat in seats) - left, max(seat.y for seat in seats) - top) > WIDEST * unit:
        return None
    return {seat.id: Spot(round(100 * (seat.x - left) / unit), round(100 * (seat.y - top) / unit)) for seat in seats}


def _distance(seats: Seats) -> float:
    """Return how far apart neighbours are, those of a row or of two rows, in the plan's unit; 0: it cannot be said.

    It is the least distance, but for a few that are much less than the others, as by a slip of whoever drew the plan.
    """
    apart: list[float] = []
    for _, rows in rows_of(seats):
        for _, row in rows:
            apart += [_between(one, two) for one, two in pairwise(row)]
        for (_, before), (_, row) in pairwise(rows):
            for seat in {each.id: each for each in (row[0], row[len(row) // 2], row[-1])}.values():
                apart.append(min(_between(seat, other) for other in before))
    apart = [each for each in apart if each > 0]
    return max(min(apart), median(apart) / 2) if apart else 0


def _between(one: seat_pb2.ShowSeat, two: seat_pb2.ShowSeat) -> int:
    """Return how far apart two seats are in the direction that parts them more, as seats are drawn as squares."""
    return max(abs(one.x - two.x), abs(one.y - two.y))


def _row_by_row(seats: Seats) -> dict[str, Spot]:
    """Return places in rows one below the other, each in the middle."""
    listed = rows_of(seats)
    widest = max((len(row) for _, rows in listed for _, row in rows), default=0)
    found: dict[str, Spot] = {}
    y = 0
    for _, rows in listed:
        for _, row in rows:
            begin = 50 * (widest - len(row))
            found |= {seat.id: Spot(begin + 100 * place, y) for place, seat in enumerate(row)}
            y += 100
        y += 100 * (BETWEEN_SECTIONS - 1)
    return found
