"""Where seats are drawn, and which are proposed in place of others."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from math import cos, sin

from boxoffice.inventory.v1.seat_pb2 import Seat, ShowSeat

from web.nearby import best, instead
from web.plan import Spot, part_with, parts, rows_of, spots

FREE, TAKEN = ShowSeat.AVAILABLE, ShowSeat.BOOKED


def row(name: str, free: Iterable[int], *, section: str = "Stalls", seats: int = 10, **more: object) -> list[ShowSeat]:
    """Return a row of seats, of which some are free."""
    numbers, given = set(free), {"tier": Seat.REGULAR} | more
    return [
        ShowSeat(
            id=f"{section[0]}{name}{number}",
            section=section,
            row=name,
            number=number,
            status=FREE if number in numbers else TAKEN,
            **given,  # type: ignore[arg-type]
        )
        for number in range(1, seats + 1)
    ]


def ids(seats: Iterable[ShowSeat]) -> list[str]:
    return [seat.id for seat in seats]


def test_rows_without_a_plan_stand_one_below_the_other_in_the_middle() -> None:
    seats = [*row("A", [], seats=4), *row("B", [], seats=2), *row("C", [], section="Circle", seats=4)]
    found = spots(seats)
    assert [found[each] for each in ("SA1", "SA4", "SB1", "CC1")] == [
        Spot(0, 0),
        Spot(300, 0),
        Spot(100, 100),
        Spot(0, 300),
    ]


def test_seats_of_a_plan_stay_where_it_has_them_and_the_nearest_neighbours_are_one_seat_apart() -> None:
    seats = [*row("A", [], seats=5), *row("B", [], seats=5)]
    for place, seat in enumerate(seats):
        angle, far = (place % 5) / 10, 500 + 60 * (place // 5)
        seat.x, seat.y = round(1_000 - far * cos(angle)), round(far * sin(angle))
    found = spots(seats)
    squares = [max(abs(one.x - two.x), abs(one.y - two.y)) for one, two in combinations(found.values(), 2)]
    assert 99 <= min(squares) <= 101
    assert found["SA1"].y < found["SA3"].y < found["SA5"].y
    assert min(each.x for each in found.values()) == min(each.y for each in found.values()) == 0


def test_a_plan_of_no_use_is_drawn_row_by_row() -> None:
    for x in (lambda place: 7, lambda place: 10 * place if place < 9 else 900_000):
        seats = row("A", [])
        for place, seat in enumerate(seats):
            seat.x, seat.y = x(place), 0
        assert [each.x for each in spots(seats).values()] == list(range(0, 1_000, 100))


def test_seats_instead_are_side_by_side_and_as_near_as_can_be() -> None:
    seats = [*row("A", [1, 2, 9, 10]), *row("B", [4, 6, 8, 9])]
    assert ids(instead(seats, spots(seats), ["SA5", "SA6"])) == ["SB8", "SB9"]
    assert ids(instead(seats, spots(seats), ["SA2"])) == ["SA2"]


def test_an_aisle_is_not_side_by_side() -> None:
    seats = row("A", [3, 4, 8, 9])
    for place, seat in enumerate(seats):
        seat.x, seat.y = 10 * place + (30 if place > 2 else 0), 0
    assert ids(instead(seats, spots(seats), ["SA3", "SA4"])) == ["SA8", "SA9"]


def test_where_no_seats_are_side_by_side_each_is_as_near_as_can_be_and_too_few_are_none() -> None:
    seats = row("A", [1, 4, 6])
    assert ids(instead(seats, spots(seats), ["SA4", "SA5"])) == ["SA4", "SA6"]
    assert instead(seats, spots(seats), ["SA1", "SA2", "SA3", "SA4"]) == []
    assert instead(seats, spots(seats), ["of another show"]) == []


def test_seats_instead_cost_what_the_others_did_and_none_are_kept_for_somebody() -> None:
    dear, kept = row("B", [5, 6], tier=Seat.VIP), row("C", [5, 6], features=[Seat.WHEELCHAIR])
    seats = [*row("A", [1]), *dear, *kept]
    assert ids(instead(seats, spots(seats), ["SA5"])) == ["SA1"]


def test_the_best_seats_are_in_the_middle() -> None:
    seats = [seat for name in "ABCDEFGHIJ" for seat in row(name, range(1, 11))]
    assert ids(best(seats, spots(seats), 2, 0)) == ["SE5", "SE6"]
    assert best(seats, spots(seats), 2, Seat.VIP) == [] and best([], {}, 2, 0) == []
    assert len(best(seats, spots(seats), 11, Seat.REGULAR)) == 11


def test_a_large_section_is_shown_some_whole_rows_at_a_time() -> None:
    seats = [seat for name in "ABCDE" for seat in row(name, [])] + row("A", [], section="Circle")
    found = parts(rows_of(seats), 25)
    assert [[(section, [name for name, _ in rows]) for section, rows in part] for part in found] == [
        [("Stalls", ["A", "B"])],
        [("Stalls", ["C", "D"])],
        [("Stalls", ["E"]), ("Circle", ["A"])],
    ]
    assert ids(seat for part in found for _, rows in part for _, each in rows for seat in each) == ids(seats)
    assert [part_with(found, {"SD5"}), part_with(found, {"CA1", "SE1"}), part_with(found, set())] == [1, 2, 0]
    assert len(parts(rows_of(seats), 5)) == 6 and parts([], 5) == [[]]
