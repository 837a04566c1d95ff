"""The crash grid: whatever breaks, wherever it breaks, the books are in order once the parts that died are back.

`make grid` runs all of it, or GRID_FAULTS of each operation, drawn by GRID_SEED; here, and in CI, a few faults are
drawn, and the pivots are always among them.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.faults.conftest import Report
from tests.faults.controller import Point
from tests.faults.door_operations import OPERATIONS
from tests.faults.grid import KILL, LATE, PLAYS, RESET, SLOW, Case, Outcome, cases_of, idle_points, run
from tests.faults.world import World

SEED = os.environ.get("GRID_SEED", "0")
FAULTS = int(os.environ.get("GRID_FAULTS") or 0)
"""How many faults of each operation the grid draws; 0: all."""
DRAWN_OPERATIONS = 1
DRAWN_FAULTS = 3

PIVOTS = [
    # (operation, fault, where): after these there is no way back.
    ("book", RESET, ("booking", "desk Create", "committed", "WITH bookings")),
    ("book", KILL, ("inventory", "desk Reserve", "committed", "SELECT show_counters")),
    ("settle", KILL, ("bank", "desk Pay", "committed", "SELECT sessions")),
    ("settle", RESET, ("payment", "desk Settle", "committed", "SELECT payments")),
    ("settle", KILL, ("inventory", "desk Confirm", "committed", "SELECT show_counters")),
    ("settle", RESET, ("inventory", "desk Confirm", "committed", "SELECT show_counters")),
    ("settle", KILL, ("booking", "BatchRecordCaptures", "answered", "BatchConfirmReservations")),
    ("capture-late-while-block", RESET, ("inventory", "desk BlockSeats", "committed", "SELECT show_counters")),
    ("book-for-free", KILL, ("booking", "desk Create", "committed", "WITH bookings")),
    ("book-for-free", KILL, ("booking", "desk Create", "answered", "BatchConfirmReservations")),
]


@pytest.fixture(scope="module")
async def idle(world: World) -> set[Point]:
    """The points that are reached at rest."""
    return await idle_points(world)


@pytest.mark.grid
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_an_operation_survives_every_fault_at_each_of_its_points(
    world: World, idle: set[Point], report: Report, operation: str
) -> None:
    outcome = Outcome()
    cases = await cases_of(world, operation, idle, plays=PLAYS)
    await run(world, random.Random(SEED).sample(cases, min(FAULTS or len(cases), len(cases))), outcome)
    report[operation] = outcome
    assert not (outcome.wrong or outcome.missed), str(outcome)


@pytest.mark.timeout(600)
async def test_the_pivots_and_some_drawn_points_survive_their_faults(
    world: World, idle: set[Point], report: Report
) -> None:
    lot = random.Random(SEED)
    drawn = lot.sample(sorted(OPERATIONS.keys() - {operation for operation, *_ in PIVOTS}), DRAWN_OPERATIONS)
    cases = [
        case
        for operation in dict.fromkeys([*(operation for operation, *_ in PIVOTS), *drawn])
        for case in await cases_of(world, operation, idle)
    ]
    pivots = [_pivot(cases, *pivot) for pivot in PIVOTS]
    # Played once, an operation may have the page of a consumer among its points that tells of the play before.
    own = [case for case in cases if not case.point.operation.startswith("consumer ")]
    quick = [case for case in own if case.do not in (LATE, SLOW) and case not in pivots]
    outcome = Outcome()
    await run(world, [*pivots, *lot.sample(quick, DRAWN_FAULTS)], outcome)
    report[f"sample of seed {SEED}"] = outcome
    assert not (outcome.wrong or outcome.missed), f"GRID_SEED={SEED}: {outcome}"


def _pivot(cases: list[Case], operation: str, do: str, where: tuple[str, str, str, str]) -> Case:
    """Return the last time that a pivot is reached: what comes before may prepare it."""
    found = [case for case in cases if (case.operation, case.do, case.point) == (operation, do, Point(*where))]
    assert found, f"{operation} does not reach {Point(*where)} any more: {sorted({str(c.point) for c in cases})}"
    return found[-1]
