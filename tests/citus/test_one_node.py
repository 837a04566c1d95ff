"""On Citus, whatever concerns one show is asked of the one node that has it, and answered as by one server."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest

from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.inventory.seats import statements as seats
from services.inventory.seats.blocking import BlockSeats, UnblockSeats
from services.inventory.seats.commands import Cause, Confirm, Hold, Release, Reserve
from services.inventory.seats.holds import ReleaseHolds
from services.inventory.viewing import statements as viewing
from tests.citus.cluster import Cluster
from tests.inventory.rules import TTL
from tests.inventory.sale import make_desk
from tests.inventory.test_distribution import HOT, MAKE_SHOWS, OVER_ALL_SHOWS, TEXTS

SHOW = UUID(int=7)
VALUES = {
    "uuid[]": [SHOW],
    "uuid": SHOW,
    "text[]": ["{}"],
    "bytea[]": [b"answer"],
    "int[]": [1],
    "smallint[]": [1],
    "bigint[]": [1],
    "smallint": 1,
    "timestamptz[]": ["2026-01-01T00:00:00Z"],
    "timestamptz": "2026-01-01T00:00:00Z",
    "boolean[]": [True],
    "interval": "1 hour",
}
TYPES = {"now": "timestamptz", **dict.fromkeys(("limit", "most", "minutes", "hours", "days"), "int")}
ONE_SHOW = [name for name in TEXTS if name not in OVER_ALL_SHOWS and name not in MAKE_SHOWS]


def asked(sql: str) -> dict[str, Any]:
    """Return values of a statement's parameters, all about one show."""
    types: dict[str, str] = {}
    for name, type_ in re.findall(r"%\((\w+)\)s(?:::(\w+(?:\[\])?))?", sql):
        listed = f"ANY(%({name})s)" in sql
        types[name] = type_ or types.get(name) or ("uuid[]" if listed else TYPES.get(name, "uuid"))
    return {name: VALUES.get(type_, 1) for name, type_ in types.items()}


def test_each_statement_about_one_show_is_one_task(cluster: Cluster) -> None:
    wrong = {}
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        cursor = psycopg.ClientCursor(connection)
        for name in ONE_SHOW:
            plan = cursor.execute(f"EXPLAIN {TEXTS[name]}".encode(), asked(TEXTS[name])).fetchall()
            counts = [int(line.rpartition(":")[2]) for (line,) in plan if "Task Count" in line]
            if not counts or set(counts) != {1}:
                wrong[name] = counts
    assert wrong == {}
    assert len(ONE_SHOW) > 40


def test_each_statement_over_all_shows_has_a_plan(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        cursor = psycopg.ClientCursor(connection)
        for name in OVER_ALL_SHOWS:
            plan = cursor.execute(f"EXPLAIN {TEXTS[name]}".encode(), asked(TEXTS[name])).fetchall()
            assert any("Task Count" in line for (line,) in plan), name


async def test_a_plan_that_is_made_without_values_is_refused_by_citus(cluster: Cluster) -> None:
    """Hence PLAN_CACHE_MODE."""
    from tests.databases import opened

    async with opened(cluster.url, pool_size=1) as db:
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="could not create distributed plan"):
            await db.fetch(seats.LOCK_SHOWS, {"show_ids": [SHOW]})


@pytest.mark.parametrize("seed", range(3))
async def test_the_same_commands_come_to_the_same_as_on_one_server(
    citus_db: Database, inventory_db: Database, seed: int
) -> None:
    """A crowd on four shows; each answer and every row that is left are compared."""
    drawn = random.Random(seed)
    shows = {_id(drawn): [_id(drawn) for _ in range(6)] for _ in range(4)}
    told, rows = [], []
    state = drawn.getstate()
    for db in (inventory_db, citus_db):
        drawn.setstate(state)
        await _stop_clock(db)
        await _put_on_sale(db, shows)
        told.append(await _play(db, shows, drawn))
        rows.append(await _rows(db, shows))
    assert told[0] == told[1]
    assert {type(answer).__name__ for answer in told[0]} >= {"str"}
    for table in HOT - {"show_markers", "show_idempotency_keys"}:
        assert rows[0][table] == rows[1][table], table
    assert rows[0]["reservations"] and rows[0]["seat_changes"]


