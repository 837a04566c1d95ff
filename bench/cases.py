"""Cases: what is measured, each with a name by which it is asked for and reported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.load import Load
from bench.measure import Result
from bench.stories import buy
from bench.world import World, purchases

WARM_UP, WARM_UP_CLIENTS = 100, 16

Run = Callable[[World], Result]


@dataclass(frozen=True)
class Case:
    """One thing to measure. Names have parts, from the general to the special: `create.grpc.big.64`."""

    name: str
    unit: str
    """What is counted, in the plural: bookings, reads."""
    run: Run
    once: bool = False
    """Whether one run is enough: it is long, and has its own repetitions inside."""
    in_quick: bool = True
    """Whether a quick bench has it too."""


def warm_up(world: World) -> None:
    """Have everything run for the first time: connections, statements, code."""
    wanted = purchases(world.show(4 * WARM_UP))
    world.run(
        Load(buy, wanted[::2], world.target, WARM_UP_CLIENTS),
        Load(buy, wanted[1::2], world.target, WARM_UP_CLIENTS, rest=True),
    )


def chosen(cases: Sequence[Case], wanted: Sequence[str], *, quick: bool) -> list[Case]:
    """Return the cases that `wanted` names, by first parts of their names; all where it is empty.

    Of a group, a quick bench has those only that are for it.

    Raise LookupError for a name that is none.
    """
    for name in wanted:
        if not any(_is_in(case.name, name) for case in cases):
            known = ", ".join(dict.fromkeys(case.name.partition(".")[0] for case in cases))
            raise LookupError(f"there is no case {name!r}: there are {known}, and parts of these")
    if not wanted:
        return [case for case in cases if case.in_quick or not quick]
    return [
        case
        for case in cases
        if case.name in wanted or ((case.in_quick or not quick) and any(_is_in(case.name, name) for name in wanted))
    ]


def _is_in(name: str, group: str) -> bool:
    return name == group or name.startswith(f"{group}.")
