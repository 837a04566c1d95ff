"""The whole way to a ticket: hold, book, pay, see it CONFIRMED, read it. 64 customers at a time."""

from __future__ import annotations

from functools import partial

from bench.cases import Case
from bench.load import Load
from bench.measure import Result
from bench.stories import buy
from bench.world import World, purchases

CLIENTS = 64
SEATS = 20_000


def cases() -> list[Case]:
    """Return a case for each way."""
    return [
        Case("flow.grpc.64", "tickets", partial(run, rest=False)),
        Case("flow.rest.64", "tickets", partial(run, rest=True)),
    ]


def run(world: World, *, rest: bool) -> Result:
    """Sell tickets in one big show."""
    load = Load(buy, purchases(world.show(SEATS)), world.target, CLIENTS, seconds=world.seconds * 2, rest=rest)
    [tally], usage = world.run(load)
    polls = tally.figures["polls"] / max(1, len(tally.latencies["OK"]))
    return tally.result(usage, polls_each=polls)
