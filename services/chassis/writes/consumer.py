"""A consumer of a topic: reads its events in order, and does something in its own database for each, exactly once.

A consumer's progress is a row of its own database, and moves in the transaction of what it does. So a batch that is
undone is read again, and one that was committed is not; of two processes that read the same batch, one comes too late
and does nothing. Nothing is written at the sender. Events that cannot be handled are tried again, and hold up this
consumer alone: none is left out, as those after it may rest on it.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from services.chassis.errors import Failure
from services.chassis.sight import faults, metrics
from services.chassis.store.database import Database, Transaction

log = logging.getLogger(__name__)

PAUSE_SECONDS = 1.0
"""How often a consumer that has read everything looks for more, and one that has failed tries again."""

PROGRESS = "SELECT read_to FROM topic_progress WHERE consumer = %(consumer)s AND topic = %(topic)s"
BEGIN_PROGRESS = """
    INSERT INTO topic_progress (consumer, topic, read_to) VALUES (%(consumer)s, %(topic)s, %(to)s)
    ON CONFLICT DO NOTHING
    RETURNING read_to
"""
MOVE_PROGRESS = """
    UPDATE topic_progress SET read_to = %(to)s
    WHERE consumer = %(consumer)s AND topic = %(topic)s AND read_to = %(after)s
    RETURNING read_to
"""
"""Both give no row where another process was faster."""


class ReadableEvent(Protocol):
    """What there are pages of."""

    @property
    def position(self) -> int:
        """Its place in the topic, from 1."""


E = TypeVar("E", bound=ReadableEvent)


@dataclass(frozen=True, slots=True)
class Events(Generic[E]):
    """A page of a topic, and the topic's last position."""

    events: Sequence[E]
    last: int


Read = Callable[[int | None], Awaitable[Events[E]]]
"""Return the events behind a position; without one, the oldest that there are. No transaction is open meanwhile."""

Handle = Callable[[Transaction, Sequence[E]], Awaitable[None]]
"""Do what the events are for, in the transaction in which the progress moves."""


class Consumer(Generic[E]):
    """One consumer of one topic. Every process of its service runs it."""

    def __init__(self, db: Database, name: str, topic: str, read: Read[E], handle: Handle[E]) -> None:
        self._db = db
        self._name = name
        self._topic = topic
        self._read = read
        self._handle = handle
        self._behind = 0
        self._well = time.monotonic()

    async def run(self) -> None:
        """Consume events as they come, until cancelled."""
        while True:
            faults.operation.set(f"consumer {self._name}")
            try:
                # A page that reaches the end of the topic says so: no other has to be asked for to learn it.
                while await self.consume_once() and self._behind:
                    self._is_well()
                self._is_well()
            except Failure as failure:
                log.warning("the consumer %s of %s waits: %s: %s", self._name, self._topic, failure.reason, failure)
            except Exception:  # it never ends by itself: the next try may fare better
                log.exception("the consumer %s of %s stumbled", self._name, self._topic)
            metrics.CONSUMER_STALLED.labels(self._name, self._topic).set(time.monotonic() - self._well)
            await asyncio.sleep(PAUSE_SECONDS)

    async def consume_once(self) -> int:
        """Consume one page of events; return how many this process did."""
        name = {"consumer": self._name, "topic": self._topic}
        known = await self._db.fetch(PROGRESS, name)
        after = int(known[0].read_to) if known else None
        page = await self._read(after)
        if not page.events:
            return 0
        self._check(page.events, after)
        given = name | {"after": after, "to": page.events[-1].position}
        async with self._db.transaction() as tx:
            # The row is locked from here on.
            if not await tx.fetch(BEGIN_PROGRESS if after is None else MOVE_PROGRESS, given):
                return 0
            await self._handle(tx, page.events)
        self._behind = page.last - page.events[-1].position
        metrics.CONSUMER_BEHIND.labels(self._name, self._topic).set(self._behind)
        return len(page.events)

    def _check(self, events: Sequence[E], after: int | None) -> None:
        """Raise ValueError unless nothing is missing: positions have no gaps."""
        first = events[0].position if after is None else after + 1
        if [event.position for event in events] != list(range(first, first + len(events))):
            raise ValueError(f"{self._topic} has a gap behind position {after}")

    def _is_well(self) -> None:
        self._well = time.monotonic()
