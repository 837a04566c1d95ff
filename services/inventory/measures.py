"""Statements whose answers are metrics."""

from prometheus_client import Gauge

from services.chassis.writes.measures import TOPICS, Measure

MEASURES = (
    *TOPICS,
    Measure(
        Gauge("boxoffice_hold_lag_seconds", "Time since the first lapsed hold that is not tidied yet lapsed"),
        "SELECT greatest(0, extract(epoch FROM boxoffice_clock() - min(expires_at))) AS value FROM show_seats"
        " WHERE status = 'HELD' AND expires_at <= boxoffice_clock()",
    ),
)
