"""The whole way to a ticket: hold, book, pay, see it CONFIRMED, read it. 64 customers at a time.

`flow.waits` is the same way with one call that waits, where `flow` looks again and again and then reads. In
`flow.invoiced`, each ticket has the next invoice of one seller.
"""

from __future__ import annotations

from functools import partial

from bench.cases import Case
from bench.load import Load, Story
from bench.measure import Result
from bench.sellers import sold
from bench.stories import buy, buy_and_wait
from bench.world import World, purchases

CLIENTS = 64
SEATS = 20_000


def cases() -> list[Case]:
    """Return a case for each way."""
    return [
        Case("flow.grpc.64", "tickets", partial(run, rest=False)),
        Case("flow.rest.64", "tickets", partial(run, rest=True)),
        Case("flow.invoiced.grpc.64", "tickets", partial(run, rest=False, invoiced=True), in_quick=False),
        Case("flow.waits.grpc.64", "tickets", partial(run, rest=False, story=buy_and_wait), in_quick=False),
        Case("flow.waits.rest.64", "tickets", partial(run, rest=True, story=buy_and_wait), in_quick=False),
    ]


def run(world: World, *, rest: bool, story: Story = buy, invoiced: bool = False) -> Result:
    """Sell tickets in one big show; with `invoiced`, one seller sells it, and each ticket has the next invoice."""
    show = sold(world, world.show(SEATS)) if invoiced else world.show(SEATS)
    load = Load(story, purchases(show), world.target, CLIENTS, seconds=world.seconds * 2, rest=rest)
    [tally], usage = world.run(load)
    polls = tally.figures["polls"] / max(1, len(tally.latencies["OK"]))
    return tally.result(usage, polls_each=polls)
