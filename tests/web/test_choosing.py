"""What can be chosen: kinds of tickets, and how many seats."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from boxoffice.booking.v1.tariffs_pb2 import Kind
from boxoffice.inventory.v1.catalog_pb2 import Event, ListShowsResponse, Show
from boxoffice.inventory.v1.seat_pb2 import Seat
from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.process.settings import load
from stack import web
from stack.credentials import Credentials
from stack.launcher import temporary_settings
from web.catalogue import shows_of
from web.choosing import _chosen_kinds, _names
from web.numbers import number
from web.settings import Settings


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


def test_the_shop_has_the_limit_that_inventory_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MAX_SEATS_PER_USER", "8")
    settings = temporary_settings(tmp_path, auth="off", shop="on")
    [program] = web.programs(settings, Credentials({"session": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ1Njc4"}))
    for name, value in program.environment.items():
        monkeypatch.setenv(name, value)
    assert load(Settings, "web").max_seats_per_user == 8


async def test_an_event_has_more_dates_than_come_with_it() -> None:
    shows = [Show(id=str(number), start_time=Timestamp(seconds=2_000_000_000 + number)) for number in range(22)]
    asked: list[Any] = []

    async def list_shows(**fields: Any) -> ListShowsResponse:
        asked.append(fields["from_"].timestamp())
        return ListShowsResponse(shows=shows[19:])

    visit: Any = SimpleNamespace(services=SimpleNamespace(list_shows=list_shows))
    assert list(await shows_of(visit, Event(shows=shows[:20]))) == shows
    assert list(await shows_of(visit, Event(shows=shows[:19]))) == shows[:19]
    assert asked == [2_000_000_019]
