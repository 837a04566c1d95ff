"""Logins from everywhere while seats are sold: comparing a password takes long, on purpose, and no booking waits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from bench.cases import Case
from bench.load import Load
from bench.measure import OK, Latencies, Result
from bench.shops import RestShop, Shop
from bench.stories import book
from bench.world import World

ACCOUNTS = 100
LOGINS_PER_SECOND = 20
BOOKINGS_PER_SECOND = 300
SECONDS, QUICK_SECONDS = 30, 4
REGISTER_SECONDS = 10


@dataclass(frozen=True)
class Person:
    """Who logs in, and from where."""

    email: str
    address: str
    password: str = field(repr=False)


def cases() -> list[Case]:
    """Return the one case."""
    return [Case("logins", "bookings", run, once=True)]


def run(world: World) -> Result:
    """Offer bookings and logins, each at its rate; what is told is of the bookings, and of the logins in figures."""
    seconds = QUICK_SECONDS if world.quick else SECONDS
    people = _registered(world)
    comers = [people[number % len(people)] for number in range(LOGINS_PER_SECOND * seconds)]
    wanted = world.spread(BOOKINGS_PER_SECOND * seconds)
    [booked, logged_in], usage = world.run(
        Load(book, wanted, world.target, rate=BOOKINGS_PER_SECOND, seconds=seconds),
        Load(login, comers, world.target, rate=LOGINS_PER_SECOND, seconds=seconds, rest=True),
    )
    latencies = Latencies.from_seconds(logged_in.latencies.get(OK, []))
    return booked.result(
        usage,
        logins_per_second=len(logged_in.latencies.get(OK, [])) / logged_in.seconds,
        logins_p50_ms=latencies.p50,
        logins_p99_ms=latencies.p99,
        logins_refused=sum(len(found) for outcome, found in logged_in.latencies.items() if outcome != OK),
    )


async def login(shop: Shop, who: Person, figures: Counter[str]) -> None:
    """Log in from one's own address."""
    assert isinstance(shop, RestShop), "people log in through the gateway"
    await shop.login(who.email, who.password, who.address)


def _registered(world: World) -> list[Person]:
    """Register people, each at an address of its own."""
    people = [
        Person(f"{uuid4()}@example.com", f"198.18.{number // 250}.{number % 250 + 1}", str(uuid4()))
        for number in range(ACCOUNTS)
    ]
    with httpx.Client(base_url=world.target.url, timeout=REGISTER_SECONDS, trust_env=False) as http:
        for one in people:
            body = {"email": one.email, "password": one.password}
            headers = {"x-forwarded-for": one.address}
            http.post("/api/v1/auth/register", json=body, headers=headers).raise_for_status()
    return people
