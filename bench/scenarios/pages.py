"""Pages of the shop at 50 a second beside bookings, in turn with bookings alone: what pages cost, and whom.

A visit is the first page, the list of events, one event, and the map of its seats; nobody is signed in. The shop is a
process of its own, started for this and asked directly: what the gateway adds is in `availability`. How soon a browser
paints is in `paint`.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from statistics import median

import aiohttp
from boxoffice.inventory.v1 import catalog_pb2 as catalog
from boxoffice.inventory.v1.catalog_pb2_grpc import CatalogServiceStub

from bench.cases import Case
from bench.load import Load
from bench.measure import OK, Result
from bench.shops import CALL_SECONDS, Refused, RestShop, Shop
from bench.stories import book
from bench.world import World, purchases
from stack import credentials, web
from stack.errors import StackError
from web.choosing import MOST_AT_ONCE

PAGES_PER_SECOND = 50
EVENTS = 12
"""So many the first page has, and a page of the list of events."""
SEATS = 300
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
    """Have bookings alone and beside pages, in turn; `bookings_kept` is the median of the ratios.

    `NAME_cores` and `NAME_cores_alone` are how many cores each process took, beside pages and without: medians too.
    """
    turns = 1 if world.quick else TURNS
    seats = int(BOOKINGS_PER_SECOND * world.seconds)
    maps = [path_of_map(world, world.show(SEATS).id, SEATS) for _ in range(EVENTS)]
    with shop_beside(world) as (url, pid):
        visits = [url + path for map_ in maps for path in ("/", "/events", _event_of(map_), map_)]
        asked = list(islice(cycle(visits), int(world.seconds * PAGES_PER_SECOND * 1.2)))
        world.say(f"pages beside bookings, {turns} times")
        ratios: list[float] = []
        cores: defaultdict[str, list[float]] = defaultdict(list)
        spent, read = 0.0, 0
        for _ in range(turns):
            wanted = purchases(world.show(2 * seats))
            half = len(wanted) // 2
            [alone], usage_alone = world.run(Load(book, wanted[:half], world.target, CLIENTS, seconds=world.seconds))
            before = _cpu_seconds(pid)
            (seen, beside), usage = world.run(
                Load(visit, asked, world.target, rate=PAGES_PER_SECOND, seconds=world.seconds, rest=True),
                Load(book, wanted[half:], world.target, CLIENTS, seconds=world.seconds),
            )
            shop = _cpu_seconds(pid) - before
            spent, read = spent + shop, read + len(seen.latencies[OK])
            ratios.append(beside.result({}).per_second / alone.result({}).per_second)
            cores["shop_cores"].append(shop / beside.seconds)
            cores["generators_cores"].append((seen.cpu_seconds + beside.cpu_seconds) / beside.seconds)
            cores["generators_cores_alone"].append(alone.cpu_seconds / alone.seconds)
            for name, used in usage.items():
                cores[f"{name}_cores"].append(used.cpu_seconds / beside.seconds)
                cores[f"{name}_cores_alone"].append(usage_alone[name].cpu_seconds / alone.seconds)
    figures = {
        "bytes_each": seen.figures.pop("bytes") / max(1, len(seen.latencies[OK])),
        "bookings_kept": median(ratios),
        "bookings_per_second": beside.result({}).per_second,
        "shop_cpu_ms_each": 1000 * spent / max(1, read),
        **{name: median(each) for name, each in cores.items()},
    }
    return seen.result(usage, **figures)


def path_of_map(world: World, show_id: str, seats: int) -> str:
    """Return the path of the shop's map of a show with so many seats: of its first section where it is large."""
    catalogue = CatalogServiceStub(world.signed(world.channel("inventory")))
    show = catalogue.GetShow(catalog.GetShowRequest(show_id=show_id), timeout=CALL_SECONDS)
    section = "" if seats <= MOST_AT_ONCE else "&section=Block+0"
    return f"/booking/{show.event_id}?showId={show_id}{section}"


def _event_of(path: str) -> str:
    """Return the path of an event's page, of that of the map of one of its shows."""
    return path.partition("?")[0].replace("/booking/", "/events/")


@contextmanager
def shop_beside(world: World) -> Iterator[tuple[str, int]]:
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
