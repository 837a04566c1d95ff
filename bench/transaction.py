"""What a transaction costs by way of psycopg's cursors, and by way of the services' own pipeline, in turn.

`python -m bench.transaction` prints both, on a PostgreSQL of its own. The transaction is like that of a batch of seats:
nine statements in two round trips, each over a few rows.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import namedtuple_row

from services.chassis.store.columns import with_columns
from services.chassis.store.pipeline import Connection, Pipeline
from stack.postgres import temporary_server

ROUNDS, TRANSACTIONS, SEATS = 9, 300, 6

SCHEMA = """
    CREATE TABLE marks (id uuid PRIMARY KEY);
    CREATE TABLE counters (show_id uuid PRIMARY KEY, sequence bigint NOT NULL DEFAULT 0);
    CREATE TABLE seats (show_id uuid, id uuid, status text, price int, PRIMARY KEY (show_id, id));
"""
MARK = "INSERT INTO marks VALUES (%s)"
LOCK = "SELECT show_id, sequence FROM counters WHERE show_id = ANY(%s) ORDER BY show_id FOR UPDATE SKIP LOCKED"
CLOCK = "SELECT clock_timestamp() AS now"
READ = """
    SELECT s.show_id, s.id, s.status, s.price FROM seats s
    JOIN unnest(%s::uuid[], %s::uuid[]) AS named (show_id, id) ON (s.show_id, s.id) = (named.show_id, named.id)
"""
WRITE = """
    UPDATE seats s SET status = new.status FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS new (show_id, id, status)
    WHERE (s.show_id, s.id) = (new.show_id, new.id)
"""
COUNT = "UPDATE counters SET sequence = sequence + 1 WHERE show_id = ANY(%s)"

Statements = list[tuple[str, Any]]
Transaction = Callable[[], Awaitable[None]]


def reads(show: UUID, seats: list[UUID]) -> Statements:
    """Return the statements of the first round trip."""
    return [
        ("BEGIN", ()),
        (MARK, {"id": uuid4()}),
        (LOCK, ([show],)),
        (CLOCK, ()),
        (READ, ([show] * len(seats), seats)),
    ]


def writes(show: UUID, seats: list[UUID]) -> Statements:
    """Return the statements of the second."""
    return [
        (WRITE, ([show] * len(seats), seats, ["HELD"] * len(seats))),
        (COUNT, ([show],)),
        (COUNT, ([show],)),
        ("COMMIT", ()),
    ]


def by_cursors(connection: psycopg.AsyncConnection[Any], show: UUID, seats: list[UUID]) -> Transaction:
    """Return the transaction as psycopg's cursors run it."""

    async def run() -> None:
        async with connection.pipeline() as pipeline:
            cursors = [await connection.execute(sql.encode(), values) for sql, values in reads(show, seats)]
            await pipeline.sync()
            assert len(await cursors[-1].fetchall()) == len(seats)
            for sql, values in writes(show, seats):
                await connection.execute(sql.encode(), values)

    return run


def by_pipeline(connection: Connection, show: UUID, seats: list[UUID]) -> Transaction:
    """Return the transaction as services run it."""

    async def run() -> None:
        with Pipeline(connection) as pipeline:
            for sql, values in reads(show, seats):
                pipeline.add(sql, values)
            *_, found = await pipeline.run()
            assert len(found.rows()) == len(seats)
            for sql, values in writes(show, seats):
                pipeline.add(sql, values)
            await pipeline.run()

    return run


async def measure(transaction: Transaction) -> tuple[float, float]:
    """Return the microseconds of processor time and of the clock that a transaction takes."""
    processor, clock = time.process_time(), time.perf_counter()
    for _ in range(TRANSACTIONS):
        await transaction()
    return (
        (time.process_time() - processor) / TRANSACTIONS * 1e6,
        (time.perf_counter() - clock) / TRANSACTIONS * 1e6,
    )


async def compare(url: str) -> None:
    """Measure both in turn and print the medians."""
    show, seats = uuid4(), [uuid4() for _ in range(SEATS)]
    own = await Connection.connect(url, autocommit=True, context=with_columns())
    cursors = await psycopg.AsyncConnection.connect(
        url, autocommit=True, context=with_columns(), prepare_threshold=0, row_factory=namedtuple_row
    )
    async with own, cursors:
        await own.execute(SCHEMA)
        await own.execute("INSERT INTO counters VALUES (%s)", (show,))
        await own.execute("INSERT INTO seats SELECT %s, unnest(%s::uuid[]), 'AVAILABLE', 100", (show, seats))
        ways = {"cursors": by_cursors(cursors, show, seats), "pipeline": by_pipeline(own, show, seats)}
        for transaction in ways.values():
            await measure(transaction)
        seen: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, transaction in ways.items():
                seen[name].append(await measure(transaction))
    for place, what in enumerate(("processor time", "wall time")):
        old, new = (statistics.median(each[place] for each in seen[name]) for name in ("cursors", "pipeline"))
        ratios = sorted(b[place] / a[place] for a, b in zip(seen["cursors"], seen["pipeline"], strict=True))
        print(
            f"{what}: cursors {old:.0f} µs, pipeline {new:.0f}; {new / old:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


def main() -> None:
    """Run the comparison."""
    with temporary_server() as server:
        asyncio.run(compare(server.create_database("transaction")))


if __name__ == "__main__":
    main()
