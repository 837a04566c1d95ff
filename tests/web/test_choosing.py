"""Kinds of tickets: what a seat can be, and what a form says that it is."""

from types import SimpleNamespace
from typing import Any

from aiohttp.test_utils import make_mocked_request
from boxoffice.booking.v1.tariffs_pb2 import Kind
from boxoffice.inventory.v1.seat_pb2 import Seat

from web.choosing import _chosen_kinds, _names
from web.numbers import number


def asked(query: str) -> Any:
    return SimpleNamespace(request=make_mocked_request("GET", f"/order?{query}"))


async def test_seats_without_a_kind_are_adults_beside_those_with_one() -> None:
    assert await _chosen_kinds(asked("kind-a=CHILD"), ["a", "b"]) == ["CHILD", "ADULT"]
    assert await _chosen_kinds(asked("kind-a=ADULT&kind-b="), ["a", "b"]) == []


def test_a_seat_has_each_kind_of_its_tier_once() -> None:
    kinds = [Kind(kind="CHILD"), Kind(kind="CHILD", tier=Seat.VIP), Kind(kind="CLUB_MEMBER", tier=Seat.VIP)]
    assert _names(kinds, Seat.REGULAR) == ["ADULT", "CHILD"]
    assert _names(kinds, Seat.VIP) == ["ADULT", "CHILD", "CLUB_MEMBER"]


def test_what_is_no_number_is_what_it_is_otherwise() -> None:
    for text in ("", "x", "-1", "1.5", "\u0663", 5_000 * "9"):
        assert number(text, least=1, most=9, otherwise=4) == 4
    assert [number(text, least=1, most=9, otherwise=4) for text in ("0", "5", "99")] == [1, 5, 9]
