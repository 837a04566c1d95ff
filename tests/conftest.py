"""What all tests stand on: a real PostgreSQL, and databases made from migrated templates.

A conftest.py is read for every test below its folder, also for those that need nothing of it. So the fixtures of this
one and of all others import what they take when they are asked for it, and nothing here loads a library.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.patience import PATIENCE, patient

if TYPE_CHECKING:
    from pytest_timeout import Settings

    from services.chassis.store.database import Database
    from stack.postgres import Server
    from tests.databases import Databases

HERE = Path(__file__).parent

if PATIENCE != 1:
    # What stacks are given, those in this process and those that tests run as people do.
    os.environ.setdefault("START_SECONDS", str(patient(30)))

SHARED = "BOXOFFICE_TESTS_SHARED"
"""The name of a variable: in which folder all workers of a run find what the first of them has made."""

# Where an assertion of a module beside the tests fails, it shows what it compared, as one of a test does.
pytest.register_assert_rewrite(*(f"tests.{folder.name}" for folder in HERE.iterdir() if folder.is_dir()))

TOGETHER = (
    *("system", "faults", "operations", "clients", "gateway", "web", "bench/test_smoke.py"),
    *("compose/test_databases_container.py", "inventory/test_large_halls.py", "test_imports.py"),
    *("identity/test_canaries.py", "identity/test_keys_away.py", "identity/test_whole.py"),
    *("stack/test_audit.py", "stack/test_crowds.py", "stack/test_replicas.py"),
)
"""Folders and files whose tests share something that takes long to start, a stack mostly."""
LONG = ("fuzz", "stack", "model", "compose")
"""Folders with tests of half a minute and more: these begin first, so that no worker is left alone with one at last."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder that workers share, before there are any; see tests/stacks.py."""
    if not hasattr(config, "workerinput"):
        os.environ[SHARED] = tempfile.mkdtemp(prefix="boxoffice-tests-")
        config.add_cleanup(lambda: shutil.rmtree(os.environ[SHARED], ignore_errors=True))
    if "sniffio" not in sys.modules and find_spec("sniffio") is None:
        # httpx asks for this module at every request, and Python would look for it in every folder each time.
        sys.modules["sniffio"] = None  # type: ignore[assignment]  # which import takes for what is not to be found


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Keep tests that belong together on one worker, so that what they share is started once; long ones come first.

    Where there are several workers, the largest groups are handed out before all else, then tests by themselves.
    """
    items.sort(key=lambda item: item.path.parent.name not in LONG)
    groups = {item: group for item in items if (group := _group(item.path))}
    for item, group in groups.items():
        item.add_marker(pytest.mark.xdist_group(group))
    yield
    # xdist 3.8 tells the group by a field that pytest 9.2 has under another name, so that it goes unheard:
    # https://github.com/pytest-dev/pytest-xdist/issues/1386. This says it again, until xdist does.
    for item, group in groups.items():
        suffix = f"@{group}"
        if getattr(config.option, "loadgroup", False) and not item.nodeid.endswith(suffix):
            item._id = item._id.parse(item.nodeid + suffix)


def pytest_collection_finish() -> None:
    """Leave what was collected out of each search for garbage: it stays to the end, and is much."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Settings) -> Any:
    """Give a test as long as this machine takes, before it counts as hanging."""
    from pytest_timeout import pytest_timeout_set_timer as set_timer

    return set_timer(item, settings._replace(timeout=patient(settings.timeout)))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave hypothesis out where no test was one of its own: its plugin would load all of it for the summary."""
    plugins = session.config.pluginmanager
    if "hypothesis" not in sys.modules and plugins.has_plugin("hypothesispytest"):
        plugins.unregister(name="hypothesispytest")


@cache
def _group(path: Path) -> str:
    return next((each for each in TOGETHER if HERE / each in (path, *path.parents)), "")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of this test process."""
    from stack.postgres import temporary_server

    with temporary_server() as server, server.many_databases():
        yield server


@pytest.fixture(scope="session")
def databases(postgres: Server) -> Databases:
    from tests.databases import Databases

    return Databases(postgres)


@pytest.fixture
async def inventory_db(databases: Databases) -> AsyncIterator[Database]:
    async with databases.opened("inventory") as db:
        yield db


@pytest.fixture
async def booking_db(databases: Databases) -> AsyncIterator[Database]:
    async with databases.opened("booking") as db:
        yield db


@pytest.fixture
async def payment_db(databases: Databases) -> AsyncIterator[Database]:
    async with databases.opened("payment") as db:
        yield db


@pytest.fixture
async def bank_db(databases: Databases) -> AsyncIterator[Database]:
    async with databases.opened("bank") as db:
        yield db


@pytest.fixture
async def identity_db(databases: Databases) -> AsyncIterator[Database]:
    async with databases.opened("identity") as db:
        yield db


@pytest.fixture
async def notifications_db(databases: Databases) -> AsyncIterator[Database]:
    async with databases.opened("notifications") as db:
        yield db
