"""Free seats to take instead of others, or to begin with: side by side, as near as can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import hypot
from statistics import median

from boxoffice.inventory.v1 import seat_pb2

from web.plan import Seats, Spot, rows_of

NEIGHBOURS = 1.6
"""Seats further apart than so many times what is usual in their row have an aisle, or other seats, between them."""

ANOTHER_ROW = 1.5
"""A seat in the next row is so many times as far away as one beside it."""

KEPT_FOR_WHO_NEEDS_THEM = {seat_pb2.Seat.WHEELCHAIR, seat_pb2.Seat.COMPANION}

Group = Sequence[seat_pb2.ShowSeat]


def instead(seats: Seats, spots: Mapping[str, Spot], wanted: Iterable[str]) -> list[seat_pb2.ShowSeat]:
    """Return free seats to take in place of those that were wanted, as many, of their tiers; nothing where too few are.

    Those of the wanted that are free still are kept where seats beside them are free, too.
    """
    lost = [seat for seat in seats if seat.id in set(wanted)]
    if not lost:
        return []
    tiers = {seat.tier for seat in lost}
    return together([seat for seat in seats if seat.tier in tiers], spots, len(lost), _middle(lost, spots))


def best(seats: Seats, spots: Mapping[str, Spot], count: int, tier: int) -> list[seat_pb2.ShowSeat]:
    """Return the best free seats of a tier, or of all where `tier` is 0; nothing where there are too few.

    Those are best that are next to the middle, two fifths of the way to the back.
    """
    ways = spots.values()
    middle = Spot(max((each.x for each in ways), default=0) // 2, 2 * max((each.y for each in ways), default=0) // 5)
    return together([seat for seat in seats if tier in (0, seat.tier)], spots, count, middle)


def together(seats: Seats, spots: Mapping[str, Spot], count: int, near: Spot) -> list[seat_pb2.ShowSeat]:
    """Return so many free seats near a spot: side by side where there are such, else each as near as can be."""
    runs = list(_runs(seats, spots))
    groups = [run[begin : begin + count] for run in runs for begin in range(len(run) - count + 1)]

    def away(group: Group) -> float:
        middle = _middle(group, spots)
        return hypot(middle.x - near.x, ANOTHER_ROW * (middle.y - near.y))

    if groups and count:
        return min(groups, key=away)
    single = sorted((seat for run in runs for seat in run), key=lambda seat: away([seat]))
    return single[:count] if len(single) >= count else []


def _runs(seats: Seats, spots: Mapping[str, Spot]) -> Iterator[list[seat_pb2.ShowSeat]]:
    """Yield the free seats that are side by side, as many as there are each time."""
    for _, rows in rows_of(seats):
        for _, row in rows:
            placed = sorted(row, key=lambda seat: (spots[seat.id].x, spots[seat.id].y))
            usual = median([spots[one.id].apart(spots[two.id]) for one, two in pairwise(placed)] or [0])
            run: list[seat_pb2.ShowSeat] = []
            for seat in filter(_is_for_anybody, placed):
                if run and spots[run[-1].id].apart(spots[seat.id]) > NEIGHBOURS * usual:
                    yield run
                    run = []
                run.append(seat)
            if run:
                yield run


def _is_for_anybody(seat: seat_pb2.ShowSeat) -> bool:
    """Tell whether a seat is free, and not kept for people with a wheelchair and whoever comes with them."""
    return seat.status == seat_pb2.ShowSeat.AVAILABLE and not KEPT_FOR_WHO_NEEDS_THEM & set(seat.features)


def _middle(seats: Group, spots: Mapping[str, Spot]) -> Spot:
    """Return the middle of some seats."""
    ways = [spots[seat.id] for seat in seats]
    return Spot(sum(each.x for each in ways) // len(ways), sum(each.y for each in ways) // len(ways))
