"""Inventory's database as it is opened on Citus."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.chassis.store.database import Database, Patience


@asynccontextmanager
async def opened(url: str, *, pool_size: int = 8) -> AsyncIterator[Database]:
    """Open it as inventory does with PLAN_CACHE_MODE=force_custom_plan."""
    db = Database(url, pool_size=pool_size, name="test", patience=Patience(plans="force_custom_plan"))
    await db.open()
    try:
        yield db
    finally:
        await db.close()
