"""Waiting for what other sessions of a database do, where it can only be asked."""

from typing import Any

import psycopg

from tests.patience import eventually


async def until_waiting(observer: psycopg.AsyncConnection[Any], *, sessions: int = 1) -> None:
    """Wait until as many sessions of the observer's database wait for a lock."""

    async def waiting() -> bool:
        cursor = await observer.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        row = await cursor.fetchone()
        assert row is not None
        return bool(row[0] >= sessions)

    await eventually(waiting)
