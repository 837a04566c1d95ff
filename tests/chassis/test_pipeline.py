"""Statements straight on libpq: held against psycopg's own cursors, and in what cursors would do for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import pq
from psycopg.rows import namedtuple_row

from services.chassis.errors import Interrupted
from services.chassis.store.columns import with_columns
from services.chassis.store.database import Database
from services.chassis.store.pipeline import MAX_PREPARED, Connection, Parameters, Pipeline
from tests.chassis.waiting import until_waiting
from tests.patience import patient

SOME_ID = UUID("0190163d-8694-739b-aea5-966c26f8ad91")
SOME_TIME = datetime(2026, 11, 21, 14, 5, 6, 789, tzinfo=UTC)

STATEMENTS: list[tuple[str, Parameters]] = [
    ("SELECT 1 AS a, 'x' AS b, NULL AS c", ()),
    ("SELECT %s::int AS small, %s::bigint AS large, %s::int AS none", (1, 2**40, None)),
    ("SELECT %(b)s::text AS b, %(a)s::int AS a, %(b)s::text AS again", {"a": 1, "b": "%s %% é 座"}),
    ("SELECT 'ten %%' LIKE '%%' || %s AS found", ("%",)),
    ("SELECT %s::uuid AS id, %s::timestamptz AS at", (SOME_ID, SOME_TIME)),
    ("SELECT %s::bool AS yes, %s::bytea AS raw, %s::numeric AS exact", (True, b"\0", Decimal("1.20"))),
    ("SELECT %s::interval AS long, %s::date AS day", (timedelta(hours=30), date(2026, 2, 28))),
    ("SELECT * FROM unnest(%s::uuid[], %s::text[]) AS new (id, name)", ([SOME_ID] * 2, ["a", None])),
    ("SELECT id FROM things WHERE id = ANY(%s) ORDER BY id LIMIT %s", ([1, 2], 5)),
    ("SELECT array_agg(n) AS list, json_build_object('a', 1) AS object FROM generate_series(1, 3) AS n", ()),
    ("SELECT FROM generate_series(1, 2)", ()),
    ("INSERT INTO things (id, amount) VALUES (%s, %s) RETURNING id, amount", (7, 70)),
    ("UPDATE things SET amount = amount + 1", ()),
    ("SET LOCAL lock_timeout = '1s'", ()),
    ("SELECT 1 / %s::int AS never", (0,)),
    ("INSERT INTO things (id, amount) VALUES (%s, %s)", (8, -1)),
    ("SELECT nothing FROM nowhere", ()),
    ("SELECT %s::int AS n", ("not a number",)),
    ("SELECT %s::text AS cut", ("a\0b",)),
    ("SELECT %s::int AS far", (2**70,)),
]
"""What services send, and what fails."""

Seen = tuple[str, Any, Any]


@pytest.fixture
async def cursors(chassis_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A session that psycopg's own cursors use, with the types of services."""
    async with await psycopg.AsyncConnection.connect(
        chassis_url, autocommit=True, context=with_columns(), row_factory=namedtuple_row, options="-c timezone=UTC"
    ) as connection:
        yield connection


async def by_cursor(connection: psycopg.AsyncConnection[Any], sql: str, parameters: Parameters) -> Seen:
    try:
        cursor = await connection.execute(sql.encode(), parameters)
        has_rows = cursor.pgresult is not None and cursor.pgresult.status == pq.ExecStatus.TUPLES_OK
        rows = await cursor.fetchall() if has_rows else []
        return "rows", [tuple(row) for row in rows], max(cursor.rowcount, 0)
    except psycopg.Error as error:
        return type(error).__name__, error.sqlstate, error.diag.message_primary


async def by_pipeline(connection: Connection, sql: str, parameters: Parameters) -> Seen:
    try:
        with Pipeline(connection) as pipeline:
            pipeline.add(sql, parameters)
            [answer] = await pipeline.run()
        return "rows", [tuple(row) for row in answer.rows()], answer.rowcount
    except psycopg.Error as error:
        return type(error).__name__, error.sqlstate, error.diag.message_primary


