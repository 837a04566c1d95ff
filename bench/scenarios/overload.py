"""Three times what it can do, through the gateway: how many tickets still come about, how fast the rest is refused,
whether money is refused, and how soon all is as before.

A ticket is the whole flow: hold, book, pay, its webhook, CONFIRMED, within five seconds of when its customer came. Who
is refused at the hold leaves; who has the seats already comes back after a second, as he is asked to. The peak is the
best that any rate of the same run brought. Meanwhile others cancel, get their money back, and ask how it all is.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar
from uuid import uuid4

from bench import money, refusals
from bench.cases import Case
from bench.load import Load, Tally
from bench.measure import OK, Latencies, Result
from bench.shops import OVERLOADED, Refused, RestShop, Shop
from bench.stories import buy, until_confirmed
from bench.world import Purchase, World, purchases

A = TypeVar("A")

TICKET_SECONDS = 5.0
COME_BACK_SECONDS = 1.0

FIRST_RATE, STEP = 20.0, 1.3
OVER = 0.7
"""Where less than this share of what is offered comes about, higher rates bring no more."""
TIMES = 3
GENERATORS = 2
SEATS = 20_000
ERRANDS_PER_SECOND = 5
"""Cancellations, refunds and looks at the health: so many of each."""
MAKERS = 32
AT_REST_SECONDS = 0.5
"""A ticket by itself that takes no longer than this meets no crowd."""
PATIENCE_SECONDS = 60

BOOKINGS = "SELECT user_id::text, id::text FROM bookings WHERE user_id = ANY(%s::uuid[]) AND state = %s"


@dataclass(frozen=True)
class Errand:
    """What somebody asks for who is not to be refused."""

    kind: Literal["cancel", "refund", "health"]
    user: str = ""
    booking: str = ""


def cases() -> list[Case]:
    """Return a case for each way in."""
    return [Case(f"overload.{way}", "tickets", partial(run, rest=way == "rest"), once=True) for way in ("rest", "grpc")]


def run(world: World, *, rest: bool) -> Result:
    """Find the peak, offer three times as much, and look how soon a ticket is quick again."""
    wanted = _wanted(world)
    peak = _peak(world, wanted, rest)
    seconds, offered = 4 * world.seconds, TIMES * peak
    errands = _errands(world, wanted, int(ERRANDS_PER_SECOND * seconds))
    loads = [_offer(world, wanted, offered / GENERATORS, seconds, rest) for _ in range(GENERATORS)]
    loads.append(Load(run_errand, errands, world.target, rate=3 * ERRANDS_PER_SECOND, seconds=seconds, rest=True))
    refused_before, began = money.refused(world.stack), time.time()
    [*sold, ran], usage = world.run(*loads)
    whole = Tally()
    for tally in sold:
        whole.add(tally)
    recovery = _recovery_seconds(world, wanted, rest)
    settled = Latencies.from_seconds(money.settling_seconds(world.stack, began))
    refused = Latencies.from_seconds(whole.latencies.get(OVERLOADED, []))
    at_gateway = Latencies.from_seconds(refusals.gateway_seconds(world.stack.logs / "gateway.log", began))
    goodput = _goodput(whole)
    return whole.result(
        usage,
        peak_per_second=peak,
        offered_per_second=offered,
        goodput_per_second=goodput,
        goodput_of_peak=goodput / peak,
        refused_p50_ms=refused.p50,
        refused_p99_ms=refused.p99,
        refused_gateway_p99_ms=at_gateway.p99,
        confirmed_p50_ms=settled.p50,
        confirmed_p99_ms=settled.p99,
        errands=len(ran.latencies.get(OK, [])),
        money_refused=money.refused(world.stack) - refused_before + sum(_failed(ran).values()),
        recovery_seconds=recovery,
    )


async def buy_in_time(shop: Shop, wanted: Purchase, figures: Counter[str]) -> None:
    """Buy two seats, as a customer who waits no longer than his ticket is worth. Counts `come_backs` and `polls`."""
    try:
        async with asyncio.timeout(TICKET_SECONDS):
            await shop.hold(wanted.user, wanted.show, wanted.seats, str(uuid4()))
            key = str(uuid4())
            booking = await _patiently(lambda: shop.book(wanted.user, wanted.show, wanted.seats, key), figures)
            session = await _patiently(lambda: shop.initiate(wanted.user, booking, key), figures)
            await _patiently(lambda: shop.pay(session, "pm_succeed"), figures)
            await _patiently(lambda: until_confirmed(shop, wanted.user, figures), figures)
    except TimeoutError:
        raise Refused("TOO LATE") from None


async def run_errand(shop: Shop, errand: Errand, figures: Counter[str]) -> None:
    """Cancel, ask for a refund, or ask how it is; once."""
    assert isinstance(shop, RestShop)
    match errand.kind:
        case "cancel":
            await shop.cancel(errand.user, errand.booking, str(uuid4()))
        case "refund":
            await shop.refund(errand.user, errand.booking, str(uuid4()))
        case "health":
            await shop.health()


async def _patiently(ask: Callable[[], Awaitable[A]], figures: Counter[str]) -> A:
    """Ask, and come back after a second while it is too much."""
    while True:
        try:
            return await ask()
        except Refused as refused:
            if refused.reason != OVERLOADED:
                raise
        figures["come_backs"] += 1
        await asyncio.sleep(COME_BACK_SECONDS)


def _wanted(world: World) -> Iterator[Purchase]:
    """Yield purchases without an end, of one big show after the other."""
    while True:
        yield from purchases(world.show(SEATS))


def _offer(world: World, wanted: Iterator[Purchase], rate: float, seconds: float, rest: bool) -> Load:
    some = [next(wanted) for _ in range(int(rate * seconds) + 1)]
    return Load(buy_in_time, some, world.target.gateway, rate=rate, seconds=seconds, rest=rest)


def _goodput(tally: Tally) -> float:
    """Return how many tickets a second came about in their time, counted from when their customers were to come."""
    return sum(latency <= TICKET_SECONDS for latency in tally.latencies.get(OK, [])) / tally.seconds


def _peak(world: World, wanted: Iterator[Purchase], rest: bool) -> float:
    """Offer more and more, and return the most tickets a second that came of it."""
    best, rate = 0.0, FIRST_RATE
    while True:
        [tally], _ = world.run(_offer(world, wanted, rate, world.seconds, rest))
        came = _goodput(tally)
        failed = ", ".join(f"{reason} {number}" for reason, number in _failed(tally).items())
        world.say(f"  offered {rate:.0f} a second: {came:.0f} tickets; {failed or 'nobody refused'}")
        best = max(best, came)
        if came < OVER * rate:
            return best
        rate *= STEP


def _failed(tally: Tally) -> dict[str, int]:
    return {outcome: len(found) for outcome, found in tally.latencies.items() if outcome != OK}


def _errands(world: World, wanted: Iterator[Purchase], number: int) -> list[Errand]:
    """Make bookings to cancel and tickets to give back; return these errands, and looks at the health among them."""
    to_cancel, to_refund = ([next(wanted) for _ in range(number)] for _ in range(2))
    world.run(
        Load(_book, to_cancel, world.target, clients=MAKERS),
        Load(buy, to_refund, world.target, clients=MAKERS),
    )
    with world.stack.server.connect("booking") as connection:
        pending = connection.execute(BOOKINGS, [[one.user for one in to_cancel], "PENDING"]).fetchall()
        confirmed = connection.execute(BOOKINGS, [[one.user for one in to_refund], "CONFIRMED"]).fetchall()
    asked: list[Errand] = []
    for cancelled, refunded in zip(pending, confirmed, strict=True):
        asked += [Errand("cancel", *cancelled), Errand("refund", *refunded), Errand("health")]
    return asked


async def _book(shop: Shop, wanted: Purchase, figures: Counter[str]) -> None:
    await shop.book(wanted.user, wanted.show, wanted.seats, str(uuid4()))


def _recovery_seconds(world: World, wanted: Iterator[Purchase], rest: bool) -> float:
    """Buy one ticket after the other, and return when for the first time that was as quick as it ought to be."""
    began = time.monotonic()
    while (waited := time.monotonic() - began) < PATIENCE_SECONDS:
        [tally], _ = world.run(Load(buy_in_time, [next(wanted)], world.target.gateway, clients=1, rest=rest))
        if tally.latencies.get(OK, [TICKET_SECONDS])[0] <= AT_REST_SECONDS:
            return waited
    return PATIENCE_SECONDS
