"""Statements whose answers are metrics."""

from prometheus_client import Gauge

from services.chassis.writes.measures import Measure

MEASURES = (
    Measure(
        Gauge("boxoffice_notice_lag_seconds", "Time since the first fact of a show that not all bookings are told of"),
        "SELECT greatest(0, extract(epoch FROM boxoffice_clock() - min(happened_at))) AS value FROM show_facts"
        " WHERE told_at IS NULL",
    ),
)
