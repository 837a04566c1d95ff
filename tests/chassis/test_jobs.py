"""Ticks: a job runs until it finds nothing more to do, and no failure ends its ticking."""

import asyncio
import logging
from collections.abc import Callable

import pytest
from apscheduler.triggers.interval import IntervalTrigger

from services.chassis.errors import Unavailable
from services.chassis.writes import jobs
from tests.patience import patient

SECONDS = patient(10)


async def ticked(work: Callable[[], int], until: asyncio.Event) -> None:
    """Tick a job every few milliseconds until `until` is set."""

    async def job() -> int:
        return work()

    ticks = jobs.scheduler()
    jobs.add(ticks, "test", job, IntervalTrigger(seconds=0.01))  # type: ignore[arg-type]
    ticks.start()
    try:
        await asyncio.wait_for(until.wait(), SECONDS)
    finally:
        ticks.shutdown(wait=False)


async def test_a_job_goes_on_until_nothing_is_left() -> None:
    left, done = [3, 2, 1, 0], asyncio.Event()
    ran: list[int] = []

    def work() -> int:
        ran.append(left.pop(0) if left else 0)
        if not left:
            done.set()
        return ran[-1]

    await ticked(work, done)
    assert ran[:4] == [3, 2, 1, 0]


@pytest.mark.parametrize("error", [Unavailable(), ValueError("a defect")], ids=["failure", "defect"])
async def test_a_job_that_fails_ticks_again(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    errors, done = [error, error], asyncio.Event()

    def work() -> int:
        if errors:
            raise errors.pop()
        done.set()
        return 0

    await ticked(work, done)
    logged = [record for record in caplog.records if record.name == "services.chassis.writes.jobs"]
    assert len(logged) == 2
    assert all((record.exc_info is not None) == isinstance(error, ValueError) for record in logged)


async def test_a_job_at_intervals_runs_at_the_start_too() -> None:
    ran = asyncio.Event()

    async def job() -> int:
        ran.set()
        return 0

    ticks = jobs.scheduler()
    jobs.add(ticks, "test", job, IntervalTrigger(hours=1))
    ticks.start()
    try:
        await asyncio.wait_for(ran.wait(), SECONDS)
    finally:
        ticks.shutdown(wait=False)


async def test_a_job_that_the_stop_cuts_short_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def job() -> int:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return 0

    ticks = jobs.scheduler()
    jobs.add(ticks, "endless", job, jobs.every(hours=1))
    ticks.start()
    await begun.wait()
    with caplog.at_level(logging.INFO):
        ticks.shutdown(wait=False)
        await asyncio.wait_for(ended.wait(), SECONDS)
        for _ in range(10):  # turns of the loop, in which the scheduler sees how its job ended
            await asyncio.sleep(0)
    assert "job endless is cut short by the stop" in caplog.messages
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
