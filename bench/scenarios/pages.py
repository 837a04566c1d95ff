"""Pages of the shop at 50 a second beside bookings, in turn with bookings alone: what pages cost, and whom.

The shop is a process of its own, started for this and asked directly: what the gateway adds is in `availability`. How
soon a browser paints is not measured here.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from statistics import median

import aiohttp

from bench.cases import Case
from bench.load import Load
from bench.measure import OK, Result
from bench.shops import CALL_SECONDS, Refused, RestShop, Shop
from bench.stories import book
from bench.world import World, purchases
from stack import credentials, web
from stack.errors import StackError

PAGES_PER_SECOND = 50
CLIENTS = 16
TURNS = 5
BOOKINGS_PER_SECOND = 3_000
"""More than there are, so that bookings never run out."""
START_SECONDS = 30


def cases() -> list[Case]:
    """Return the one case."""
    return [Case("pages", "pages", run, once=True, in_quick=False)]


async def visit(shop: Shop, url: str, figures: Counter[str]) -> None:
    """Read a page. Counts its `bytes`."""
    assert isinstance(shop, RestShop)
    try:
        async with asyncio.timeout(CALL_SECONDS), shop.http.get(url) as answer:
            size = len(await answer.read())
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Refused(type(error).__name__) from error
    if answer.status != 200:
        raise Refused(str(answer.status))
    figures["bytes"] += size


def run(world: World) -> Result:
    """Have bookings alone and beside pages, in turn; `bookings_kept` is the median of the ratios."""
    turns = 1 if world.quick else TURNS
    seats = int(BOOKINGS_PER_SECOND * world.seconds)
    with _shop(world) as (url, pid):
        pages = [f"{url}/", f"{url}/events", f"{url}/robots.txt", f"{url}/login"]
        asked = list(islice(cycle(pages), int(world.seconds * PAGES_PER_SECOND * 1.2)))
        world.say(f"pages beside bookings, {turns} times")
        ratios: list[float] = []
        spent = 0.0
        for _ in range(turns):
            wanted = purchases(world.show(2 * seats))
            half = len(wanted) // 2
            alone, _ = world.run(Load(book, wanted[:half], world.target, CLIENTS, seconds=world.seconds))
            before = _cpu_seconds(pid)
            (seen, beside), usage = world.run(
                Load(visit, asked, world.target, rate=PAGES_PER_SECOND, seconds=world.seconds, rest=True),
                Load(book, wanted[half:], world.target, CLIENTS, seconds=world.seconds),
            )
            spent += _cpu_seconds(pid) - before
            ratios.append(beside.result({}).per_second / alone[0].result({}).per_second)
    read = len(seen.latencies[OK]) * turns
    figures = {
        "bytes_each": seen.figures.pop("bytes") / max(1, len(seen.latencies[OK])),
        "bookings_kept": median(ratios),
        "shop_cpu_ms_each": 1000 * spent / max(1, read),
    }
    return seen.result(usage, **figures)


@contextmanager
def _shop(world: World) -> Iterator[tuple[str, int]]:
    """Run a shop beside the stack; give its address and its process."""
    settings = world.stack.settings.model_copy(update={"web": "on", "replicas": 1})
    if settings.auth == "on":
        raise StackError("the shop is measured with AUTH=off: with AUTH=on it answers its gateway alone")
    [program] = web.programs(settings, credentials.load(settings.data_dir / credentials.FILE))
    environment = {**os.environ, **program.environment}
    process = subprocess.Popen(
        [str(part) for part in program.command],
        env=environment,
        cwd=program.folder,
        stdout=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + START_SECONDS
        while not program.healthy():
            if process.poll() is not None or time.monotonic() > end:
                raise StackError("the shop does not start")
            time.sleep(0.1)
        yield f"http://{program.environment['HOST']}:{program.environment['PORT']}", process.pid
    finally:
        process.terminate()
        process.wait()


def _cpu_seconds(pid: int) -> float:
    """Return the processor time of a process (proc(5))."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
