"""Health follows the database: NOT_SERVING while it is away, and serving when it is back; a hiccup is not told."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import grpc
import psycopg
import pytest
from psycopg import sql

from services.chassis.process import readiness
from services.chassis.process.readiness import Readiness
from stack.postgres import Server
from tests.chassis.pooler import pooled
from tests.chassis.processes import health, started
from tests.chassis.test_connections import set_all
from tests.databases import Databases
from tests.patience import eventually, patient

SESSION = "SELECT pid FROM pg_stat_activity WHERE application_name = 'readiness' AND datname = %s"


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look more often than a service does."""
    monkeypatch.setattr(readiness, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(readiness, "AWAY_SECONDS", 0.02)


@asynccontextmanager
async def watched(url: str) -> AsyncIterator[list[bool]]:
    """Watch the database at `url`; give what is told of it."""
    shown: list[bool] = []

    async def show(there: bool) -> None:
        shown.append(there)

    watch = asyncio.create_task(Readiness(url).watch(show))
    try:
        yield shown
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch


class Database:
    """A database that can be made to refuse everybody."""

    def __init__(self, server: Server, url: str) -> None:
        self._server = server
        self.name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]

    def refuse(self, refused: bool = True) -> None:
        with self._server.connect() as connection:
            allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            connection.execute(allow.format(sql.Identifier(str(self.name)), sql.Literal(not refused)))
            if refused:
                self.cut(connection)

    def cut(self, connection: psycopg.Connection[Any]) -> None:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [self.name]
        )

    def session(self) -> int | None:
        """Return the process of the session that looks, if there is one."""
        with self._server.connect() as connection:
            row = connection.execute(SESSION, [self.name]).fetchone()
            return row[0] if row else None


async def test_a_database_that_went_away_is_told_once_and_its_return_too(
    brisk: None, postgres: Server, chassis_url: str
) -> None:
    database = Database(postgres, chassis_url)

    async def looked() -> bool:
        return database.session() is not None

    async with watched(chassis_url) as shown:
        await eventually(looked)
        assert shown == []
        database.refuse()

        async def away() -> bool:
            return shown == [False]

        await eventually(away)
        database.refuse(False)

        async def back() -> bool:
            return shown == [False, True]

        await eventually(back)


async def test_a_database_whose_new_connections_have_no_limits_is_told(
    brisk: None, postgres: Server, chassis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A pooler drops what connections ask for, and the database sets it, until somebody resets that."""
    database = Database(postgres, chassis_url)
    set_all(chassis_url)

    async def looked() -> bool:
        return database.session() is not None

    async with pooled(chassis_url) as url, watched(url) as shown:
        await eventually(looked)
        set_all(chassis_url, lock_timeout="0")
        with postgres.connect() as connection:
            await asyncio.to_thread(database.cut, connection)

        async def away() -> bool:
            return shown == [False]

        await eventually(away)
        assert "lock_timeout is 0 instead of 2000" in caplog.text


async def test_a_server_that_fell_silent_is_told(
    brisk: None, postgres: Server, chassis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "ANSWER_SECONDS", patient(1))
    database = Database(postgres, chassis_url)

    async def looked() -> bool:
        return database.session() is not None

    async with watched(chassis_url) as shown:
        await eventually(looked)
        frozen = database.session()
        assert frozen is not None
        os.kill(frozen, signal.SIGSTOP)
        try:

            async def away() -> bool:
                return shown == [False]

            await eventually(away)
        finally:
            os.kill(frozen, signal.SIGCONT)

        async def back() -> bool:
            return shown == [False, True]

        await eventually(back)


async def test_a_session_that_is_cut_is_made_anew_and_nothing_is_told(
    brisk: None, postgres: Server, chassis_url: str
) -> None:
    database = Database(postgres, chassis_url)

    async def looked() -> bool:
        return database.session() is not None

    async with watched(chassis_url) as shown:
        await eventually(looked)
        with postgres.connect() as connection:
            database.cut(connection)
        await eventually(looked)
        assert shown == []


async def test_a_service_without_its_database_does_not_serve_and_does_again_when_it_is_back(
    databases: Databases,
) -> None:
    with databases.fresh("inventory") as url:
        database = Database(databases.server, url)
        async with started("services.inventory", DATABASE_URL=url) as it:
            await it.says('"serving"')
            # Not by a channel of the chassis, which takes no calls to who does not serve.
            async with grpc.aio.insecure_channel(f"127.0.0.1:{it.port}") as to:

                async def serves() -> bool:
                    return await health(to) == "SERVING"

                async def does_not() -> bool:
                    return await health(to) == "NOT_SERVING"

                await eventually(serves)
                database.refuse()
                await eventually(does_not)
                assert await health(to, "boxoffice.inventory.v1.CatalogService") == "NOT_SERVING"
                database.refuse(False)
                await eventually(serves)
            it.signal(signal.SIGTERM)
            assert await it.ends() == 0, it.output
