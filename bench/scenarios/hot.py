"""A hot seat: everybody wants the same one, at the same time."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

from bench.cases import Case
from bench.load import Load
from bench.measure import Result
from bench.stories import book
from bench.world import Purchase, World

CROWDS = (50, 1_000)


def cases() -> list[Case]:
    """Return a case for each crowd."""
    return [Case(f"hot.{crowd}", "bookings", partial(run, crowd=crowd)) for crowd in CROWDS]


def run(world: World, crowd: int) -> Result:
    """Have everybody book the seat at once. `last_answer_ms` is when the last of them knew."""
    show = world.kept("hot", lambda: world.show(200))
    # A seat of its own for each run, so that it is free.
    seat = world.kept("hot seats", lambda: iter(show.seats))
    wanted = next(seat)
    load = Load(book, [Purchase(str(uuid4()), show.id, (wanted,)) for _ in range(crowd)], world.target, crowd)
    [tally], usage = world.run(load)
    last = max(max(latencies) for latencies in tally.latencies.values())
    return tally.result(usage, last_answer_ms=last * 1000)
