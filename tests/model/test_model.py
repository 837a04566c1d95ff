"""Boxoffice against a model of its domain: whatever happens, what it answers and becomes is what the model allows.

What `make model` finds is run again, first thing, by the next `make model`; on another machine, by the line
`@reproduce_failure(…)` that it printed, put before class Boxoffice of machine.py. Where things happen at once, or a
replica dies, the machine's timing has a say as well: such a run may have to be repeated.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test
from psycopg.errors import CheckViolation

from services.inventory.seats import rights
from stack.postgres import Server
from tests.model import databases, world
from tests.model.driver import Wrong
from tests.model.machine import Boxoffice
from tests.model.planted import PLANTS, Plant

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "0"))
"""How many runs of the long form, which makes what it finds smaller; 0: the short form, which is always the same."""
STEPS = 30
CODES_TRIED = STEPS * STEPS
"""How many wrong access codes a user may try: more than a run does, as the model does not count them."""
QUICK = 2
"""How many of the planted bugs the short form looks for."""
PLANTED_EXAMPLES = 90
"""After how many runs a planted bug must have been found."""
SHORT = settings(
    max_examples=10,  # by which all rules have been played
    stateful_step_count=STEPS,
    derandomize=True,
    phases=[Phase.generate],
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(
    max_examples=EXAMPLES or 1,
    stateful_step_count=STEPS,
    print_blob=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def machine(postgres: Server) -> Iterator[type[Boxoffice]]:
    urls = databases.make_databases(postgres)
    with asyncio.Runner() as runner, pytest.MonkeyPatch.context() as patch:
        patch.setattr(rights, "TRIES", CODES_TRIED)
        real = world.World(urls)
        running = real.running()
        runner.run(running.__aenter__())
        yield type("Boxoffice", (Boxoffice,), {"runner": runner, "real": real})
        runner.run(running.__aexit__(None, None, None))
    databases.drop_databases(postgres)


@pytest.mark.timeout(240 + 20 * EXAMPLES)
def test_boxoffice_does_what_the_model_allows_whatever_happens(machine: type[Boxoffice]) -> None:
    run_state_machine_as_test(machine, settings=LONG if EXAMPLES else SHORT)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("plant", PLANTS if EXAMPLES else PLANTS[:QUICK], ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_found(machine: type[Boxoffice], monkeypatch: pytest.MonkeyPatch, plant: Plant) -> None:
    plant(monkeypatch)
    # A CHECK of the schema may refuse what the bug writes before the model sees it.
    with pytest.raises((Wrong, Flaky, CheckViolation)):
        run_state_machine_as_test(
            machine, settings=settings(SHORT, max_examples=PLANTED_EXAMPLES, report_multiple_bugs=False)
        )
