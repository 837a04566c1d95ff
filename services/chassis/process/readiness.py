"""Readiness: whether a service can do its work, which its health tells those who send it calls."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import psycopg

from services.chassis.errors import FailedPrecondition
from services.chassis.store import connections

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often it is looked for the database while it is there."""

AWAY_SECONDS = 0.2
"""The same, while it is not."""

ANSWER_SECONDS = 2.0
"""How long it may take to answer."""

MISSES = 3
"""Looks in a row without an answer that make a service unready: a server that restarts is back before that."""


class Readiness:
    """Looks whether the database answers, over a connection of its own.

    So neither a crowd that waits for the pools' connections nor a slow statement makes a service look ill.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._reason = "it does not answer"

    async def watch(self, show: Callable[[bool], Awaitable[None]]) -> None:
        """Tell of every change of whether the database is there, at first it is; until cancelled."""
        misses = 0
        look = asyncio.create_task(self._look())
        try:
            while True:
                await asyncio.wait([look], timeout=ANSWER_SECONDS)
                there = look.done() and look.result()
                if there and misses >= MISSES:
                    log.warning("the database is back: serving again")
                    await show(True)
                misses = 0 if there else misses + 1
                if misses == MISSES:
                    log.error("the database is away (%s): not serving", self._reason)
                    await show(False)
                # One that has not ended is waited for further: to give it up would take as long as the server does.
                if look.done():
                    await asyncio.sleep(AWAY_SECONDS if misses >= MISSES else LOOK_SECONDS)
                    look = asyncio.create_task(self._look())
        finally:
            look.cancel()
            await asyncio.wait([look])
            await self._close()

    async def _look(self) -> bool:
        try:
            if self._connection is None:
                self._connection = await psycopg.AsyncConnection.connect(
                    self._url,
                    autocommit=True,
                    connect_timeout=5,
                    application_name="readiness",
                    options=connections.options(),
                )
                # Where this one is not as it was asked for, the pools have none either.
                await connections.look(self._connection)
            await self._connection.execute("SELECT 1")
            return True
        except FailedPrecondition as failure:
            self._reason = failure.message
            await self._close()
            return False
        except (psycopg.Error, OSError):
            self._reason = "it does not answer"
            await self._close()
            return False

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                await connection.close()
