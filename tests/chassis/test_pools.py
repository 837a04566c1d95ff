"""The connections of calls, and those of the work behind them."""

import asyncio

import pytest

from services.chassis.errors import ResourceExhausted
from services.chassis.store.database import Pools
from tests.patience import eventually


async def test_calls_that_use_up_their_connections_leave_those_of_the_background(chassis_url: str) -> None:
    pools = await Pools.open(chassis_url, calls=2, name="pools")
    try:
        over = asyncio.Event()
        held: list[int] = []

        async def hold() -> None:
            async with pools.calls.transaction() as tx:
                [row] = await tx.fetch("SELECT pg_backend_pid() AS pid")
                held.append(row.pid)
                await over.wait()

        async def all_held() -> bool:
            return len(held) == 2

        holders = [asyncio.create_task(hold()) for _ in range(2)]
        await eventually(all_held)
        with pytest.raises(ResourceExhausted):
            await pools.calls.fetch("SELECT 1")
        [row] = await pools.background.fetch("SELECT pg_backend_pid() AS pid")
        assert row.pid not in held
        over.set()
        await asyncio.gather(*holders)
    finally:
        await pools.close()
