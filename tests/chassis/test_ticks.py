"""The jobs of every service, as it wires them on a machine that is not in UTC."""

import importlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import tzlocal
from apscheduler.job import Job
from apscheduler.schedulers.asyncio import AsyncIOScheduler

import roster
from roster import named
from services.chassis.writes import jobs
from tests.chassis.processes import secrets_for
from tests.databases import Databases


@pytest.fixture
def in_kolkata(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock on the wall is five and a half hours ahead of UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        tzlocal.reload_localzone()
        yield
    tzlocal.reload_localzone()


async def wired(service: str, url: str, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Have a service wire itself, and return its jobs at the moment when it would serve."""
    module: Any = importlib.import_module(f"{named(service).module}.__main__")
    found: list[Job] = []

    async def serve(
        *_: object,
        ticks: AsyncIOScheduler,
        closing: Sequence[Callable[[], Awaitable[None]]],
        background: Sequence[Coroutine[Any, Any, None]] = (),
        **__: object,
    ) -> None:
        found.extend(ticks.get_jobs())
        for work in background:
            work.close()
        for close in closing:
            await close()

    monkeypatch.setattr(module, "serve", serve)
    secrets = {name.lower(): secret for name, secret in secrets_for(named(service).module).items()}
    await module.run(module.Settings(database_url=url, **secrets))
    return found


@pytest.mark.usefixtures("in_kolkata")
@pytest.mark.parametrize("service", roster.NAMES)
async def test_every_trigger_names_its_zone(
    databases: Databases, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert str(tzlocal.get_localzone()) == "Asia/Kolkata"
    with databases.fresh(service) as url:
        found = await wired(service, url, monkeypatch)
    assert found
    assert {job.name: job.trigger.timezone for job in found} == {job.name: UTC for job in found}


@pytest.mark.usefixtures("in_kolkata")
async def test_the_archive_runs_at_three_in_utc(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    with databases.fresh("booking") as url:
        [archive] = [job for job in await wired("booking", url, monkeypatch) if job.name == "archive"]
    late = datetime(2026, 11, 1, 22, 0, tzinfo=UTC)  # half past three of the next day in Kolkata
    assert archive.trigger.get_next_fire_time(None, late) == datetime(2026, 11, 2, 3, 0, tzinfo=UTC)


@pytest.mark.usefixtures("in_kolkata")
def test_triggers_are_made_in_utc() -> None:
    for trigger in (jobs.every(hours=1), jobs.every(minutes=1), jobs.every(seconds=0.5), jobs.daily(3)):
        assert trigger.timezone is UTC