@pytest.mark.parametrize(("sql", "parameters"), STATEMENTS, ids=[sql for sql, _ in STATEMENTS])
async def test_a_statement_comes_to_the_same_by_either_way(
    single: Database, cursors: psycopg.AsyncConnection[Any], sql: str, parameters: Parameters
) -> None:
    await single.execute("INSERT INTO things VALUES (1, 10), (2, 20)")
    expected = await by_cursor(cursors, "BEGIN", ()) and await by_cursor(cursors, sql, parameters)
    await cursors.execute("ROLLBACK")
    async with single._connection() as connection:
        for _ in range(2):  # the second time it is prepared
            await by_pipeline(connection, "BEGIN", ())
            assert await by_pipeline(connection, sql, parameters) == expected
            await by_pipeline(connection, "ROLLBACK", ())


VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20),
    st.uuids(),
    st.booleans(),
    st.binary(max_size=20),
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    st.timedeltas(timedelta(days=-1000), timedelta(days=1000)),
    st.lists(st.one_of(st.none(), st.integers(-(2**31), 2**31 - 1)), max_size=5),
)


async def test_values_come_back_the_same_by_either_way(single: Database, cursors: psycopg.AsyncConnection[Any]) -> None:
    cast = {int: "bigint", str: "text", bool: "bool", bytes: "bytea", UUID: "uuid", list: "int[]"}
    cast |= {datetime: "timestamptz", timedelta: "interval", type(None): "text"}
    rounds: list[list[Any]] = []

    @settings(max_examples=60, database=None)
    @given(st.lists(VALUES, min_size=1, max_size=6))
    def draw(values: list[Any]) -> None:
        rounds.append(values)

    draw()
    async with single._connection() as connection:
        for values in rounds:
            sql = "SELECT " + ", ".join(f"%s::{cast[type(value)]} AS c{n}" for n, value in enumerate(values))
            seen = await by_pipeline(connection, sql, values)
            assert seen == await by_cursor(cursors, sql, values)
            assert seen[0] == "rows", values


async def test_a_failed_statement_leaves_the_others_undone_and_the_connection_in_step(single: Database) -> None:
    async with single._connection() as connection:
        with Pipeline(connection) as pipeline:
            pipeline.add("INSERT INTO things VALUES (1, 10)")
            pipeline.add("INSERT INTO things VALUES (2, -1)")
            pipeline.add("INSERT INTO things VALUES (3, 30)")
            with pytest.raises(psycopg.errors.CheckViolation):
                await pipeline.run()
            pipeline.add("SELECT count(*) AS things FROM things")
            [answer] = await pipeline.run()
            assert answer.rows()[0].things == 0
        assert not connection.pgconn.pipeline_status


async def test_much_is_sent_while_much_comes_back(single: Database) -> None:
    """Neither side can take all of it in before the other reads."""
    text = "x" * 5_000_000
    async with asyncio.timeout(patient(30)):
        answers = await single.fetch_all(*[("SELECT %s::text AS text", (text,))] * 4)
    assert [row.text == text for [row] in answers] == [True] * 4


async def test_a_connection_keeps_so_many_statements_prepared_and_no_more(single: Database) -> None:
    for number in range(MAX_PREPARED + 30):
        [row] = await single.fetch(f"SELECT {number} AS n, %s::int AS m", (number,))
        assert row == (number, number)
        await single.fetch("SELECT 'used again and again'")
    kept = {row.statement for row in await single.fetch("SELECT statement FROM pg_prepared_statements")}
    assert len(kept) <= MAX_PREPARED
    assert "SELECT 'used again and again'" in kept
    assert f"SELECT {MAX_PREPARED + 29} AS n, $1::int AS m" in kept and "SELECT 0 AS n, $1::int AS m" not in kept


