"""An on-sale: everybody comes at once, wants two seats together near the front, and some have trouble with their bank.

Nobody knows what others are about to take: who finds the seats gone looks for others. Who is declined tries again, and
gives up after the third time; those seats are sold to others. It ends when every seat is paid for.
"""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import uuid4

from bench.cases import Case
from bench.load import Load
from bench.measure import Result
from bench.shops import Refused, Shop
from bench.stories import until_confirmed
from bench.world import World

SEATS, QUICK_SEATS = 50_000, 2_000
CLIENTS = 256
SPREAD = 300
"""How many pairs from the front customers look at, on average."""
TRIES = 3
LATER = ("OVERLOADED", "UNAVAILABLE", "DEADLINE_EXCEEDED", "PAYMENT_IN_PROGRESS", "REQUEST_IN_PROGRESS")
"""Refusals after which one comes back."""
COME_BACK_SECONDS = 0.2
COME_BACKS = 50
MOST_SECONDS = 300

OVERSOLD = """
    SELECT count(*) FROM (
        SELECT s.seat_id FROM booking_seats s JOIN bookings b ON b.id = s.booking_id
        WHERE b.show_id = %s AND b.state IN ('CONFIRMING', 'CONFIRMED') GROUP BY s.seat_id HAVING count(*) > 1
    ) AS twice
"""
PAID = "SELECT count(*) FROM show_seats WHERE show_id = %s AND status = 'BOOKED'"


@dataclass
class Sale:
    """What customers see of the show: the pairs that nobody has, by their distance from the front."""

    show: str
    seats: Sequence[str]
    free: list[int] = field(default_factory=list)
    unsold: int = 0

    def __post_init__(self) -> None:
        self.unsold = len(self.seats) // 2
        self.free = list(range(self.unsold))

    def __iter__(self) -> Iterator[Sale]:
        """Yield the sale to each new customer until all is sold."""
        while self.unsold:
            yield self

    async def pick(self, chance: random.Random) -> int | None:
        """Choose a pair, or return None when all are sold. While others think about the last ones, wait."""
        while not self.free:
            if not self.unsold:
                return None
            await asyncio.sleep(COME_BACK_SECONDS)
        return self.free[min(int(chance.expovariate(1 / SPREAD)), len(self.free) - 1)]

    def take(self, pair: int) -> None:
        place = bisect_left(self.free, pair)
        if self.free[place : place + 1] == [pair]:
            del self.free[place]

    def give_back(self, pair: int) -> None:
        insort(self.free, pair)


def cases() -> list[Case]:
    """Return the one case."""
    return [Case("onsale", "tickets", run, once=True)]


def run(world: World) -> Result:
    """Sell a show out. `seats_per_second` counts paid seats; `unpaid` and `oversold` must be 0."""
    show = world.show(QUICK_SEATS if world.quick else SEATS)
    sale = Sale(show.id, show.seats)
    [tally], usage = world.run(Load(purchase, sale, world.target, CLIENTS, seconds=MOST_SECONDS))
    server = world.stack.server
    with server.connect("inventory") as inventory, server.connect("booking") as booking:
        [(paid,)] = inventory.execute(PAID, [show.id]).fetchall()
        [(oversold,)] = booking.execute(OVERSOLD, [show.id]).fetchall()
    return tally.result(usage, seats_per_second=paid / tally.seconds, unpaid=len(show.seats) - paid, oversold=oversold)


async def purchase(shop: Shop, sale: Sale, figures: Counter[str]) -> None:
    """Buy two seats as a new user. Counts `conflicts`, `declines`, `come_backs` and `polls`."""
    user = str(uuid4())
    while (pair := await sale.pick(random.Random())) is not None:
        seats, key = sale.seats[2 * pair : 2 * pair + 2], str(uuid4())
        try:
            booking = await _patiently(lambda: shop.book(user, sale.show, seats, key), figures)  # noqa: B023  awaited here
        except Refused as refused:
            if refused.reason != "SEATS_UNAVAILABLE":
                raise
            figures["conflicts"] += 1
            continue
        sale.take(pair)
        if await _paid(shop, user, booking, figures):
            sale.unsold -= 1
            return
        await _patiently(lambda: shop.cancel(user, booking, str(uuid4())), figures)  # noqa: B023
        sale.give_back(pair)
        raise Refused("GAVE UP")
    raise Refused("SOLD OUT")


async def _paid(shop: Shop, user: str, booking: str, figures: Counter[str]) -> bool:
    for _ in range(TRIES):
        session = await _patiently(lambda: shop.initiate(user, booking, str(uuid4())), figures)
        if await _patiently(lambda: shop.pay(session), figures) == "CAPTURED":  # noqa: B023
            await until_confirmed(shop, user, figures)
            return True
        figures["declines"] += 1
    return False


A = TypeVar("A")


async def _patiently(ask: Callable[[], Awaitable[A]], figures: Counter[str]) -> A:
    """Ask, and come back while the answer is to do so."""
    for left in reversed(range(COME_BACKS)):
        try:
            return await ask()
        except Refused as refused:
            if refused.reason not in LATER or not left:
                raise
        figures["come_backs"] += 1
        await asyncio.sleep(COME_BACK_SECONDS)
    raise AssertionError("the last try returns or raises")
