"""The outbox: messages to other services, appended in the transaction that they tell of, and delivered later.

A relay delivers them at least once, in batches by topic, and is woken by the transaction that appends. Topics have
nothing to do with each other: a peer that is slow or away holds up its own messages only. Only definite refusals
count against a message; ten of them make it a dead letter, which stays until somebody redrives it. A peer that is
away is tried for ever, at most five seconds apart. A message of a topic that the relay has no peer for stays for a
relay that has.
"""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from services.chassis.errors import Failure, is_transient
from services.chassis.ids import new_id
from services.chassis.sight import faults, metrics
from services.chassis.store.database import Database, Transaction
from services.chassis.store.rows import columns

log = logging.getLogger(__name__)

BATCH = 128
LEASE_SECONDS = 8
MAX_REFUSALS = 10
MAX_DELAY_SECONDS = 5.0
POLL_SECONDS = 1.0

APPEND = """
    INSERT INTO outbox (id, topic, payload)
    SELECT * FROM unnest(%(id)s::uuid[], %(topic)s::text[], %(payload)s::bytea[])
"""
CLAIM = """
    UPDATE outbox SET
        next_attempt_at = clock_timestamp() + make_interval(secs => %(lease_seconds)s), attempts = attempts + 1
    WHERE id IN (
        SELECT id FROM outbox
        WHERE topic = %(topic)s AND dead_at IS NULL AND next_attempt_at <= (SELECT clock_timestamp())
        ORDER BY next_attempt_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
    )
    RETURNING id, topic, payload, attempts, refusals
"""
DELIVERED = "DELETE FROM outbox WHERE id = ANY(%(ids)s)"
POSTPONE = """
    UPDATE outbox SET
        next_attempt_at = clock_timestamp() + make_interval(secs => late.seconds),
        refusals = late.refusals,
        dead_at = CASE WHEN late.refusals >= %(max_refusals)s THEN clock_timestamp() END,
        dead_reason = late.reason
    FROM unnest(%(id)s::uuid[], %(seconds)s::float[], %(refusals)s::int[], %(reason)s::text[])
        AS late (id, seconds, refusals, reason)
    WHERE outbox.id = late.id
"""
REDRIVE = """
    UPDATE outbox SET dead_at = NULL, dead_reason = NULL, refusals = 0, next_attempt_at = clock_timestamp()
    WHERE dead_at IS NOT NULL
"""

Deliver = Callable[[Sequence[bytes]], Awaitable[Sequence[Failure | None]]]
"""Deliver payloads of one topic; answer None for each that the peer took, or why it did not."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told, to whom the topic says."""

    topic: str
    payload: bytes


class Outbox:
    """The messages of one service, and the relay that delivers them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._wakes: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def append(self, tx: Transaction, messages: Sequence[Message]) -> None:
        """Append messages in the transaction that they tell of."""
        if not messages:
            return
        await tx.send(APPEND, columns(messages, "topic", "payload", id=lambda _: new_id()))
        tx.after_commit(lambda: self._wake({message.topic for message in messages}))

    async def redrive(self) -> int:
        """Give every dead letter another life; return how many there were."""
        redriven = await self._db.execute(REDRIVE)
        self._wake(self._wakes)
        return redriven

    def _wake(self, topics: Iterable[str]) -> None:
        for topic in topics:
            self._wakes[topic].set()

    async def relay(self, peers: Mapping[str, Deliver]) -> None:
        """Deliver messages to `peers`, by topic, until cancelled."""
        await asyncio.gather(*(self._relay(topic, deliver) for topic, deliver in peers.items()))

    async def _relay(self, topic: str, deliver: Deliver) -> None:
        wake = self._wakes[topic]
        while True:
            wake.clear()
            try:
                while await self._deliver(topic, deliver) == BATCH:
                    pass
            except Failure as failure:
                log.warning("the relay of %s waits: %s", topic, failure)
            except Exception:  # a relay never ends by itself: messages would wait for ever
                log.exception("the relay of %s stumbled", topic)
            # Not asyncio.wait_for: before Python 3.12 it swallows a cancellation that comes together with the wake.
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await wake.wait()

    async def deliver_once(self, peers: Mapping[str, Deliver]) -> int:
        """Deliver one batch of due messages of each topic; return how many were due."""
        return sum(await asyncio.gather(*(self._deliver(topic, deliver) for topic, deliver in peers.items())))

    async def _deliver(self, topic: str, deliver: Deliver) -> int:
        """Deliver one batch of due messages; return how many were due.

        They are leased while they are on their way, so that relays of other processes leave them alone. A lease
        that runs out means a second delivery, which receivers are made for.
        """
        faults.operation.set(f"relay {topic}")
        rows: Sequence[_Row] = await self._db.fetch(
            CLAIM, {"topic": topic, "lease_seconds": LEASE_SECONDS, "most": BATCH}
        )
        if not rows:
            return 0
        outcomes = await _offer(deliver, rows)
        done = [row.id for row, outcome in zip(rows, outcomes, strict=True) if outcome is None]
        if done:
            await self._db.execute(DELIVERED, {"ids": done})
        metrics.DELIVERED.labels(topic, "taken").inc(len(done))
        metrics.DELIVERED.labels(topic, "later").inc(len(rows) - len(done))
        late = [(row, outcome) for row, outcome in zip(rows, outcomes, strict=True) if outcome is not None]
        if late:
            log.warning("%d messages of %s wait: %s", len(late), topic, late[0][1])
            await self._db.execute(
                POSTPONE,
                {
                    "max_refusals": MAX_REFUSALS,
                    "id": [row.id for row, _ in late],
                    "seconds": [_delay_seconds(row.attempts) for row, _ in late],
                    "refusals": [row.refusals + (not is_transient(failure)) for row, failure in late],
                    "reason": [f"{failure.reason}: {failure.message}" for _, failure in late],
                },
            )
            for row, why in late:
                if row.refusals + 1 == MAX_REFUSALS and not is_transient(why):
                    log.error("dead letter", extra={"message_id": str(row.id), "topic": row.topic, "why": str(why)})
        return len(rows)


class _Row:
    """A claimed row, as the driver gives it."""

    id: UUID
    topic: str
    payload: bytes
    attempts: int
    refusals: int


async def _offer(deliver: Deliver, rows: Sequence[_Row]) -> Sequence[Failure | None]:
    """Offer messages to their peer. One that cannot be delivered, or for which all are refused, spoils no other."""
    try:
        outcomes = await deliver([bytes(row.payload) for row in rows])
        if len(outcomes) != len(rows):
            raise ValueError(f"{len(outcomes)} answers to {len(rows)} messages")
        return outcomes
    except Failure as failure:
        if len(rows) == 1 or is_transient(failure):
            return [failure] * len(rows)
    except Exception:  # a message of ours that cannot even be offered: found by halving, logged, tried again
        if len(rows) == 1:
            log.exception("message %s of %s cannot be delivered", rows[0].id, rows[0].topic)
            return [Failure("There is a defect on our side: see the log.")]
    middle = len(rows) // 2
    return [*await _offer(deliver, rows[:middle]), *await _offer(deliver, rows[middle:])]


def _delay_seconds(attempts: int) -> float:
    """Return a jittered exponential back-off."""
    return min(0.1 * 2.0 ** min(attempts, 10), MAX_DELAY_SECONDS) * random.uniform(0.5, 1.0)
