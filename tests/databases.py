"""Databases of the tests: copies of templates that are migrated once, opened as a service opens them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count

from roster import named
from services.chassis.store.database import Database
from services.chassis.store.migrate import migrate
from stack.postgres import Server

_numbers = count()


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

    @asynccontextmanager
    async def opened(self, service: str) -> AsyncIterator[Database]:
        """Make a database as `fresh` does, and open it."""
        async with self.made(service) as url, opened(url) as db:
            yield db

    @asynccontextmanager
    async def made(self, service: str) -> AsyncIterator[str]:
        """Make a database and drop it as `fresh` does, while the loop goes on.

        PostgreSQL drops no database until every log-in that is half done has gone on, and those of this loop's pools
        could not.
        """
        fresh = self.fresh(service)
        url = await asyncio.to_thread(fresh.__enter__)
        try:
            yield url
        finally:
            await asyncio.to_thread(fresh.__exit__, None, None, None)


@asynccontextmanager
async def opened(url: str, *, pool_size: int = 8) -> AsyncIterator[Database]:
    """Open a database as a service does."""
    db = Database(url, pool_size=pool_size, name="test")
    await db.open()
    try:
        yield db
    finally:
        await db.close()


async def move_clock(db: Database, interval: str) -> None:
    """Move the database's clock by `interval`, such as '6 minutes', for every session of it."""
    await db.execute(
        "CREATE OR REPLACE FUNCTION boxoffice_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE"
        f" RETURN clock_timestamp() + interval '{interval}'"
    )
