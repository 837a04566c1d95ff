"""Metrics that only the database knows, such as how far a relay is behind: asked for every few seconds by a job.

So a scrape costs no query. Replicas all tell the same; take the largest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from prometheus_client import Gauge

from services.chassis.store.database import Database
from services.chassis.writes import jobs

SECONDS = 5


@dataclass(frozen=True, slots=True)
class Measure:
    """A gauge, and the statement for it: each row has the gauge's labels by their names, and its `value`.

    Labels without a row are removed; a value that is NULL is 0.
    """

    gauge: Gauge
    sql: str

    async def take(self, db: Database) -> None:
        """Ask the database and set the gauge."""
        rows = await db.fetch(self.sql)
        self.gauge.clear()
        for row in rows:
            labels = row._asdict()
            value = float(labels.pop("value") or 0)
            (self.gauge.labels(**labels) if labels else self.gauge).set(value)


OUTBOX = (
    Measure(
        Gauge("boxoffice_outbox_lag_seconds", "Age of the oldest undelivered message", ["topic"]),
        "SELECT topic, extract(epoch FROM clock_timestamp() - min(created_at)) AS value FROM outbox"
        " WHERE dead_at IS NULL GROUP BY topic",
    ),
    Measure(
        Gauge("boxoffice_outbox_dead_letters", "Dead letters: messages that are not tried any more", ["topic"]),
        "SELECT topic, count(*) AS value FROM outbox WHERE dead_at IS NOT NULL GROUP BY topic",
    ),
)
"""For services that have an outbox."""


TOPICS = (
    Measure(
        Gauge("boxoffice_topic_lag_seconds", "Age of the oldest event without a position", ["topic"]),
        "SELECT topic, extract(epoch FROM boxoffice_clock() - min(created_at)) AS value FROM topic_events"
        " WHERE position IS NULL GROUP BY topic",
    ),
)
"""For services that have topics."""


def add(ticks: AsyncIOScheduler, db: Database, measures: Sequence[Measure]) -> None:
    """Have `measures` taken every few seconds."""

    async def take() -> int:
        for measure in measures:
            await measure.take(db)
        return 0

    jobs.add(ticks, "measure", take, jobs.every(seconds=SECONDS))
