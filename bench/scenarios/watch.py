"""A crowd watches one show while seats are held in it: how soon each change has reached each of them."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import resource
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import aiohttp
import grpc
import uvloop
from boxoffice.inventory.v1 import inventory_pb2 as pb
from boxoffice.inventory.v1.inventory_pb2_grpc import InventoryServiceStub

from bench.cases import Case
from bench.load import Tally
from bench.measure import OK, Latencies, Result, resident_bytes
from bench.shops import Target
from bench.world import World

CROWD = 1_000
PER_CONNECTION = 250
CHANGES_PER_SECOND = 5
TIMES = 3
"""How many of a run's lengths this one takes: changes are few, and every one counts a thousand times."""
START_SECONDS = 60
STRAGGLING_SECONDS = 2.0
"""How long changes may be on their way after the last one."""


def cases() -> list[Case]:
    """Return a case for each way."""
    return [
        Case(f"watch.{way}.{CROWD}", "deliveries", partial(run, rest=way == "rest"), once=True)
        for way in ("grpc", "rest")
    ]


def run(world: World, *, rest: bool) -> Result:
    """Hold a seat five times a second. A latency counts from the instant that the change bears to its arrival."""
    show = world.show(1_000)
    names = ("inventory", "gateway") if rest else ("inventory",)
    before = {name: resident_bytes(world.stack.pid(name)) for name in names}
    with _crowd(world.target, show.id, rest) as pipe:
        world.settle()
        world.meter.start()
        began = time.monotonic()
        holds = []
        with world.channel("inventory") as channel:
            hold = InventoryServiceStub(world.signed(channel)).HoldSeats
            for number in range(int(TIMES * world.seconds * CHANGES_PER_SECOND)):
                # The rate that is wanted is the case: each change has its time.
                time.sleep(max(0.0, began + number / CHANGES_PER_SECOND - time.monotonic()))
                asked = time.monotonic()
                request = pb.HoldSeatsRequest(
                    user_id=str(uuid4()),
                    show_id=show.id,
                    show_seat_ids=[show.seats[number]],
                    idempotency_key=str(uuid4()),
                )
                hold(request, timeout=START_SECONDS)
                holds.append(time.monotonic() - asked)
        # What is lost never comes, so there is nothing to wait for: what takes longer than this counts as missing.
        time.sleep(STRAGGLING_SECONDS)
        usage = world.meter.stop()
        after = {name: resident_bytes(world.stack.pid(name)) for name in names}
        pipe.send(None)
        tally: Tally = pipe.recv()
    missing = len(holds) * CROWD - len(tally.latencies[OK])
    if missing:
        tally.latencies["MISSING"] = [0.0] * missing
    figures = {f"{name}_kib_each": (after[name] - before[name]) / CROWD / 1024 for name in names}
    return tally.result(usage, hold_p99_ms=Latencies.from_seconds(holds).p99, **figures)


@contextmanager
def _crowd(target: Target, show: str, rest: bool) -> Iterator[Any]:
    """Have a process watch; give a pipe that takes the word to end, and then gives a tally."""
    context = multiprocessing.get_context("spawn")
    pipe, theirs = context.Pipe()
    process = context.Process(target=_watch, args=(target, show, rest, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        if not pipe.poll(START_SECONDS):
            raise RuntimeError(f"the crowd is not there after {START_SECONDS} s")
        pipe.recv()
        yield pipe
        process.join()
    finally:
        if process.is_alive():
            process.kill()
            process.join()


def _watch(target: Target, show: str, rest: bool, pipe: Any) -> None:
    uvloop.run(_watched(target, show, rest, pipe))


async def _watched(target: Target, show: str, rest: bool, pipe: Any) -> None:
    tally = Tally()
    arrived = asyncio.Semaphore(0)

    async def watcher(changes: AsyncIterator[tuple[float, ...]]) -> None:
        async for instants in changes:
            now = time.time()
            tally.latencies[OK].extend([now - instant for instant in instants])
            if not instants:
                arrived.release()

    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(pipe.fileno(), ended.set)
    if rest:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, trust_env=False) as http:
            watchers = [asyncio.create_task(watcher(_events(http, target.url, show))) for _ in range(CROWD)]
            await _until_the_end(watchers, arrived, ended, tally, pipe)
    else:
        channels = [target.channel("inventory") for _ in range(CROWD // PER_CONNECTION)]
        watchers = [
            asyncio.create_task(watcher(_messages(channels[number % len(channels)], show))) for number in range(CROWD)
        ]
        await _until_the_end(watchers, arrived, ended, tally, pipe)
        await asyncio.gather(*(channel.close() for channel in channels))
    asyncio.get_running_loop().remove_reader(pipe.fileno())
    os.set_blocking(pipe.fileno(), True)  # the loop had it otherwise
    used = resource.getrusage(resource.RUSAGE_SELF)
    tally.memory_bytes = used.ru_maxrss * 1024
    pipe.send(tally)


async def _until_the_end(
    watchers: list[asyncio.Task[None]], arrived: asyncio.Semaphore, ended: asyncio.Event, tally: Tally, pipe: Any
) -> None:
    for _ in watchers:
        await arrived.acquire()
    began, before = time.perf_counter(), time.process_time()
    pipe.send("ready")
    await ended.wait()
    tally.seconds = time.perf_counter() - began - STRAGGLING_SECONDS
    tally.cpu_seconds = time.process_time() - before
    for each in watchers:
        each.cancel()
    await asyncio.gather(*watchers, return_exceptions=True)


async def _messages(channel: grpc.aio.Channel, show: str) -> AsyncIterator[tuple[float, ...]]:
    """Yield the instants of the changes in each message."""
    call = InventoryServiceStub(channel).WatchSeats(pb.WatchSeatsRequest(show_id=show))
    async for message in call:
        yield tuple(change.changed_at.ToDatetime(UTC).timestamp() for change in message.changes)


async def _events(http: aiohttp.ClientSession, url: str, show: str) -> AsyncIterator[tuple[float, ...]]:
    """Yield the instant of the change in each event; nothing, once, where a comment says that nothing happened."""
    async with http.get(f"{url}/api/v1/seats/shows/{show}/watch", timeout=aiohttp.ClientTimeout()) as answer:
        async for line in answer.content:
            if line.startswith(b"data: "):
                yield (datetime.fromisoformat(json.loads(line[6:])["changedAt"]).timestamp(),)
            elif line.startswith(b":"):
                yield ()