async def test_a_connection_keeps_what_it_has_prepared_however_often_it_rolls_back(single: Database) -> None:
    """psycopg deallocates all that is prepared after a ROLLBACK, if it has prepared anything itself."""
    for _ in range(12):
        with pytest.raises(ZeroDivisionError):
            async with single.transaction() as tx:
                await tx.fetch("SELECT 'prepared once'")
                raise ZeroDivisionError
    kept = await single.fetch("SELECT name FROM pg_prepared_statements WHERE statement = 'SELECT ''prepared once'''")
    assert len(kept) == 1


async def test_a_statement_is_planned_once_whatever_it_is_given(single: Database) -> None:
    """PostgreSQL by itself would plan this one each time: it takes a list of unknown length for one of ten."""
    for number in range(12):
        await single.fetch("SELECT id FROM things WHERE id = ANY(%(ids)s)", {"ids": list(range(number % 3))})
    [row] = await single.fetch(
        "SELECT custom_plans, generic_plans FROM pg_prepared_statements WHERE statement LIKE 'SELECT id FROM things%%'"
    )
    assert (row.custom_plans, row.generic_plans) == (0, 12)


async def test_a_statement_is_prepared_for_the_types_that_it_is_given(single: Database) -> None:
    for value in (1, 2**20, 2**40, None, 2):
        assert [tuple(row) for row in await single.fetch("SELECT %s::bigint AS n", (value,))] == [(value,)]


async def test_what_is_kept_back_is_dropped_with_its_transaction(single: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with single.transaction() as tx:
            await tx.send("INSERT INTO things VALUES (1, 10)")
            raise ZeroDivisionError
    assert await single.fetch("SELECT id FROM things") == []


async def test_a_statement_that_nobody_waits_for_any_more_is_ended_and_its_connection_is_good(
    single: Database, cursors: psycopg.AsyncConnection[Any]
) -> None:
    await cursors.execute("SELECT pg_advisory_lock(1)")
    [before] = await single.fetch("SELECT pg_backend_pid() AS pid")

    async def wait_for_ever() -> None:
        async with single.transaction() as tx:
            await tx.send("SET LOCAL lock_timeout = 0")
            await tx.send("SET LOCAL statement_timeout = 0")
            await tx.send("SET LOCAL transaction_timeout = 0")
            await tx.fetch("SELECT pg_advisory_lock(1)")

    waiting = asyncio.create_task(wait_for_ever())
    await until_waiting(cursors)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    [after] = await single.fetch(
        "SELECT pg_backend_pid() AS pid, (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid()"
        " AND locktype = 'advisory') AS locks"
    )
    assert after == (before.pid, 0)


async def test_a_transaction_that_swallows_a_cancellation_reads_the_answers_to_what_it_asks_then(
    single: Database, cursors: psycopg.AsyncConnection[Any]
) -> None:
    """Not those that nobody waited for. The transaction has failed by then, and says so."""
    await cursors.execute("SELECT pg_advisory_lock(1)")

    async def go_on() -> None:
        async with single.transaction() as tx:
            with suppress(asyncio.CancelledError):
                await tx.fetch_all(("SELECT 1", ()), ("SELECT pg_advisory_lock(1)", ()), ("SELECT 3", ()))
            await tx.fetch("SELECT 2 AS two")

    going = asyncio.create_task(go_on())
    await until_waiting(cursors)
    going.cancel()
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        await going


async def test_what_the_server_said_before_it_went_is_told(single: Database) -> None:
    with pytest.raises(Interrupted) as ended:
        await single.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
    assert isinstance(ended.value.__cause__, psycopg.errors.AdminShutdown)


async def test_a_connection_that_is_left_with_answers_outstanding_is_not_lent_again(single: Database) -> None:
    """The next statement would be answered with them, and never be committed."""
    [before] = await single.fetch("SELECT pg_backend_pid() AS pid")
    async with single._connection() as connection:
        with Pipeline(connection) as pipeline:
            pipeline.add("SELECT 1")
            await pipeline.send()
    [after] = await single.fetch("SELECT pg_backend_pid() AS pid")
    assert after != before
