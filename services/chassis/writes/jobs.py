"""Jobs: the scheduler only ticks; the work is a function that runs once and may run anywhere at the same time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from services.chassis.errors import Failure
from services.chassis.sight import faults, metrics

log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[int]]
"""Do one bounded piece of work; return how much there was to do."""


def scheduler() -> AsyncIOScheduler:
    """Make a scheduler. A job that is still running, or was missed, ticks once, later."""
    return AsyncIOScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60}
    )


def every(*, hours: int = 0, minutes: int = 0, seconds: float = 0) -> IntervalTrigger:
    """Return a trigger for each passing of this time."""
    return IntervalTrigger(hours=hours, minutes=minutes, seconds=seconds, timezone=UTC)


def daily(hour: int) -> CronTrigger:
    """Return a trigger for this hour of each day, in UTC."""
    # A trigger that is made without a zone takes the machine's, not the scheduler's.
    return CronTrigger(hour=hour, timezone=UTC)


def add(ticks: AsyncIOScheduler, name: str, job: Job, trigger: BaseTrigger) -> None:
    """Run `job` at each tick of `trigger`, again and again until it finds nothing more to do.

    One that runs at intervals also runs at the start: a service that often starts anew does its work all the same.
    """

    async def run() -> None:
        faults.operation.set(f"job {name}")
        done = 0
        try:
            while worked := await job():
                done += worked
        except Failure as failure:
            log.warning("job %s waits for its next tick: %s", name, failure)
        except asyncio.CancelledError:  # only the scheduler's stop cancels, and it logs what it cancels as an error
            log.info("job %s is cut short by the stop", name)
        except Exception:  # the next tick tries again
            log.exception("job %s failed", name)
        if done:
            metrics.JOBS.labels(name).inc(done)
            log.info("job", extra={"job": name, "done": done})

    first = {"next_run_time": datetime.now(UTC)} if isinstance(trigger, IntervalTrigger) else {}
    ticks.add_job(run, trigger, id=name, name=name, **first)
