"""Events of a topic for tests: written, held open, numbered, read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from services.chassis.store.database import Database
from services.chassis.writes.topics import EventsPage, TopicEvent, append, appended, number_events, read

A = UUID(int=1)


def event(text: str, key: UUID = A, version: int = 1) -> TopicEvent:
    return TopicEvent(key, version, "HAPPENED", text.encode())


async def write(db: Database, *texts: str, topic: str = "tales") -> None:
    async with db.transaction() as tx:
        await append(tx, topic, [event(text) for text in texts])


@asynccontextmanager
async def held_open(db: Database, text: str) -> AsyncIterator[asyncio.Event]:
    """Write an event in a transaction that is committed once what this gives is set."""
    written, end = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with db.transaction() as tx:
            await tx.fetch(*appended("tales", [event(text)], " RETURNING id"))
            written.set()
            await end.wait()

    task = asyncio.create_task(hold())
    await written.wait()
    try:
        yield end
    finally:
        end.set()
        await task


async def number(db: Database, *, limit: int = 500) -> int:
    """Give positions until no event waits; return to how many."""
    numbered = 0
    while done := await number_events(db, limit=limit):
        numbered += done
    return numbered


async def read_texts(db: Database, after: int | None = None, *, topic: str = "tales", limit: int = 500) -> list[str]:
    return texts(await read(db, topic, after=after, limit=limit))


def texts(page: EventsPage) -> list[str]:
    return [f"{one.position} {one.payload.decode()}" for one in page.events]
