"""What all tests stand on: a real PostgreSQL, databases made from migrated templates, real gRPC servers."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path

import grpc
import pytest

from roster import named
from services.chassis.calls import channel
from services.chassis.database import Database
from services.chassis.migrate import migrate
from services.chassis.server import make_server
from stack.postgres import Server, temporary_server

HERE = Path(__file__).parent
_numbers = count()

TOGETHER = (
    *("system", "faults", "operations", "clients", "fuzz", "bench/test_smoke.py"),
    *("identity/test_canaries.py", "identity/test_whole.py", "stack/test_audit.py", "stack/test_replicas.py"),
)
"""Folders and files whose tests share something that takes long to start, a stack mostly."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Keep tests that belong together on one worker, so that what they share is started once."""
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


def _group(path: Path) -> str:
    return next((each for each in TOGETHER if HERE / each in (path, *path.parents)), "")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server of this test process."""
    with temporary_server() as server:
        yield server


class Databases:
    """Databases of the services, freshly migrated: each a copy of a template that is made once."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._templates: set[str] = set()

    @contextmanager
    def fresh(self, service: str) -> Iterator[str]:
        """Make a database for `service`, by its name in the roster, and drop it at the end."""
        template = f"template_{service}"
        if template not in self._templates:
            migrate(service, named(service).folder / "migrations", self.server.create_database(template))
            self._templates.add(template)
        name = f"test_{next(_numbers)}"
        try:
            yield self.server.create_database(name, template=template)
        finally:
            self.server.drop_database(name)


@pytest.fixture(scope="session")
def databases(postgres: Server) -> Databases:
    return Databases(postgres)


@asynccontextmanager
async def opened(url: str, *, pool_size: int = 8) -> AsyncIterator[Database]:
    """Open a database as a service does."""
    db = Database(url, pool_size=pool_size, name="test")
    await db.open()
    try:
        yield db
    finally:
        await db.close()


async def _fresh(databases: Databases, service: str) -> AsyncIterator[Database]:
    with databases.fresh(service) as url:
        async with opened(url) as db:
            yield db


@pytest.fixture
async def inventory_db(databases: Databases) -> AsyncIterator[Database]:
    async for db in _fresh(databases, "inventory"):
        yield db


@pytest.fixture
async def booking_db(databases: Databases) -> AsyncIterator[Database]:
    async for db in _fresh(databases, "booking"):
        yield db


@pytest.fixture
async def payment_db(databases: Databases) -> AsyncIterator[Database]:
    async for db in _fresh(databases, "payment"):
        yield db


@pytest.fixture
async def bank_db(databases: Databases) -> AsyncIterator[Database]:
    async for db in _fresh(databases, "bank"):
        yield db


@pytest.fixture
async def identity_db(databases: Databases) -> AsyncIterator[Database]:
    async for db in _fresh(databases, "identity"):
        yield db


async def move_clock(db: Database, interval: str) -> None:
    """Move the database's clock by `interval`, such as '6 minutes', for every session of it."""
    await db.execute(
        "CREATE OR REPLACE FUNCTION boxoffice_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE"
        f" RETURN clock_timestamp() + interval '{interval}'"
    )


@asynccontextmanager
async def served(*add: Callable[[grpc.aio.Server], None]) -> AsyncIterator[grpc.aio.Channel]:
    """Serve servicers as a service does, on a free port; give a channel to them."""
    server = make_server()
    for add_servicer in add:
        add_servicer(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with channel(f"127.0.0.1:{port}") as to_server:
            yield to_server
    finally:
        await server.stop(1)
