"""Reading seat maps of 100 and of 500 seats, while nothing is sold and while 300 bookings a second are made of them."""

from __future__ import annotations

import math
from functools import partial
from itertools import cycle, islice, product

from bench.cases import Case
from bench.load import Load
from bench.measure import Result
from bench.stories import book, look
from bench.world import World, purchases

CLIENTS = 64
SIZES = (100, 500)
BOOKINGS_PER_SECOND = 300
MOST_PER_SECOND = 20_000


def cases() -> list[Case]:
    """Return a case for each way, size, and state of the sale."""
    return [
        Case(
            f"seats.{way}.{size}.{state}",
            "reads",
            partial(run, rest=way == "rest", size=size, selling=state == "selling"),
            in_quick=state == "selling",
        )
        for way, size, state in product(("grpc", "rest"), SIZES, ("quiet", "selling"))
    ]


def run(world: World, *, rest: bool, size: int, selling: bool) -> Result:
    """Read the maps of as many shows as the sale needs in that time: it is these shows that sell."""
    count = math.ceil(BOOKINGS_PER_SECOND * world.seconds / (size / 2))
    shows = world.shows(count, size)
    reads = list(islice(cycle([show.id for show in shows]), int(world.seconds * MOST_PER_SECOND)))
    loads = [Load(look, reads, world.target, CLIENTS, seconds=world.seconds, rest=rest)]
    if selling:
        wanted = [one for turn in zip(*map(purchases, shows), strict=True) for one in turn]
        loads.append(Load(book, wanted, world.target, rate=BOOKINGS_PER_SECOND, seconds=world.seconds))
    tallies, usage = world.run(*loads)
    read = tallies[0]
    figures = {"bytes_each": read.figures.pop("bytes") / max(1, len(read.latencies["OK"]))}
    if selling:
        sold = tallies[1].result({})
        figures |= {
            "bookings_per_second": sold.per_second,
            "booking_p99_ms": sold.latencies.p99,
            "booking_errors": float(sum(sold.errors.values())),
        }
    return read.result(usage, **figures)
