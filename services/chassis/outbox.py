"""The outbox: messages to other services, appended in the transaction that they tell of, and delivered later.

A relay delivers them at least once, in batches by topic, and is woken by the transaction that appends. Only
definite refusals count against a message; ten of them make it a dead letter, which stays until somebody redrives
it. A peer that is away is tried for ever, at most five seconds apart.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.chassis.database import Database, Transaction
from services.chassis.errors import Failure, is_transient
from services.chassis.ids import new_id

log = logging.getLogger(__name__)

BATCH = 128
LEASE_SECONDS = 15
MAX_REFUSALS = 10
MAX_DELAY_SECONDS = 5.0
POLL_SECONDS = 1.0

APPEND = """
    INSERT INTO outbox (id, topic, payload)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::bytea[])
"""
CLAIM = """
    UPDATE outbox SET next_attempt_at = clock_timestamp() + make_interval(secs => %s), attempts = attempts + 1
    WHERE id IN (
        SELECT id FROM outbox
        WHERE dead_at IS NULL AND next_attempt_at <= clock_timestamp()
        ORDER BY next_attempt_at LIMIT %s FOR UPDATE SKIP LOCKED
    )
    RETURNING id, topic, payload, attempts, refusals
"""
DELIVERED = "DELETE FROM outbox WHERE id = ANY(%s)"
POSTPONE = """
    UPDATE outbox SET
        next_attempt_at = clock_timestamp() + make_interval(secs => late.seconds),
        refusals = late.refusals,
        dead_at = CASE WHEN late.refusals >= %s THEN clock_timestamp() END,
        dead_reason = late.reason
    FROM unnest(%s::uuid[], %s::float[], %s::int[], %s::text[]) AS late (id, seconds, refusals, reason)
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
        self._wake = asyncio.Event()

    async def append(self, tx: Transaction, messages: Sequence[Message]) -> None:
        """Append messages in the transaction that they tell of."""
        if not messages:
            return
        await tx.send(
            APPEND,
            ([new_id() for _ in messages], [m.topic for m in messages], [m.payload for m in messages]),
        )
        tx.after_commit(self._wake.set)

    async def redrive(self) -> int:
        """Give every dead letter another life; return how many there were."""
        redriven = await self._db.execute(REDRIVE)
        self._wake.set()
        return redriven

    async def relay(self, peers: Mapping[str, Deliver]) -> None:
        """Deliver messages to `peers`, by topic, until cancelled."""
        while True:
            self._wake.clear()
            try:
                while await self.deliver_once(peers) == BATCH:
                    pass
            except Failure as failure:
                log.warning("the relay waits: %s", failure)
            except Exception:
                log.exception("the relay stumbled")
            try:
                await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
            except TimeoutError:
                continue

    async def deliver_once(self, peers: Mapping[str, Deliver]) -> int:
        """Deliver one batch of due messages; return how many were due.

        They are leased while they are on their way, so that relays of other processes leave them alone. A lease
        that runs out means a second delivery, which receivers are made for.
        """
        rows = await self._db.fetch(CLAIM, (LEASE_SECONDS, BATCH))
        topics: dict[str, list[_Row]] = {}
        for row in rows:
            topics.setdefault(row.topic, []).append(row)
        await asyncio.gather(*(self._deliver(peers[topic], due) for topic, due in topics.items()))
        return len(rows)

    async def _deliver(self, deliver: Deliver, rows: Sequence["_Row"]) -> None:
        outcomes: Sequence[Failure | None]
        try:
            outcomes = await deliver([bytes(row.payload) for row in rows])
        except Failure as failure:
            outcomes = [failure] * len(rows)
        if done := [row.id for row, outcome in zip(rows, outcomes, strict=True) if outcome is None]:
            await self._db.execute(DELIVERED, (done,))
        late = [(row, outcome) for row, outcome in zip(rows, outcomes, strict=True) if outcome is not None]
        if late:
            log.warning("%d messages of %s wait: %s", len(late), late[0][0].topic, late[0][1])
            await self._db.execute(
                POSTPONE,
                (
                    MAX_REFUSALS,
                    [row.id for row, _ in late],
                    [_delay_seconds(row.attempts) for row, _ in late],
                    [row.refusals + (not is_transient(failure)) for row, failure in late],
                    [f"{failure.reason}: {failure.message}" for _, failure in late],
                ),
            )


class _Row:
    """A claimed row, as the driver gives it."""

    id: UUID
    topic: str
    payload: bytes
    attempts: int
    refusals: int


def _delay_seconds(attempts: int) -> float:
    """Return a jittered exponential back-off."""
    return min(0.1 * 2.0 ** min(attempts, 10), MAX_DELAY_SECONDS) * random.uniform(0.5, 1.0)
