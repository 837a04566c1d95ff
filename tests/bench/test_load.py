"""Closed and open loops, on a clock that only moves when told."""

import asyncio
from collections import Counter
from typing import Any

from bench.load import Generator, Load, Tally, closed, open_loop
from bench.measure import OK
from bench.shops import Refused, Shop, Target
from tests.patience import patient

NOWHERE = Target("", "", "", "", "")
NO_SHOP: Any = None
MANY, CLIENTS = 100_000, 64


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def rounded(latencies: list[float]) -> list[float]:
    return [round(latency, 6) for latency in latencies]


async def test_who_waits_while_the_system_stands_still_is_counted_from_when_the_wait_began() -> None:
    clock = Clock()

    async def stand_still_once(shop: Shop, item: int, figures: Counter[str]) -> None:
        clock.now += 1.0 if item == 0 else 0.0

    # Ten a second: nine are due in the second in which the first keeps everything.
    load = Load(stand_still_once, range(10), NOWHERE, rate=10)
    tally = await open_loop(load, NO_SHOP, asyncio.Event(), clock)
    assert sorted(rounded(tally.latencies[OK]), reverse=True) == [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]


async def test_an_open_loop_does_not_wait_for_answers() -> None:
    begun = 0
    answered = asyncio.Event()

    async def wait_for_all(shop: Shop, item: int, figures: Counter[str]) -> None:
        nonlocal begun
        begun += 1
        if begun == 20:
            answered.set()
        await answered.wait()

    async with asyncio.timeout(patient(10)):
        tally = await open_loop(Load(wait_for_all, range(20), NOWHERE, rate=2_000), NO_SHOP, asyncio.Event())
    assert len(tally.latencies[OK]) == 20


async def test_an_open_loop_ends_with_its_time() -> None:
    clock = Clock()

    async def take_a_tenth(shop: Shop, item: int, figures: Counter[str]) -> None:
        clock.now += 0.1

    tally = await open_loop(Load(take_a_tenth, range(99), NOWHERE, rate=10, seconds=2), NO_SHOP, asyncio.Event(), clock)
    assert len(tally.latencies[OK]) == 20


async def test_a_closed_loop_has_as_many_under_way_as_there_are_clients_and_no_more() -> None:
    under_way, most = 0, 0

    async def count(shop: Shop, item: int, figures: Counter[str]) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(3):
            await asyncio.sleep(0)
        under_way -= 1
        figures["seen"] += item

    tally = await closed(Load(count, range(100), NOWHERE, clients=7), NO_SHOP, asyncio.Event())
    assert most == 7
    assert tally.figures["seen"] == sum(range(100))


async def test_a_closed_loop_ends_with_its_time_and_with_a_stop() -> None:
    clock, stop = Clock(), asyncio.Event()

    async def take_a_second(shop: Shop, item: int, figures: Counter[str]) -> None:
        clock.now += 1
        if item == 105:
            stop.set()

    load = Load(take_a_second, iter(range(200)), NOWHERE, clients=1, seconds=5)
    assert len((await closed(load, NO_SHOP, stop, clock)).latencies[OK]) == 5
    later = Load(take_a_second, iter(range(100, 200)), NOWHERE, clients=1)
    assert len((await closed(later, NO_SHOP, stop, clock)).latencies[OK]) == 6


async def test_refusals_are_told_apart_by_their_reason_and_are_not_done() -> None:
    async def refuse_odd(shop: Shop, item: int, figures: Counter[str]) -> None:
        if item % 2:
            raise Refused("ODD" if item % 3 else "NINE")

    tally = await closed(Load(refuse_odd, range(10), NOWHERE, clients=2), NO_SHOP, asyncio.Event())
    result = tally.result({})
    assert result.done == 5
    assert result.errors == {"ODD": 3, "NINE": 2}


def test_what_several_generators_saw_at_the_same_time_adds_up() -> None:
    one, other = Tally(seconds=2, cpu_seconds=1), Tally(seconds=3, cpu_seconds=1)
    one.latencies[OK] += [0.1]
    other.latencies[OK] += [0.2, 0.3]
    one.add(other)
    result = one.result({})
    assert (result.done, result.seconds, result.per_second) == (3, 3, 1)
    assert result.usage["generator"].cpu_seconds == 2


async def take_no_time(shop: Shop, item: int, figures: Counter[str]) -> None:
    """A story that calls nobody."""


def test_what_a_generator_saw_may_be_more_than_a_pipe_holds() -> None:
    generator = Generator(Load(take_no_time, range(MANY), NOWHERE, clients=CLIENTS, rest=True))
    try:
        generator.wait_ready()
        generator.go()
        assert len(generator.tally().latencies[OK]) == MANY
    finally:
        generator.end()