async def test_looks_at_shows_of_several_nodes_find_what_one_server_finds(
    citus_db: Database, inventory_db: Database
) -> None:
    drawn = random.Random(7)
    shows = {_id(drawn): [_id(drawn) for _ in range(6)] for _ in range(12)}
    found = []
    state = drawn.getstate()
    for db in (inventory_db, citus_db):
        drawn.setstate(state)
        await _stop_clock(db)
        await _put_on_sale(db, shows)
        await _play(db, shows, drawn)
        since = {"show_id": list(shows), "sequence": [0] * 12, "after": [0] * 12}
        found.append(
            [
                sorted(map(repr, await db.fetch(sql, since)))
                for sql in (viewing.SEATS_SINCE, viewing.CHANGES_AFTER, viewing.CHANGES_OF_CHANGED_SHOWS)
            ]
        )
    assert found[0] == found[1]


def _id(drawn: random.Random) -> UUID:
    return UUID(int=drawn.getrandbits(128), version=4)


async def _stop_clock(db: Database) -> None:
    await db.execute(
        "CREATE OR REPLACE FUNCTION boxoffice_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE"
        " RETURN timestamptz '2030-01-01 12:00:00Z'"
    )


async def _put_on_sale(db: Database, shows: Mapping[UUID, list[UUID]]) -> None:
    for show_id, ids in shows.items():
        await db.execute(
            "INSERT INTO show_counters (show_id, starts_at, currency) VALUES (%s, '2030-02-01 12:00:00Z', 'INR')",
            (show_id,),
        )
        await db.execute(
            "INSERT INTO list_prices (show_id, version, tier, price) VALUES (%s, 1, 'REGULAR', 25000)", (show_id,)
        )
        await db.execute(
            "INSERT INTO show_seats (show_id, id, position, section, row, number, tier, price, status)"
            " SELECT %s, id, n - 1, 'Stalls', 'A', n, 'REGULAR', 25000, 'AVAILABLE'"
            " FROM unnest(%s::uuid[]) WITH ORDINALITY AS new (id, n)",
            (show_id, ids),
        )


async def _play(db: Database, shows: Mapping[UUID, list[UUID]], drawn: random.Random) -> list[str]:
    """Send commands one by one; return what each came to."""
    desk = make_desk(db)
    users, bookings = [_id(drawn) for _ in range(3)], [_id(drawn) for _ in range(8)]
    answers = []
    for _ in range(60):
        show_id = drawn.choice(list(shows))
        user, booking = drawn.choice(users), drawn.choice(bookings)
        seat_ids = drawn.sample(shows[show_id], drawn.randint(1, 3))
        command = drawn.choice(
            [
                Hold(show_id=show_id, user_id=user, seat_ids=seat_ids),
                Reserve(show_id=show_id, user_id=user, booking_id=booking, seat_ids=seat_ids, ttl=TTL),
                Confirm(show_id=show_id, booking_id=booking),
                Release(show_id=show_id, booking_id=booking, cause=Cause.ABANDONED),
                ReleaseHolds(show_id=show_id, user_id=user),
                BlockSeats(show_id=show_id, seat_ids=seat_ids[:1], reason="A camera"),
                UnblockSeats(show_id=show_id, seat_ids=seat_ids[:1]),
            ]
        )
        try:
            answers.append(repr(await desk.submit(command)))
        except Failure as failure:
            answers.append(repr(failure))
    with suppress(Failure):
        await desk.close()
    return answers


async def _rows(db: Database, shows: Mapping[UUID, list[UUID]]) -> dict[str, list[str]]:
    """Return the rows of the shows in each hot table."""
    return {
        table: sorted(
            repr(row) for row in await db.fetch(f"SELECT * FROM {table} WHERE show_id = ANY(%s)", (list(shows),))
        )
        for table in HOT
    }
