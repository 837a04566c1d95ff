"""The whole way to a ticket: hold, book, pay, see it CONFIRMED, read it. 64 customers at a time.

`flow.waits` is the same way with one call that waits, where `flow` looks again and again and then reads. In
`flow.invoiced`, each ticket has the next invoice of one seller; in `flow.priced`, it has fees and a coupon, too.
`flow.untold` is `flow` while notifications is stopped: confirmations never wait for a mail.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bench.cases import Case
from bench.load import Load, Story
from bench.measure import Meter, Result
from bench.sellers import priced, sold
from bench.stories import buy, buy_and_wait, buy_with_coupon
from bench.world import FreeShow, World, purchases

CLIENTS = 64
SEATS = 20_000


Sell = Callable[[World, FreeShow], FreeShow]


def unsold(world: World, show: FreeShow) -> FreeShow:
    """Have a show sold by nobody, at its list prices."""
    return show


def cases() -> list[Case]:
    """Return a case for each way."""
    return [
        Case("flow.grpc.64", "tickets", partial(run, rest=False)),
        Case("flow.untold.grpc.64", "tickets", run_untold, in_quick=False),
        Case("flow.rest.64", "tickets", partial(run, rest=True)),
        Case("flow.invoiced.grpc.64", "tickets", partial(run, rest=False, sell=sold), in_quick=False),
        Case(
            "flow.priced.grpc.64",
            "tickets",
            partial(run, rest=False, sell=priced, story=buy_with_coupon),
            in_quick=False,
        ),
        Case("flow.waits.grpc.64", "tickets", partial(run, rest=False, story=buy_and_wait), in_quick=False),
        Case("flow.waits.rest.64", "tickets", partial(run, rest=True, story=buy_and_wait), in_quick=False),
    ]


def run_untold(world: World) -> Result:
    """Sell tickets while notifications is stopped, which then catches up."""
    names = [name for name in world.measured if name.startswith("notifications")]
    for name in names:
        world.stack.stop_one(name)
    try:
        return run(world, rest=False, meter=world.meter_without(*names))
    finally:
        for name in names:
            world.stack.start_one(name)


def run(world: World, *, rest: bool, story: Story = buy, sell: Sell = unsold, meter: Meter | None = None) -> Result:
    """Sell tickets in one big show, which is sold as `sell` says."""
    show = sell(world, world.show(SEATS))
    load = Load(story, purchases(show), world.target, CLIENTS, seconds=world.seconds * 2, rest=rest)
    [tally], usage = world.run(load, meter=meter)
    polls = tally.figures["polls"] / max(1, len(tally.latencies["OK"]))
    return tally.result(usage, polls_each=polls)
