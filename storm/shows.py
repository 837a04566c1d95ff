"""What there is to buy: shows, made through the API as they are needed, and who gets which of their seats."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from storm.client import StormShop
from storm.history import Json, Request

PRICES = {"REGULAR": 20_001, "PREMIUM": 30_003, "VIP": 50_005}
ROWS_PER_TIER = 4
SEATS_PER_ROW = 30
# Clocks run ahead by hours: a show must still be so far away that everything is refunded.
STARTS_IN = timedelta(days=60)
OPEN_SHOWS = 4
HOT_SEATS = 6
HOT_SECONDS = 5.0


@dataclass(frozen=True)
class OpenShow:
    """A show and its seats that nobody has been sent to yet."""

    id: str
    seats: deque[str]


@dataclass
class Box:
    """The box office: sends customers to seats. Those that it calls hot are sent for by several."""

    shop: StormShop
    chance: random.Random
    shows: list[OpenShow] = field(default_factory=list)
    _hot: tuple[OpenShow, list[str]] | None = None
    _hot_until: float = 0.0
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def open(self) -> None:
        """Make the first shows."""
        while len(self.shows) < OPEN_SHOWS:
            self.shows.append(await make_show(self.shop))

    async def seats(self, count: int) -> tuple[str, list[str]]:
        """Return a show and some of its seats that nobody else is sent to."""
        show = self.chance.choice(self.shows)
        while len(show.seats) < count:
            await self._replace(show)
            show = self.chance.choice(self.shows)
        return show.id, [show.seats.popleft() for _ in range(count)]

    async def hot_seats(self, count: int) -> tuple[str, list[str]]:
        """Return seats that others are sent to at the same time, in any order."""
        if self._hot is None or time.monotonic() > self._hot_until:
            show_id, seats = await self.seats(HOT_SEATS)
            self._hot = OpenShow(show_id, deque()), seats
            self._hot_until = time.monotonic() + HOT_SECONDS
        show, seats = self._hot
        return show.id, self.chance.sample(seats, count)

    async def _replace(self, show: OpenShow) -> None:
        """Make another show in place of one that is used up; whoever comes meanwhile waits for it."""
        async with self._making:
            if show in self.shows:
                made = await make_show(self.shop)
                self.shows[self.shows.index(show)] = made


async def make_show(shop: StormShop) -> OpenShow:
    """Make a show with a movie and a screen of its own."""
    name = uuid4().hex[:8]

    async def make(path: str, body: Json) -> Json:
        return await shop.ask(Request("make", "POST", path, "", "", body, str(uuid4())))

    movie = await make("movies", {"title": f"Storm {name}", "durationMinutes": 100})
    venue = await make("venues", {"name": f"House {name}", "city": "Pune"})
    rows = [
        {"label": f"{tier[0]}{number}", "seatCount": SEATS_PER_ROW, "tier": tier}
        for tier in PRICES
        for number in range(ROWS_PER_TIER)
    ]
    screen = await make(
        f"venues/{venue['id']}/screens", {"name": "Screen 1", "sections": [{"name": "Stalls", "rows": rows}]}
    )
    starts = (datetime.now(UTC) + STARTS_IN).isoformat(timespec="seconds").replace("+00:00", "Z")
    prices = [{"tier": tier, "price": price} for tier, price in PRICES.items()]
    show = await make(
        "shows", {"movieId": movie["id"], "screenId": screen["id"], "startTime": starts, "prices": prices}
    )
    seats = await shop.ask(Request("map", "GET", f"seats/shows/{show['id']}", "", show["id"]))
    return OpenShow(show["id"], deque(seat["id"] for seat in seats["seats"]))
