"""Load, from processes of its own: so many clients at once, or so many requests a second whatever the answers.

A story is what one customer does with one item: an async function of a shop, the item, and figures to count in.
It returns when all went well and raises Refused when not. Its latency is that of the whole story.

Closed loop: each client takes the next item when its last is done. Open loop: items have their times, and a latency
counts from the time that was meant, not from when the generator got to it: a system that stands still for a second
is seen to have kept everybody waiting who came in that second.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import uvloop

from bench.measure import GENERATOR, OK, Latencies, Result, Usage
from bench.shops import Refused, Shop, Target, opened

Figures = Counter[str]
Story = Callable[[Shop, Any, Figures], Awaitable[None]]
Clock = Callable[[], float]

START_SECONDS = 60
SURGE = 16
"""How many a generator that is behind starts before it lets them go on."""


@dataclass(frozen=True)
class Load:
    """What to do, how often and where: `clients` at once, or `rate` a second.

    It ends when the items are used up, the time is over, or it is stopped; what is under way then is finished.
    """

    story: Story
    items: Iterable[Any]
    target: Target
    clients: int = 0
    rate: float = 0
    seconds: float = float("inf")
    rest: bool = False
    """Whether it goes over REST through the gateway; else over gRPC to the services themselves."""


@dataclass
class Tally:
    """What a generator saw."""

    seconds: float = 0
    cpu_seconds: float = 0
    memory_bytes: int = 0
    latencies: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """In seconds, by outcome."""
    figures: Figures = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Add what another generator saw at the same time."""
        self.seconds = max(self.seconds, other.seconds)
        self.cpu_seconds += other.cpu_seconds
        self.memory_bytes += other.memory_bytes
        for outcome, latencies in other.latencies.items():
            self.latencies[outcome] += latencies
        self.figures.update(other.figures)

    def result(self, usage: Mapping[str, Usage], **figures: float) -> Result:
        """Sum it up, with what the stack used meanwhile."""
        good = self.latencies.get(OK, [])
        return Result(
            done=len(good),
            seconds=self.seconds,
            latencies=Latencies.from_seconds(good),
            errors={outcome: len(found) for outcome, found in self.latencies.items() if outcome != OK},
            usage={**usage, GENERATOR: Usage(self.cpu_seconds, self.memory_bytes)},
            figures={**self.figures, **figures},
        )


async def closed(load: Load, shop: Shop, stop: asyncio.Event, clock: Clock = time.perf_counter) -> Tally:
    """Carry a load out with as many clients as it says."""
    tally = Tally()
    start = clock()
    items = iter(load.items)

    async def client() -> None:
        while not stop.is_set() and clock() - start < load.seconds:
            try:
                item = next(items)
            except StopIteration:
                return
            await _live(load.story, shop, item, clock(), clock, tally)

    await asyncio.gather(*(client() for _ in range(load.clients)))
    tally.seconds = clock() - start
    return tally


async def open_loop(load: Load, shop: Shop, stop: asyncio.Event, clock: Clock = time.perf_counter) -> Tally:
    """Carry a load out at the rate that it says. Its time ends with the last answer."""
    tally = Tally()
    start = clock()
    lives: set[asyncio.Task[None]] = set()
    for number, item in enumerate(load.items):
        due = number / load.rate
        if due >= load.seconds or stop.is_set():
            break
        if (early := start + due - clock()) > 0:
            await asyncio.sleep(early)
        elif not number % SURGE:
            await asyncio.sleep(0)
        life = asyncio.create_task(_live(load.story, shop, item, start + due, clock, tally))
        lives.add(life)
        life.add_done_callback(lives.discard)
    while lives:
        await asyncio.wait(lives)
    tally.seconds = clock() - start
    return tally


async def _live(story: Story, shop: Shop, item: Any, since: float, clock: Clock, tally: Tally) -> None:
    try:
        await story(shop, item, tally.figures)
        outcome = OK
    except Refused as refused:
        outcome = refused.reason
    tally.latencies[outcome].append(clock() - since)


class Generator:
    """A process that carries out one load: connected at once, begun by `go`."""

    def __init__(self, load: Load) -> None:
        # Not forked: gRPC's threads would not come along.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_generate, args=(load, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def wait_ready(self) -> None:
        if not self._pipe.poll(START_SECONDS):
            raise RuntimeError(f"a generator is not ready after {START_SECONDS} s")
        self._pipe.recv()

    def go(self) -> None:
        self._pipe.send(None)

    def stop(self) -> None:
        """Have it begin no more; raise RuntimeError if its load was over before."""
        try:
            self._pipe.send(None)
        except BrokenPipeError as error:
            raise RuntimeError("a generator's load was over before it was told to stop") from error

    def tally(self) -> Tally:
        """Wait until the load is done and return what was seen; raise EOFError if the process failed."""
        tally: Tally = self._pipe.recv()
        self._process.join()
        return tally

    def end(self) -> None:
        """End the process if it is still there."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join()


def _generate(load: Load, pipe: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the bench, which ends this
    uvloop.run(_generated(load, pipe))


async def _generated(load: Load, pipe: Any) -> None:
    async with opened(load.target, rest=load.rest) as shop:
        pipe.send("ready")
        await asyncio.to_thread(pipe.recv)
        stop = asyncio.Event()
        asyncio.get_running_loop().add_reader(pipe.fileno(), stop.set)
        before = resource.getrusage(resource.RUSAGE_SELF)
        tally = await (open_loop if load.rate else closed)(load, shop, stop)
        after = resource.getrusage(resource.RUSAGE_SELF)
        asyncio.get_running_loop().remove_reader(pipe.fileno())
        os.set_blocking(pipe.fileno(), True)  # which add_reader undid: a large tally has to wait for who reads it
    tally.cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    tally.memory_bytes = after.ru_maxrss * 1024
    pipe.send(tally)
