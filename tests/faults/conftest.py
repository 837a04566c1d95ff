"""A stack of its own whose fault points are armed, started once; its jobs tick twice a second."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from roster import SERVICES
from stack.launcher import Stack
from stack.services import API
from storm.razorpay_server import razorpay
from tests.faults.controller import Controller
from tests.faults.grid import Outcome
from tests.faults.world import World
from tests.stacks import started
from tests.system.conftest import opened_client

QUICK = str(Path(__file__).parent / "quick")
NEVER = "600"
"""Seconds after which the bank is asked, unprompted, about a payment; the grid lets it be sooner where it wants."""


def environment(name: str, controller: Controller) -> dict[str, str]:
    """Return what a service is told here and nowhere else."""
    own = {"POLL_FIRST_SECONDS": NEVER, "POLL_MAX_SECONDS": NEVER} if name == "payment" else {}
    if name == "booking":
        own = {"CHECK_IN_OPENS_MINUTES": "10080"}  # doors are open, though shows are in three days
    return {"FAULTS_ADDRESS": controller.address, "PYTHONPATH": QUICK} | own


@pytest.fixture(scope="package")
def controller() -> Iterator[Controller]:
    with Controller() as controller:
        yield controller


@pytest.fixture(scope="package")
def stack(controller: Controller) -> Iterator[Stack]:
    environments = {service.name: environment(service.name, controller) for service in SERVICES}
    with pytest.MonkeyPatch.context() as told:
        # Who is forked reads nothing at a start of its own: what forks it does.
        told.setenv("PYTHONPATH", QUICK)
        # A service that is killed again and again is started at once each time.
        with started(auth="off", environments=environments, steady_seconds=0.0) as stack:
            yield stack


@pytest.fixture(scope="package")
async def world(stack: Stack, controller: Controller) -> AsyncIterator[World]:
    async with opened_client(stack) as client, razorpay() as stand_in:

        async def post(body: bytes, headers: dict[str, str]) -> int:
            path = f"{API}/payments/webhooks/razorpay"
            try:
                return (await client.http.post(path, content=body, headers=headers)).status_code
            except httpx.TransportError:
                return 503  # and Razorpay tries again

        stand_in.post = post
        await client.healthy()
        client.patient = True
        yield World(stack, controller, client, stand_in)


Report = dict[str, Outcome]
_report: Report = {}


@pytest.fixture(scope="package")
def report() -> Report:
    """What came of each part of the grid, to be told in the end."""
    return _report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what came of the grid."""
    if not _report:
        return
    terminalreporter.section("crash grid")
    for name, outcome in _report.items():
        terminalreporter.write_line(f"{name}: {outcome}")
    terminalreporter.write_line(
        f"in all: {sum(len(outcome.points) for outcome in _report.values())} points, "
        f"{sum(outcome.cases for outcome in _report.values())} faults, "
        f"{sum(len(outcome.wrong) for outcome in _report.values())} wrong, "
        f"{sum(len(outcome.missed) for outcome in _report.values())} missed"
    )
