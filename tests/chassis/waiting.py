"""Waiting for what other processes do, where they can only be asked."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

SECONDS = 10.0


async def until(condition: Callable[[], Awaitable[Any]]) -> None:
    """Wait until `condition` holds."""
    give_up = time.monotonic() + SECONDS
    while not await condition():
        assert time.monotonic() < give_up, f"waited for {condition} in vain"
        await asyncio.sleep(0.005)


async def until_waiting(observer: psycopg.AsyncConnection[Any], *, sessions: int = 1) -> None:
    """Wait until as many sessions of the observer's database wait for a lock."""

    async def waiting() -> bool:
        cursor = await observer.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        row = await cursor.fetchone()
        assert row is not None
        return bool(row[0] >= sessions)

    await until(waiting)
