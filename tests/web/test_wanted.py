"""What forms and addresses want of a map of seats, and maps in pages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from boxoffice.inventory.v1.inventory_pb2 import SeatMap
from boxoffice.inventory.v1.seat_pb2 import Seat, ShowSeat
from multidict import MultiDict

from tests.web.test_plan import ids, row
from web.choosing import whole_map
from web.pages import OPEN, seat_state
from web.plan import spots
from web.wanted import MOST_LETTERS, MOST_SEATS, Wanted

AREA = "0a000000-0000-4000-8000-000000000001"


def test_a_code_is_taken_of_a_form_and_of_no_address() -> None:
    given = MultiDict({"code": f" FRIENDS{'x' * 100} "})
    assert Wanted.read(given, is_form=True).code == f"FRIENDS{'x' * 100}"[:MOST_LETTERS]
    assert Wanted.read(given, is_form=False).code == ""


def test_what_is_no_number_is_not_wanted() -> None:
    given = MultiDict([("best", "x"), ("part", "-1"), ("tier", "9" * 50), ("seat", "a"), ("seat", "b")])
    given.extend({f"area-{AREA}": "3", "area-x": "no"})
    wanted = Wanted.read(given, is_form=False)
    assert (wanted.best, wanted.part, wanted.tier, wanted.seats) == (0, 0, 0, {"a", "b"})
    assert wanted.places == {AREA: 3}
    assert Wanted.read(MultiDict({"best": "9" * 9}), is_form=False).best == MOST_SEATS


def chosen(seats: list[ShowSeat], *, lost: bool = False, **given: str) -> tuple[set[str], list[str]]:
    asked = MultiDict((name, value) for name, values in given.items() for value in values.split())
    picked, proposed = Wanted.read(asked, is_form=lost).choose(seats, spots(seats), lost=lost)
    return set(picked), ids(proposed)


def test_seats_are_proposed_where_some_are_gone_and_chosen_where_they_were_asked_for() -> None:
    seats = row("A", [1, 2, 5, 6, 7])
    assert chosen(seats, lost=True, seat="SA3 SA5") == ({"SA3", "SA5"}, ["SA5", "SA6"])
    assert chosen(seats, lost=True, seat="SA5 SA6") == ({"SA5", "SA6"}, [])  # refused for another reason
    assert chosen(seats, seat="SA3 SA5") == ({"SA3", "SA5"}, [])
    assert chosen(seats, instead="SA3", seat="SA5") == ({"SA5", "SA6"}, ["SA5", "SA6"])
    assert chosen(seats, instead="SA3", seat="SA4 SA5 SA6 SA7 SA8") == ({"SA4", "SA5", "SA6", "SA7", "SA8"}, [])
    assert chosen(seats, best="3") == ({"SA5", "SA6", "SA7"}, ["SA5", "SA6", "SA7"])
    assert chosen(seats, best="2", tier=str(Seat.VIP)) == (set(), [])


def test_a_blocked_seat_is_open_to_who_has_a_code_and_a_taken_one_to_nobody() -> None:
    states = {
        status: (seat_state(ShowSeat(status=status), ""), seat_state(ShowSeat(status=status), "FRIENDS"))
        for status in ShowSeat.Status.values()
    }
    may = {ShowSeat.Status.Name(status): [state in OPEN for state in both] for status, both in states.items()}
    assert may.pop("AVAILABLE") == [True, True] and may.pop("BLOCKED") == [False, True]
    assert {tuple(each) for each in may.values()} == {(False, False)}


async def test_a_map_of_several_pages_is_one_and_is_watched_from_its_oldest_page_on() -> None:
    pages = {
        "": SeatMap(seats=row("A", []), sequence=7, next_page_token="b"),
        "b": SeatMap(seats=row("B", []), sequence=5, next_page_token="c"),
        "c": SeatMap(seats=row("C", []), sequence=9),
    }

    async def get_seat_map(*, page_token: str = "", **asked: Any) -> SeatMap:
        assert asked["show_id"] == "show" and asked["section"] == "Stalls"
        return pages[page_token]

    visit: Any = SimpleNamespace(user_id="", services=SimpleNamespace(get_seat_map=get_seat_map))
    found = await whole_map(visit, "show", "Stalls")
    assert ids(found.seats) == [f"S{name}{number}" for name in "ABC" for number in range(1, 11)]
    assert found.sequence == 5
