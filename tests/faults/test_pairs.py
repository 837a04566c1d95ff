"""Two at once on the same seats or booking, each in the middle of the other: all is in order, whoever wins.

`make grid` runs all pairs; here, and in CI, a few are drawn, and the ones where money meets an end are always run.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.faults.races import NAMES, PAIRS, POINTLESS, race
from tests.faults.world import World

ALWAYS = [("settle", "cancel"), ("cancel", "settle"), ("confirm", "hold"), ("expire", "settle"), ("refund", "refund")]
ALWAYS += [("refund", "part"), ("part", "refund"), ("part", "part")]
ALWAYS += [
    ("cancel-show", "settle"),
    ("confirm", "cancel-show"),
    ("cancel-show", "refund"),
    ("cancel-show", "cancel-show"),
    ("block", "confirm"),
    ("revoke", "confirm"),
    ("prices", "reserve"),
]
DRAWN = random.Random(os.environ.get("GRID_SEED", "0")).sample([pair for pair in PAIRS if pair not in ALWAYS], 3)


def _name(pair: tuple[str, str]) -> str:
    first, second = pair
    return f"{second} within {first}"


@pytest.mark.parametrize("pair", ALWAYS + DRAWN, ids=_name)
async def test_some_pairs_leave_all_in_order(world: World, pair: tuple[str, str]) -> None:
    await race(world, *pair)


@pytest.mark.grid
@pytest.mark.parametrize("pair", PAIRS, ids=_name)
async def test_every_pair_leaves_all_in_order(world: World, pair: tuple[str, str]) -> None:
    await race(world, *pair)


def test_every_pair_is_raced_or_has_a_reason() -> None:
    assert {(first, second) for first in NAMES for second in NAMES} == set(PAIRS) | POINTLESS.keys()
    assert all(POINTLESS.values())
