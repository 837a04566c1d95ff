"""The crash grid: every point that an operation reaches, with every fault that makes sense there.

The points are those of the operation's recorded trace, so that a new step is in the grid by itself. What services
reach at rest as well, looking for work that is not there, is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from tests.faults.controller import HOLD, Fault, Point, numbered
from tests.faults.door_operations import OPERATIONS
from tests.faults.world import World
from tests.patience import eventually, patient

KILL, RESET, LATE, SLOW, ORPHAN = "kill", "reset", "late", "slow", "orphan"
"""The process dies; the connection is lost; the deadline passes; the same, seen from those who wait for a batch; the
caller dies, and its call is cancelled."""

SLOW_SECONDS = 2.5
"""Longer than the callers of a batch wait."""
IDLE_SECONDS = 3.0
LAST_SECONDS = patient(1)
"""How long after all is at rest the last point may be reached."""
AUDIT_EVERY = 10
"""After how many cases there is an audit."""
TRIES = 3
"""How often a case is tried whose point is not always reached."""
PLAYS = 3
"""How often an operation is played first: where it is not always reached that often, what a job ticks meanwhile is not
of it."""


@dataclass(frozen=True)
class Case:
    """A fault at a point of an operation."""

    operation: str
    point: Point
    occurrence: int
    do: str
    caller: str = ""
    """The service that dies, of those whose call is cancelled."""

    def __str__(self) -> str:
        nth = f" ({self.occurrence})" if self.occurrence > 1 else ""
        return f"{self.operation}: {self.do} at {self.point}{nth}"


@dataclass
class Outcome:
    """What came of cases: how many, at how many points; what was found to be wrong, and which were never reached."""

    cases: int = 0
    points: set[tuple[str, Point, int]] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{len(self.points)} points, {self.cases} faults, {len(self.wrong)} wrong, {len(self.missed)} missed"]
        return "\n".join([*lines, *self.wrong, *(f"never reached: {case}" for case in self.missed)])


async def idle_points(world: World) -> set[Point]:
    """Return the points that are reached at rest, once what a stack does only once is done: a consumer's first page."""
    async with aclosing(OPERATIONS["settle"](world)) as play:
        async for _ in play:
            await world.rest(hurry=True)
    await eventually(world.has_consumed)
    await world.rest(hurry=True)
    with world.controller.recording() as trace:
        await asyncio.sleep(IDLE_SECONDS)
    return set(trace)


async def cases_of(world: World, operation: str, idle: set[Point], *, plays: int = 1) -> list[Case]:
    """Play an operation undisturbed, so many times; return the cases of what is reached each time."""
    traces = [await _traced(world, operation) for _ in range(plays)]
    always = set.intersection(*(set(numbered(trace)) for trace in traces))
    places = [place for place in numbered(traces[0]) if place in always and place[0] not in idle]
    return [
        Case(operation, point, occurrence, do, caller)
        for point, occurrence in places
        for do, caller in _faults(point, traces[0])
    ]


async def _traced(world: World, operation: str) -> list[Point]:
    """Play an operation undisturbed; return the points that it reaches."""
    async with aclosing(OPERATIONS[operation](world)) as play:
        await anext(play)
        with world.controller.recording() as trace:
            await anext(play)
            await world.rest(hurry=True)
        await anext(play, None)
    await world.rest(hurry=True)
    return trace


def _faults(point: Point, trace: Sequence[Point]) -> list[tuple[str, str]]:
    """Return the faults that make sense at a point, each with the caller that it is about, if it is."""
    if point.kind == "asked":
        # To the caller, what else could happen here is what happens at its own points.
        return [(KILL, "")]
    found = [(KILL, ""), (RESET, "")]
    is_call = point.operation.isidentifier()
    if is_call or point.kind in ("call", "answered"):
        found.append((LATE, ""))
    elif point.operation.startswith("desk "):
        found.append((SLOW, ""))
    if is_call and point.kind in ("execute", "commit", "committed", "answer"):
        callers = {one.service for one in trace if (one.kind, one.detail) == ("call", point.operation)}
        found += [(ORPHAN, caller) for caller in sorted(callers)]
    return found


async def run(world: World, cases: Sequence[Case], outcome: Outcome) -> None:
    """Run cases one after the other, and note what came of them. What is broken stays so: not each needs an audit."""
    for number, case in enumerate(cases, 1):
        outcome.cases += 1
        outcome.points.add((case.operation, case.point, case.occurrence))
        for _ in range(TRIES):
            try:
                fired = await _run(world, case)
            except Exception as error:  # whatever it is, it is a finding, and the other cases are still to be run
                outcome.wrong.append(f"{case}: {type(error).__name__}: {error}"[:2_000])
                await world.recover()
                break
            if fired:
                break
        else:
            outcome.missed.append(str(case))
        if number % AUDIT_EVERY == 0 or number == len(cases):
            since = cases[(number - 1) // AUDIT_EVERY * AUDIT_EVERY : number]
            outcome.wrong += [f"{since[0]} … {case}: {violation}" for violation in await world.violations()]


async def _run(world: World, case: Case) -> bool:
    """Play an operation with a fault in it; return whether that happened."""
    do = HOLD if case.do in (SLOW, ORPHAN) else case.do
    victim = case.caller or (case.point.service if case.do == KILL else "")
    pid = world.stack.pid(victim) if victim else 0
    async with aclosing(OPERATIONS[case.operation](world)) as play:
        await anext(play)
        with world.controller.fault(lambda point: point == case.point, do, case.occurrence) as fault:
            meanwhile = asyncio.create_task(_disturb(world, case, fault))
            try:
                await anext(play)
                await world.rest(hurry=True)
                with suppress(AssertionError):
                    await fault.reached(within_seconds=LAST_SECONDS)
                if fault.fired:
                    await meanwhile
            finally:
                meanwhile.cancel()
        if fault.fired and victim:
            await world.up_again(victim, pid)
        await world.rest(hurry=True)
        await anext(play, None)
    await world.rest(hurry=True)
    return fault.fired


async def _disturb(world: World, case: Case, fault: Fault) -> None:
    """Do to a step that is held what its case says, and let it go on."""
    if case.do in (SLOW, ORPHAN):
        await fault.reached()
        if case.do == SLOW:
            await asyncio.sleep(SLOW_SECONDS)
        else:
            await asyncio.to_thread(world.stack.kill, case.caller)
        fault.release()
