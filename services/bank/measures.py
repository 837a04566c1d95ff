"""Statements whose answers are metrics."""

from prometheus_client import Gauge

from services.chassis.writes.measures import Measure

MEASURES = (
    Measure(
        Gauge("boxoffice_webhook_lag_seconds", "Time since the most overdue webhook was due"),
        "SELECT greatest(0, extract(epoch FROM clock_timestamp() - min(next_attempt_at))) AS value FROM deliveries"
        " WHERE delivered_at IS NULL AND dead_at IS NULL",
    ),
    Measure(
        Gauge("boxoffice_webhooks_dead", "Webhooks that the bank does not try any more"),
        "SELECT count(*) AS value FROM deliveries WHERE dead_at IS NOT NULL",
    ),
)
