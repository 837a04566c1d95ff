"""Topics: logs of public events, which any number of consumers read, each at its own pace.

A sender writes an event in the transaction of the change that it tells of, and nothing for any consumer. An id that is
given before a commit cannot order a log: a reader who has seen id 7 would never see id 6, whose transaction commits
later. So events get no position when they are written. The sequencer gives them their positions after their commit: a
topic's are 1, 2, 3 and so on without a gap, and are never changed.

Events of one key (a booking, a show) keep the order in which they were committed. Their sender holds the key's lock
from before it writes an event until its commit, and the event's id comes from a sequence, so it is greater than the ids
of all earlier events of that key, and whoever sees the event sees those too. The sequencer takes what it sees in the
order of ids. Events of different keys may get their positions in another order than their commits.

Every process runs a sequencer; the lock of the topic's row lets one at a time give positions. No clock has a part in
it.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis.errors import EventsForgotten, EventsNotThere, Failure
from services.chassis.sight import faults
from services.chassis.store.database import Database, Statement, Transaction, retried
from services.chassis.store.rows import columns

log = logging.getLogger(__name__)

BATCH = 500
"""Events that get their positions in one transaction, or are forgotten in one."""

PAUSE_SECONDS = 0.2
"""How often a sequencer looks for events without a position."""

APPEND = """
    INSERT INTO topic_events (topic, key, version, kind, payload)
    SELECT %(topic)s::text, new.*
    FROM unnest(%(keys)s::uuid[], %(versions)s::int[], %(kinds)s::text[], %(payloads)s::bytea[])
        AS new (key, version, kind, payload)
"""
WAITING = """
    SELECT topic FROM topics t
    WHERE EXISTS (SELECT FROM topic_events e WHERE e.topic = t.topic AND e.position IS NULL)
"""
LOCK_TOPIC = "SELECT position FROM topics WHERE topic = %(topic)s FOR UPDATE SKIP LOCKED"
NUMBER = """
    WITH first AS (
        SELECT ctid, id FROM topic_events WHERE topic = %(topic)s AND position IS NULL AND id < %(limit)s::int + (
            SELECT min(id) FROM topic_events WHERE topic = %(topic)s AND position IS NULL
        )
    ), fresh AS (
        SELECT ctid, row_number() OVER (ORDER BY id) AS place FROM first
    ), numbered AS (
        UPDATE topic_events e SET position = %(position)s::bigint + fresh.place
        FROM fresh WHERE e.ctid = fresh.ctid
        RETURNING e.id
    )
    UPDATE topics SET position = position + (SELECT count(*) FROM numbered) WHERE topic = %(topic)s
    RETURNING (SELECT count(*) FROM numbered) AS numbered
"""
"""Give positions to the first events that have none, each found by its place, as nobody else moves it.

Only under the topic's lock, and in a statement after it: one that began before the lock was free would not see what its
last holder did."""

READ = """
    SELECT t.position AS last, t.forgotten, e.position, e.payload, e.created_at
    FROM topics t LEFT JOIN LATERAL (
        SELECT position, CASE WHEN kind = ANY(%(kinds)s::text[]) IS NOT FALSE THEN payload END AS payload, created_at
        FROM topic_events
        WHERE topic = %(topic)s AND position > coalesce(%(after)s::bigint, t.forgotten)
            AND position <= coalesce(%(after)s::bigint, t.forgotten) + %(limit)s::int
    ) AS e ON true
    WHERE t.topic = %(topic)s
    ORDER BY e.position
"""
"""A page of events with how far the topic goes. It is one statement, so that nothing is forgotten within the look.
Positions have no gaps, so a page ends at a position."""

FORGET = """
    WITH oldest AS (
        SELECT ctid, position, created_at FROM topic_events
        WHERE topic = %(topic)s AND position > %(forgotten)s::bigint
            AND position <= %(forgotten)s::bigint + %(limit)s::int
    ), kept AS (
        SELECT min(position) AS first FROM oldest
        WHERE created_at >= boxoffice_clock() - make_interval(days => %(days)s)
    ), gone AS (
        DELETE FROM topic_events e USING oldest o, kept
        WHERE e.ctid = o.ctid AND (kept.first IS NULL OR o.position < kept.first)
        RETURNING e.position, e.created_at
    )
    UPDATE topics SET
        forgotten = greatest(forgotten, (SELECT max(position) FROM gone)),
        whole_since = greatest(whole_since, (SELECT max(created_at) FROM gone))
    WHERE topic = %(topic)s AND EXISTS (SELECT FROM gone)
    RETURNING (SELECT count(*) FROM gone) AS gone
