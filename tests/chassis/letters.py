"""Letters for an outbox: written, looked at, delivered to a peer that does as the test says."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.chassis.writes.outbox import Deliver, Message, Outbox
from tests.patience import patient

SECONDS = patient(10)


@dataclass
class Peer:
    """Takes messages; `answer` says what becomes of each."""

    answer: Callable[[bytes], Failure | None] = lambda payload: None
    taken: list[bytes] = field(default_factory=list)
    batches: list[list[bytes]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    away: Failure | None = None

    async def __call__(self, payloads: Sequence[bytes]) -> Sequence[Failure | None]:
        self.batches.append(list(payloads))
        self.came.set()
        if self.away is not None:
            raise self.away
        outcomes = [self.answer(payload) for payload in payloads]
        self.taken += [payload for payload, outcome in zip(payloads, outcomes, strict=True) if outcome is None]
        return outcomes


async def append(db: Database, outbox: Outbox, *payloads: bytes, topic: str = "letters") -> None:
    async with db.transaction() as tx:
        await outbox.append(tx, [Message(topic, payload) for payload in payloads])


async def rows(db: Database) -> list[Any]:
    return await db.fetch(
        "SELECT payload, attempts, refusals, dead_at, dead_reason,"
        " extract(epoch FROM next_attempt_at - clock_timestamp())::float AS seconds FROM outbox ORDER BY id"
    )


async def make_due(db: Database) -> None:
    """Let the time until the next attempts pass."""
    await db.execute("UPDATE outbox SET next_attempt_at = clock_timestamp()")


async def is_asleep(outbox: Outbox) -> bool:
    """Tell whether a relay waits to be woken."""
    return bool(outbox._wakes["letters"]._waiters)  # type: ignore[attr-defined]


@asynccontextmanager
async def relaying(outbox: Outbox, peers: dict[str, Deliver]) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.relay(peers))
    try:
        yield
    finally:
        assert not task.done(), "a relay never ends by itself"
        task.cancel()
        await asyncio.wait([task], timeout=SECONDS)
        assert task.cancelled(), "and always when it is cancelled"
