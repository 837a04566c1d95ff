"""Connections: broken, cancelled in the middle, and the bounds of the pool that lends them."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest

from services.chassis.errors import Interrupted, ResourceExhausted, Unavailable
from services.chassis.store import connections
from services.chassis.store.database import Database
from tests.chassis.playground import ADD, things
from tests.chassis.waiting import until_waiting
from tests.databases import opened
from tests.patience import patient

# --- Broken connections


async def kill_sessions(observer: psycopg.AsyncConnection[Any]) -> int:
    """End every session of the database but the observer's; return how many there were."""
    cursor = await observer.execute(
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_a_connection_that_breaks_in_a_transaction_interrupts_it_and_the_pool_recovers(
    db: Database, observer: psycopg.AsyncConnection[Any]
) -> None:
    with pytest.raises(Interrupted):
        async with db.transaction() as tx:
            await tx.fetch("INSERT INTO things VALUES (1, 1) RETURNING id")
            await kill_sessions(observer)
            await tx.fetch("INSERT INTO things VALUES (2, 2) RETURNING id")
    async with db.transaction() as tx:
        await tx.send(ADD, (3, 3))
    assert await things(db) == [(3, 3)]


async def test_a_connection_that_breaks_before_the_commit_interrupts_the_transaction(
    db: Database, observer: psycopg.AsyncConnection[Any]
) -> None:
    with pytest.raises(Interrupted):
        async with db.transaction() as tx:
            await tx.fetch("INSERT INTO things VALUES (1, 1) RETURNING id")
            await kill_sessions(observer)
    assert await things(db) == []


async def use_fetch(db: Database) -> None:
    await db.fetch("SELECT 1")


async def use_fetch_all(db: Database) -> None:
    await db.fetch_all(("SELECT 1", ()), ("SELECT 2", ()))


async def use_execute(db: Database) -> None:
    await db.execute("UPDATE things SET amount = 1")


async def use_transaction(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.fetch("SELECT 1")


USES = [use_fetch, use_fetch_all, use_execute, use_transaction]


@pytest.mark.parametrize("use", USES)
async def test_nobody_meets_a_connection_that_died_while_it_lay_idle(
    db: Database, observer: psycopg.AsyncConnection[Any], use: Callable[[Database], Awaitable[None]]
) -> None:
    """As after a restart of the server."""
    all_lent = asyncio.Barrier(8)  # as many as the pool may have

    async def hold() -> None:
        async with db.transaction() as tx:
            await tx.fetch("SELECT 1")
            await all_lent.wait()

    await asyncio.gather(*(hold() for _ in range(8)))
    assert await kill_sessions(observer) == 8
    await asyncio.gather(*(use(db) for _ in range(3)))


async def test_a_database_can_be_closed_while_it_replaces_connections(
    chassis_url: str, observer: psycopg.AsyncConnection[Any]
) -> None:
    async with opened(chassis_url) as db:
        await kill_sessions(observer)
        await db.fetch("SELECT 1")


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for what it will do")
async def test_a_server_that_fell_silent_is_given_up_within_seconds(db: Database) -> None:
    async with db._connection() as connection:
        with socket.socket(fileno=os.dup(connection.fileno())) as wire:
            assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            idle = wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
            interval = wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL)
            probes = wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT)
            assert idle + interval * probes <= 12
            assert 0 < wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 12_000


# --- Cancelled


async def count_rollbacks_by_pool(records: list[logging.LogRecord]) -> int:
    return sum("returned connection" in record.getMessage() for record in records)


@pytest.mark.parametrize("where", ["in a statement", "between statements", "in the commit", "before anything"])
async def test_a_cancelled_transaction_is_undone_and_leaves_its_connection_clean(
    single: Database,
    observer: psycopg.AsyncConnection[Any],
    caplog: pytest.LogCaptureFixture,
    where: str,
) -> None:
    caplog.set_level(logging.WARNING)
    [session] = await single.fetch("SELECT pg_backend_pid() AS pid")
    await observer.execute("SELECT pg_advisory_lock(1)")
    reached = asyncio.Event()

    async def work() -> None:
        async with single.transaction() as tx:
            if where == "before anything":
                reached.set()
                await asyncio.Event().wait()
            await tx.fetch("INSERT INTO things VALUES (1, 1) RETURNING id")
            if where == "in a statement":
                reached.set()
                await tx.fetch("SELECT pg_advisory_lock(1)")
            if where == "between statements":
                reached.set()
                await asyncio.Event().wait()
            await tx.send("INSERT INTO slow VALUES (1)")
            reached.set()

    task = asyncio.create_task(work())
    await reached.wait()
    if where in ("in a statement", "in the commit"):
        await until_waiting(observer)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with single.transaction() as tx:
        [row] = await tx.fetch(
            "SELECT pg_backend_pid() AS pid, (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()"
            " AND locktype = 'advisory') AS locks, (SELECT count(*) FROM things) AS things"
        )
    assert row == (session.pid, 0, 0), "the same connection, without locks, and nothing was written"
    assert await count_rollbacks_by_pool(caplog.records) == 0


async def test_a_deadline_in_the_middle_of_a_statement_leaves_the_connection_clean(
    single: Database, observer: psycopg.AsyncConnection[Any]
) -> None:
    await observer.execute("SELECT pg_advisory_lock(1)")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), single.transaction() as tx:
            await tx.fetch("INSERT INTO things VALUES (1, 1) RETURNING id")
            await tx.fetch("SELECT pg_advisory_lock(1)")
    assert await things(single) == []


@pytest.mark.parametrize("steps", range(6))
async def test_what_is_answered_is_committed_however_somebody_was_cancelled_before(
    single: Database, observer: psycopg.AsyncConnection[Any], steps: int
) -> None:
    async def work() -> None:
        async with single.transaction() as tx:
            await tx.fetch("SELECT 1")

    working = asyncio.create_task(work())
    for _ in range(steps):
        await asyncio.sleep(0)
    working.cancel()
    await asyncio.wait([working])
    await single.fetch(f"{ADD} RETURNING id", (1, 10))
    # Its answer has come: so it is there, whatever becomes of this service from now on.
    assert await (await observer.execute("SELECT id, amount FROM things")).fetchall() == [(1, 10)]


# --- The pool's bounds


async def test_who_finds_the_pool_exhausted_is_refused_within_bounded_time(chassis_url: str) -> None:
    async with opened(chassis_url, pool_size=2) as db:
        release = asyncio.Event()

        async def hold(ready: asyncio.Event) -> None:
            async with db.transaction() as tx:
                await tx.fetch("SELECT 1")
                ready.set()
                await release.wait()

        ready = [asyncio.Event(), asyncio.Event()]
        holders = [asyncio.create_task(hold(event)) for event in ready]
        for event in ready:
            await event.wait()
        waiting = [asyncio.create_task(db.fetch("SELECT 1")) for _ in range(256)]
        await asyncio.sleep(0)
        with pytest.raises(ResourceExhausted):
            await db.fetch("SELECT 1")
        assert not any(task.done() for task in waiting), "too many wait already: refused at once"
        async with asyncio.timeout(patient(20)):
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {ResourceExhausted}
        release.set()
        await asyncio.gather(*holders)
        assert len(await db.fetch("SELECT 1")) == 1


async def test_a_database_that_is_not_there_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "OPEN_SECONDS", 0.05)
    db = Database("postgresql://nobody:nothing@127.0.0.1:1/nowhere", pool_size=2, name="test")
    with pytest.raises(Unavailable, match="DATABASE_URL"):
        await db.open()
    assert db._pool.closed