"""
"""Delete the first events of a topic that are all older than so many days. Only under the topic's lock."""

LOCK_TO_FORGET = "SELECT topic, forgotten FROM topics ORDER BY topic FOR UPDATE SKIP LOCKED"


@dataclass(frozen=True, slots=True)
class TopicEvent:
    """Something that happened to what `key` names; the key's lock is held by whoever writes it."""

    key: UUID
    version: int
    """Grows with every event of the key."""
    kind: str
    payload: bytes
    """A message of boxoffice.events."""


@dataclass(frozen=True, slots=True)
class Positioned:
    """An event as consumers read it."""

    position: int
    payload: bytes
    """A message of boxoffice.events; empty where it is of a kind that was not asked for."""
    written_at: datetime
    """By the sender's clock."""


@dataclass(frozen=True, slots=True)
class EventsPage:
    """Events in the order of their positions, and the topic's last position."""

    events: Sequence[Positioned]
    last: int


async def append(tx: Transaction, topic: str, events: Sequence[TopicEvent]) -> None:
    """Write events in the transaction of the changes that they tell of, which holds the locks of their keys."""
    if events:
        await tx.send(*appended(topic, events))


def appended(topic: str, events: Sequence[TopicEvent], condition: str = "") -> Statement:
    """Return the statement that writes events; with a `condition` in SQL on `new`, those that meet it."""
    return APPEND + condition, parameters(topic, events)


def parameters(topic: str, events: Sequence[TopicEvent]) -> dict[str, Any]:
    """Return the parameters of APPEND."""
    return columns(events, keys="key", versions="version", kinds="kind", payloads="payload") | {"topic": topic}


async def run_sequencer(db: Database) -> None:
    """Give positions to events as they come, until cancelled. Every process of a service runs this."""
    while True:
        faults.operation.set("job sequencer")
        try:
            while await number_events(db):
                pass
        except Failure as failure:
            log.warning("the sequencer waits: %s", failure)
        except Exception:  # it never ends by itself: consumers would wait for ever
            log.exception("the sequencer stumbled")
        await asyncio.sleep(PAUSE_SECONDS)


async def number_events(db: Database, *, limit: int = BATCH) -> int:
    """Give positions to one batch of events of each topic; return how many got one.

    A topic that another process is busy with is left to it. Nothing is written where no event waits.
    """
    return sum([await _number(db, row.topic, limit) for row in await db.fetch(WAITING)])


async def _number(db: Database, topic: str, limit: int) -> int:
    async with db.transaction() as tx:
        locked = await tx.fetch(LOCK_TOPIC, {"topic": topic})
        if not locked:
            return 0
        given = {"topic": topic, "position": locked[0].position, "limit": limit}
        [done] = await tx.fetch(NUMBER, given)
    return int(done.numbered)


@retried
async def read(
    db: Database, topic: str, *, after: int | None, limit: int, kinds: Sequence[str] | None = None
) -> EventsPage:
    """Return the events behind a position; without one, the oldest that are kept. Of other than `kinds`, no payloads.

    Raises EventsForgotten where some that come next are not kept any more, EventsNotThere past the last position.
    """
    rows: Sequence[Any] = await db.fetch(READ, {"topic": topic, "after": after, "limit": limit, "kinds": kinds})
    last, forgotten = int(rows[0].last), int(rows[0].forgotten)
    if after is not None and after < forgotten:
        raise EventsForgotten(oldest=forgotten + 1)
    if after is not None and after > last:
        raise EventsNotThere(last=last)
    events = [
        Positioned(row.position, bytes(row.payload or b""), row.created_at) for row in rows if row.position is not None
    ]
    return EventsPage(events, last)


async def forget(db: Database, days: int, *, limit: int = BATCH) -> int:
    """Forget one batch of the oldest events of each topic that are older than `days`; return how many. A job.

    What has no position yet stays, and so does everything behind an event that is not old enough: a topic's events are
    always those from one position on.
    """
    gone = 0
    async with db.transaction() as tx:
        for row in await tx.fetch(LOCK_TO_FORGET):
            given = {"topic": row.topic, "forgotten": row.forgotten, "days": days, "limit": limit}
            gone += sum([int(done.gone) for done in await tx.fetch(FORGET, given)])
    return gone
