"""The databases of the tests."""

import asyncio
import struct

from stack.postgres import SUPERUSER, Server
from tests.databases import Databases, opened
from tests.patience import eventually

VERSION_3 = 196608
"""Of PostgreSQL's protocol."""

DROPS = "SELECT FROM pg_stat_activity WHERE query LIKE 'DROP DATABASE%' AND state = 'active'"


async def test_a_log_in_that_is_half_done_does_not_hold_up_the_end_of_a_database(
    postgres: Server, databases: Databases
):
    """PostgreSQL drops no database until every session has taken notice, and one that logs in takes none."""

    async def leave_when_it_is_dropped() -> None:
        await eventually(lambda: db.fetch(DROPS))
        writer.close()

    async with opened(postgres.url(SUPERUSER)) as db:
        async with databases.opened("bank"):
            reader, writer = await asyncio.open_connection("127.0.0.1", postgres.port)
            startup = struct.pack("!I", VERSION_3) + f"user\0{SUPERUSER}\0database\0{SUPERUSER}\0\0".encode()
            writer.write(struct.pack("!I", len(startup) + 4) + startup)
            assert await reader.readexactly(1) == b"R", "the server asks for the password"
            leaving = asyncio.create_task(leave_when_it_is_dropped())
        await leaving
