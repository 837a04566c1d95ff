"""How often the shop asks the services for its pages."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from boxoffice.inventory.v1.catalog_pb2 import Event, ListEventsResponse, ListShowsResponse, Show, TierPrice
from boxoffice.inventory.v1.reviews_pb2 import ListReviewsResponse
from boxoffice.inventory.v1.seat_pb2 import Seat

from web import catalogue, shared
from web.pages import Pages
from web.sessions import anonymous
from web.shared import Shared
from web.visits import VISIT, Visit

pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.web.NotAppKeyWarning")


class Services:
    """Services that count their calls; all that is on are so many events, each with a show."""

    def __init__(self, events: int) -> None:
        self.calls: Counter[str] = Counter()
        show = Show(id="s", time_zone="UTC", currency="INR", prices=[TierPrice(tier=Seat.REGULAR, price=1)])
        self._events = [Event(id=str(number), shows=[show]) for number in range(events)]

    async def list_events(self, limit: int, **asked: Any) -> ListEventsResponse:
        self.calls["ListEvents"] += 1
        return ListEventsResponse(events=self._events[:limit], total=len(self._events))

    async def list_shows(self, **asked: Any) -> ListShowsResponse:
        self.calls["ListShows"] += 1
        return ListShowsResponse()

    async def get_event(self, **asked: Any) -> Event:
        self.calls["GetEvent"] += 1
        return self._events[0]

    async def list_reviews(self, **asked: Any) -> ListReviewsResponse:
        self.calls["ListReviews"] += 1
        return ListReviewsResponse()


async def visit(services: Services, path: str, kept: Shared, user_id: str = "") -> str:
    """Visit a page and return it."""
    request = make_mocked_request("GET", path, match_info={"event_id": "0"})
    pages = Pages("http://shop.example", most_seats=6)
    called: Any = services
    request[VISIT] = Visit(request, pages, called, replace(anonymous(), user_id=user_id), is_known=False, shared=kept)
    pages_of = {"/": catalogue.home, "/events": catalogue.events, "/events/0": catalogue.event}
    answer: Any = await pages_of[path](request)
    return str(answer.text)


@pytest.mark.parametrize(
    ("path", "calls"),
    [("/", {"ListEvents": 2}), ("/events", {"ListEvents": 1}), ("/events/0", {"GetEvent": 1, "ListReviews": 1})],
)
async def test_a_page_asks_as_often_however_many_events_it_has_and_once_for_all_who_are_not_signed_in(
    path: str, calls: dict[str, int]
) -> None:
    for events in (1, 12):
        services, kept = Services(events), Shared()
        first, second = [await visit(services, path, kept) for _ in range(2)]
        assert first == second and "<time" in first
        assert services.calls == calls
        await visit(services, path, kept, "u")
        assert services.calls == {name: 2 * count for name, count in calls.items()}, "who is signed in asks himself"


async def test_an_answer_is_shared_for_a_second_and_a_failure_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked = 100.0, 0
    gate = asyncio.Event()
    kept = Shared(lambda: now)

    async def ask() -> int:
        nonlocal asked
        asked += 1
        await gate.wait()
        if asked == 3:
            raise LookupError
        return asked

    first, others = [asyncio.create_task(kept.answer("a", ask)) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()
    gate.set()
    assert await others == 1, "the one who came first is gone, the answer is not"
    now += shared.SECONDS - 0.001
    assert await kept.answer("a", ask) == 1
    assert await kept.answer("b", ask) == 2
    now += 0.001
    with pytest.raises(LookupError):
        await kept.answer("a", ask)
    assert await kept.answer("a", ask) == 4
    monkeypatch.setattr(shared, "MOST", 2)
    assert await kept.answer("c", ask) == 5
    assert [await kept.answer(key, ask) for key in "cab"] == [5, 4, 6], "two are kept, those that were asked for last"
