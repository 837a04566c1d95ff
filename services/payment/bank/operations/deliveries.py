"""Webhooks to deliver: appended with what they tell of, claimed by senders, kept until they are taken."""

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass

from services.chassis.database import Database, Transaction
from services.chassis.ids import new_id
from services.payment.bank.domain.events import Event
from services.payment.bank.queries import deliveries as sql

log = logging.getLogger(__name__)

LEASE_SECONDS = 15.0
GIVE_UP_DAYS = 3
FIRST_DELAYS_SECONDS = (0.2, 0.5)
MAX_DELAY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that is on its way."""

    event_id: str
    payload: bytes
    attempts: int


class Deliveries:
    """The webhooks of a bank's database. `wake` is set whenever there is a new one."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.wake = asyncio.Event()

    async def append(self, tx: Transaction, told: Sequence[Event]) -> None:
        """Append events in the transaction that they tell of."""
        ids = [f"evt_{new_id()}" for _ in told]
        columns = ([e.session_id for e in told], [e.type for e in told], [e.payload for e in told])
        await tx.send(sql.APPEND, (ids, *columns))
        tx.after_commit(self.wake.set)

    async def claim(self, most: int) -> list[Delivery]:
        """Take webhooks that are due, and lease them."""
        rows = await self._db.fetch(sql.CLAIM, (LEASE_SECONDS, most))
        return [Delivery(row.id, bytes(row.payload), row.attempts) for row in rows]

    async def delivered(self, delivery: Delivery) -> None:
        """Note that a webhook was taken."""
        await self._db.execute(sql.DELIVERED, (delivery.event_id,))

    async def postpone(self, delivery: Delivery, error: str) -> float:
        """Note that a webhook was not taken; return in how many seconds it is tried again.

        After three days it is given up, which is logged as an error and stays to be seen.
        """
        delay = delay_seconds(delivery.attempts) * random.uniform(0.75, 1.25)
        rows = await self._db.fetch(sql.POSTPONE, (delay, error, GIVE_UP_DAYS, delivery.event_id))
        if rows and rows[0].dead_at is not None:
            log.error("webhook given up", extra={"event_id": delivery.event_id, "error": error})
        return delay


def delay_seconds(attempts: int) -> float:
    """Return how long to wait after so many tries: 0.2 s, 0.5 s, 1 s, 2 s and so on up to a minute."""
    if attempts <= len(FIRST_DELAYS_SECONDS):
        return FIRST_DELAYS_SECONDS[attempts - 1]
    return min(2.0 ** min(attempts - len(FIRST_DELAYS_SECONDS) - 1, 10), MAX_DELAY_SECONDS)
