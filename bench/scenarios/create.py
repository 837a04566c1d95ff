"""Create a booking of two free seats, a new user each: over gRPC and REST, in one big show and spread over 1,000.

And in a big show whose seats have labels, places, features and multipliers of their prices, and of places of an area.
"""

from __future__ import annotations

from functools import partial
from itertools import product

from bench import ghz
from bench.cases import Case
from bench.load import Load
from bench.measure import Result
from bench.stories import book
from bench.world import AREA, SAID, World, purchases

CLIENTS = (1, 16, 64, 256)
QUICK_CLIENTS = (1, 64)
BIG = 20_000
MOST_PER_SECOND = {1: 500, 16: 2_000, 64: 4_000, 256: 4_000}
"""How many purchases are prepared for each second of load."""


def cases() -> list[Case]:
    """Return a case for each way, place and number of clients."""
    return [
        Case(
            f"create.{way}.{place}.{clients}",
            "bookings",
            partial(run, rest=way == "rest", big=place == "big", clients=clients),
            in_quick=clients in QUICK_CLIENTS,
        )
        for way, place, clients in product(("grpc", "rest"), ("big", "spread"), CLIENTS)
    ] + [
        Case(f"create.grpc.{hall}.64", "bookings", partial(run, rest=False, big=True, clients=64, hall=hall))
        for hall in (SAID, AREA)
    ]


def run(world: World, *, rest: bool, big: bool, clients: int, hall: str = "") -> Result:
    """Create bookings, until the time is over or the big show is sold out."""
    wanted = purchases(world.show(BIG, hall)) if big else world.spread(int(world.seconds * MOST_PER_SECOND[clients]))
    if not rest and hall != AREA and world.ghz and (program := ghz.find()):
        return ghz.create_bookings(world, program, wanted, clients)
    [tally], usage = world.run(Load(book, wanted, world.target, clients, seconds=world.seconds, rest=rest))
    return tally.result(usage)
