"""Webhooks to deliver: appended with what they tell of, claimed by senders, kept until they are taken."""

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from services.bank.domain.events import WebhookEvent
from services.bank.domain.scenarios import Notification
from services.bank.webhooks import statements as sql
from services.chassis.ids import new_id
from services.chassis.store.database import Database, Transaction
from services.chassis.store.rows import columns, read
from services.chassis.writes.desk import Desk

log = logging.getLogger(__name__)

LEASE_SECONDS = 8.0
GIVE_UP_DAYS = 3
FIRST_DELAYS_SECONDS = (0.2, 0.5)
MAX_DELAY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that is on its way."""

    id: str
    event_id: str
    payload: bytes
    attempts: int
    is_lie: bool
    """Whether it has done its work once the merchant has refused it."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook to append."""

    id: str
    repeats: str | None
    """The id that it carries instead of its own, where it comes again."""
    event: WebhookEvent
    is_lie: bool
    seconds: float
    """How long to wait before it is sent."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The wish to note that a webhook was taken."""

    urgent: ClassVar[bool] = False

    key: str
    error: str | None


class Deliveries:
    """The webhooks of a bank's database. `wake` is set whenever there is a new one."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._delivered: Desk[Taken, None] = Desk(self._note, name="note-webhooks")
        self.wake = asyncio.Event()

    async def append(self, tx: Transaction, notifications: Sequence[Notification]) -> None:
        """Append webhooks in the transaction that they tell of; those of one event share its id."""
        webhooks = []
        for notification in notifications:
            first = f"evt_{new_id()}"
            for number, delay in enumerate(notification.delays_seconds):
                id_, repeats = (f"evt_{new_id()}", first) if number else (first, None)
                webhooks.append(Webhook(id_, repeats, notification.event, notification.is_lie, float(delay)))
        if webhooks:
            values = columns(
                webhooks,
                *("id", "repeats", "is_lie", "seconds"),
                session_id="event.session_id",
                type="event.type",
                payload="event.payload",
            )
            await tx.send(sql.APPEND, values)
            tx.after_commit(self.wake.set)

    async def claim(self, most: int) -> list[Delivery]:
        """Take webhooks that are due, and lease them."""
        return read(Delivery, await self._db.fetch(sql.CLAIM, {"lease_seconds": LEASE_SECONDS, "most": most}))

    async def delivered(self, delivery: Delivery, error: str | None = None) -> None:
        """Note that a webhook was taken, or that a lie was refused with `error`."""
        await self._delivered.submit(Taken(delivery.id, error))

    async def _note(self, batch: Sequence[Taken], *, wait: bool) -> list[None]:
        await self._db.execute(sql.DELIVERED, columns(batch, "error", id="key"))
        return [None] * len(batch)

    async def finish(self) -> None:
        """Note what is to be noted, and take no more."""
        await self._delivered.close()

    async def postpone(self, delivery: Delivery, error: str) -> float:
        """Note that a webhook was not taken; return in how many seconds it is tried again.

        After three days it is given up, which is logged as an error, once, and stays to be seen and redriven.
        """
        delay = delay_seconds(delivery.attempts) * random.uniform(0.75, 1.25)
        values = {"id": delivery.id, "error": error, "delay_seconds": delay, "give_up_days": GIVE_UP_DAYS}
        rows = await self._db.fetch(sql.POSTPONE, values)
        if rows and rows[0].dead_at is not None:
            log.error("webhook given up", extra={"delivery_id": delivery.id, "error": error})
        return delay

    async def redrive(self) -> int:
        """Give every webhook that was given up another three days; return how many there were."""
        return await self._db.execute(sql.REDRIVE)


def delay_seconds(attempts: int) -> float:
    """Return how long to wait after so many tries: 0.2 s, 0.5 s, 1 s, 2 s and so on up to a minute."""
    if attempts <= len(FIRST_DELAYS_SECONDS):
        return FIRST_DELAYS_SECONDS[attempts - 1]
    return min(2.0 ** min(attempts - len(FIRST_DELAYS_SECONDS) - 1, 10), MAX_DELAY_SECONDS)
