"""Create bookings where everybody says who calls, and where nobody does: what tokens, policies and mTLS cost.

Two stacks side by side, and load on one after the other, so that both have the same machine in the same minute. All
calls carry the admin's token, which services verify once: what is measured is what every call costs.
"""

from __future__ import annotations

from dataclasses import replace

from bench.cases import Case, warm_up
from bench.measure import Result
from bench.report import middle
from bench.scenarios import create
from bench.world import World, started

CLIENTS = 64
TURNS, QUICK_TURNS = 5, 1


def cases() -> list[Case]:
    """Return the one case."""
    return [Case("security", "bookings", run, once=True, in_quick=False)]


def run(world: World) -> Result:
    """Create bookings in turn with AUTH off, on the world's own stack, and on; tell the latter, and the ratio."""
    if world.stack.settings.auth == "on":
        raise LookupError("security compares AUTH=on with AUTH=off: begin it with AUTH=off")
    off, on = [], []
    with started(quick=world.quick, ghz=world.ghz, durable=world.durable, auth="on") as guarded:
        warm_up(guarded)
        for turn in range(1, 1 + (QUICK_TURNS if world.quick else TURNS)):
            off.append(_created(world))
            on.append(_created(guarded))
            world.say(f"  turn {turn}: AUTH off {off[-1].per_second:,.0f}/s, on {on[-1].per_second:,.0f}/s")
    without, result = middle(off), middle(on)
    ratio = result.per_second / without.per_second
    figures = {"off_per_second": without.per_second, "off_cpu_ms_each": without.cpu_ms_each, "on_by_off": ratio}
    return replace(result, figures=figures)


def _created(world: World) -> Result:
    return create.run(world, rest=False, big=True, clients=CLIENTS)
