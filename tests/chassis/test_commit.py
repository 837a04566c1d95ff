"""A connection that is lost around COMMIT: the outcome is found out, and is the true one."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest

from services.chassis.errors import Failure, Interrupted, ResourceExhausted, Unavailable
from services.chassis.store.database import Database
from tests.chassis import own_server as own_servers
from tests.chassis.own_server import OwnServer
from tests.chassis.playground import make_schema
from tests.chassis.waiting import until_waiting
from tests.chassis.wire import Break, Wire
from tests.databases import opened
from tests.patience import eventually, patient


@pytest.fixture
async def wire(chassis_url: str) -> AsyncIterator[Wire]:
    async with Wire(chassis_url).open() as wire:
        yield wire


@pytest.fixture
async def db(wire: Wire) -> AsyncIterator[Database]:
    """A database behind the wire."""
    async with opened(wire.url) as database:
        yield database


async def things(observer: psycopg.AsyncConnection[Any]) -> list[int]:
    cursor = await observer.execute("SELECT id FROM things ORDER BY id")
    return [row[0] for row in await cursor.fetchall()]


async def add(db: Database, calls: list[str], *, fetches: bool = True, slowly: bool = False) -> None:
    """Add thing 1."""
    async with db.transaction() as tx:
        tx.after_commit(lambda: calls.append("committed"))
        if fetches:
            await tx.fetch("SELECT 1")
        await tx.send("INSERT INTO things (id) VALUES (1)")
        if slowly:
            await tx.send("INSERT INTO slow VALUES (1)")


@pytest.mark.parametrize("fetches", [True, False], ids=["several round trips", "one round trip"])
async def test_a_commit_whose_answer_is_lost_is_found_out_to_have_happened(
    db: Database, wire: Wire, observer: psycopg.AsyncConnection[Any], fetches: bool
) -> None:
    calls: list[str] = []
    wire.break_at("COMMIT", Break.ANSWER_LOST)
    await add(db, calls, fetches=fetches)
    assert wire.broken == 1
    assert await things(observer) == [1]
    assert calls == ["committed"]


@pytest.mark.parametrize("fetches", [True, False], ids=["several round trips", "one round trip"])
async def test_a_commit_that_never_arrives_interrupts(
    db: Database, wire: Wire, observer: psycopg.AsyncConnection[Any], fetches: bool
) -> None:
    calls: list[str] = []
    wire.break_at("COMMIT", Break.BEFORE)
    with pytest.raises(Interrupted):
        await add(db, calls, fetches=fetches)
    assert wire.broken == 1
    assert await things(observer) == []
    assert calls == []
    await add(db, calls)
    assert calls == ["committed"]


async def test_a_commit_that_is_still_under_way_is_waited_for(
    db: Database, wire: Wire, observer: psycopg.AsyncConnection[Any]
) -> None:
    calls: list[str] = []
    await observer.execute("SELECT pg_advisory_lock(1)")
    wire.break_at("COMMIT", Break.AT_ONCE)
    adding = asyncio.create_task(add(db, calls, slowly=True))
    # The commit waits for the lock, and whoever asks what became of it waits for the commit.
    await until_waiting(observer, sessions=2)
    assert not adding.done()
    assert await things(observer) == []
    await observer.execute("SELECT pg_advisory_unlock(1)")
    await adding
    assert wire.broken == 1
    assert await things(observer) == [1]
    assert calls == ["committed"]


async def test_a_commit_that_fails_in_the_end_after_its_client_has_gone_interrupts(
    db: Database, wire: Wire, observer: psycopg.AsyncConnection[Any]
) -> None:
    calls: list[str] = []
    await observer.execute("SELECT pg_advisory_lock(1)")
    wire.break_at("COMMIT", Break.AT_ONCE)
    adding = asyncio.create_task(add(db, calls, slowly=True))
    await until_waiting(observer, sessions=2)
    await observer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query = 'COMMIT' AND wait_event_type = 'Lock'"
    )
    with pytest.raises(Interrupted):
        await adding
    assert await things(observer) == []
    assert calls == []


async def test_who_asks_and_loses_the_answer_does_not_take_its_own_mark_for_the_commit(
    db: Database, wire: Wire, observer: psycopg.AsyncConnection[Any]
) -> None:
    """The commit never arrived; the first question did, but its answer is lost as well."""
    broken: list[str] = []

    def watch(statement: str) -> Break | None:
        if statement == "COMMIT" and not broken:
            broken.append(statement)
            return Break.BEFORE
        if statement.startswith("INSERT INTO commit_markers") and len(broken) == 1:
            broken.append(statement)
            return Break.ANSWER_LOST
        return None

    calls: list[str] = []
    wire.watch = watch
    with pytest.raises(Interrupted):
        await add(db, calls)
    assert len(broken) == 2
    assert await things(observer) == []
    assert calls == []


async def test_who_asks_and_loses_the_answer_still_finds_out_that_the_commit_happened(
    db: Database, wire: Wire, observer: psycopg.AsyncConnection[Any]
) -> None:
    broken: list[str] = []

    def watch(statement: str) -> Break | None:
        if statement == "COMMIT" and not broken:
            broken.append(statement)
            return Break.ANSWER_LOST
        if statement.startswith("INSERT INTO commit_markers") and len(broken) in (1, 2):
            broken.append(statement)
            return Break.ANSWER_LOST
        return None

    calls: list[str] = []
    wire.watch = watch
    await add(db, calls)
    assert len(broken) == 3
    assert await things(observer) == [1]
    assert calls == ["committed"]


async def test_statements_that_arrive_after_the_question_was_answered_are_fenced_off(
    db: Database, wire: Wire, observer: psycopg.AsyncConnection[Any]
) -> None:
    """The whole transaction was held up on its way, and arrives when its author has given it up."""
    calls: list[str] = []
    wire.break_at("COMMIT", Break.BEFORE)
    with pytest.raises(Interrupted):
        await add(db, calls, fetches=False)
    cursor = await observer.execute("SELECT id FROM commit_markers ORDER BY created_at, id")
    markers = [row[0] for row in await cursor.fetchall()]
    refused = 0
    for marker in markers:
        try:
            await observer.execute("INSERT INTO commit_markers (id) VALUES (%s)", (marker,))
        except psycopg.errors.UniqueViolation:
            refused += 1
    assert refused == len(markers) > 0


async def test_a_database_that_is_away_is_told_so_and_found_again_soon(wire: Wire, db: Database) -> None:
    """Not after ever longer pauses; and that there is no connection is not for too many callers."""
    wire.refusing = True
    wire.break_at("SELECT", Break.BEFORE, times=100)
    with pytest.raises(Interrupted):
        await db.fetch("SELECT 1")
    away = time.monotonic()
    failures: list[Failure] = []
    while time.monotonic() - away < 4:
        try:
            await db.fetch("SELECT 1")
        except Failure as failure:
            failures.append(failure)
    assert failures
    assert {type(failure) for failure in failures} <= {Interrupted, Unavailable}
    wire.refusing = False
    wire.watch = lambda statement: None

    async def answers() -> bool:
        try:
            await db.fetch("SELECT 1")
        except (Unavailable, ResourceExhausted):
            return False
        return True

    await eventually(answers, patient(3))  # pauses that had grown would be longer than it was away


# --- The server itself is killed


@pytest.fixture(scope="module")
def own_server() -> Iterator[OwnServer]:
    with own_servers.running() as own:
        yield own


@asynccontextmanager
async def on_own_server(own: OwnServer, name: str) -> AsyncIterator[tuple[Wire, Database]]:
    url = own.server.create_database(name)
    make_schema(url)
    with own.server.connect() as connection:
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = on")
    async with Wire(url).open() as wire, opened(wire.url) as db:
        yield wire, db


async def count_things(db: Database) -> int:
    """Ask until the server answers."""

    async def counted() -> list[Any]:
        try:
            return list(await db.fetch("SELECT count(*) AS things FROM things"))
        except Failure:
            return []

    [row] = await eventually(counted)
    return int(row.things)


async def test_a_server_that_is_killed_in_the_middle_of_a_transaction_interrupts_it(own_server: OwnServer) -> None:
    async with on_own_server(own_server, "middle") as (_, db):
        calls: list[str] = []
        with pytest.raises(Interrupted):
            async with db.transaction() as tx:
                tx.after_commit(lambda: calls.append("committed"))
                await tx.fetch("INSERT INTO things (id) VALUES (1) RETURNING id")
                await asyncio.to_thread(own_server.kill)
                own_server.start()
        assert await count_things(db) == 0
        assert calls == []


async def test_a_server_that_is_killed_after_a_commit_whose_answer_is_lost_still_knows_it(
    own_server: OwnServer,
) -> None:
    async with on_own_server(own_server, "after") as (wire, db):
        calls: list[str] = []
        killed = asyncio.Event()

        def watch(statement: str) -> Break | None:
            if statement == "COMMIT" and not wire.broken:
                wire.refusing = True  # nobody can ask before the server is killed
                killed.set()
                return Break.ANSWER_LOST
            return None

        wire.watch = watch
        adding = asyncio.create_task(add(db, calls))
        await killed.wait()
        while True:  # until the server has carried it out
            async with await psycopg.AsyncConnection.connect(own_server.server.url("after")) as observer:
                if await things(observer):
                    break
        await asyncio.to_thread(own_server.kill)
        await asyncio.to_thread(own_server.start)
        wire.refusing = False
        await adding
        assert await count_things(db) == 1
        assert calls == ["committed"]


async def test_a_server_that_is_killed_during_a_commit_has_undone_it(own_server: OwnServer) -> None:
    async with on_own_server(own_server, "during") as (_, db):
        calls: list[str] = []
        async with await psycopg.AsyncConnection.connect(own_server.server.url("during"), autocommit=True) as observer:
            await observer.execute("SELECT pg_advisory_lock(1)")
            adding = asyncio.create_task(add(db, calls, slowly=True))
            await until_waiting(observer)
            await asyncio.to_thread(own_server.kill)
        await asyncio.to_thread(own_server.start)
        with pytest.raises(Interrupted):
            await adding
        assert await count_things(db) == 0
        assert calls == []


ADD_TWICE = (("INSERT INTO things (id) VALUES (%s) RETURNING id", (1,)), ("INSERT INTO things (id) VALUES (2)", ()))


async def test_a_transaction_of_one_round_trip_answers_the_rows_of_each_statement(
    db: Database, observer: psycopg.AsyncConnection[Any]
) -> None:
    [[row], none] = await db.transact(*ADD_TWICE)
    assert (row.id, none) == (1, [])
    assert await things(observer) == [1, 2]


async def test_a_transaction_of_one_round_trip_that_fails_changes_nothing(
    db: Database, observer: psycopg.AsyncConnection[Any]
) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        await db.transact(*ADD_TWICE, ADD_TWICE[0])
    assert await things(observer) == []
    assert len(await db.transact(*ADD_TWICE)) == 2


async def test_a_transaction_of_one_round_trip_that_never_arrives_interrupts(
    db: Database, wire: Wire, observer: psycopg.AsyncConnection[Any]
) -> None:
    wire.break_at(ADD_TWICE[1][0], Break.BEFORE)
    with pytest.raises(Interrupted):
        await db.transact(*ADD_TWICE)
    assert wire.broken == 1
    assert await things(observer) == []


async def test_a_transaction_of_one_round_trip_whose_rows_are_lost_is_not_run_again(
    db: Database, wire: Wire, observer: psycopg.AsyncConnection[Any]
) -> None:
    """Interrupted would say that nothing happened."""
    wire.break_at(ADD_TWICE[1][0], Break.ANSWER_LOST)
    with pytest.raises(Unavailable) as lost:
        await db.transact(*ADD_TWICE)
    assert not isinstance(lost.value, Interrupted)
    assert wire.broken == 1
    assert await things(observer) == [1, 2]
