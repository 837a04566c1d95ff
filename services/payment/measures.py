"""Statements whose answers are metrics."""

from prometheus_client import Gauge

from services.chassis.writes.measures import OUTBOX, Measure

MEASURES = (
    *OUTBOX,
    Measure(
        Gauge("boxoffice_refund_age_seconds", "Age of the oldest refund that is not carried out yet"),
        "SELECT extract(epoch FROM boxoffice_clock() - min(created_at)) AS value FROM refunds"
        " WHERE state = 'REQUESTED'",
    ),
    Measure(
        Gauge("boxoffice_refunds_stuck", "Refunds that the bank declined for good"),
        "SELECT count(*) AS value FROM refunds WHERE state = 'STUCK'",
    ),
    Measure(
        Gauge("boxoffice_disputes_open", "Payments that customers' banks want back, which are not decided"),
        "SELECT count(*) AS value FROM disputes WHERE state = 'OPEN'",
    ),
    Measure(
        Gauge("boxoffice_disputes_lost", "Disputes that were lost within a week: their money is gone"),
        "SELECT count(*) AS value FROM disputes"
        " WHERE state = 'LOST' AND updated_at > boxoffice_clock() - interval '7 days'",
    ),
    Measure(
        Gauge("boxoffice_fee_age_seconds", "Age of the oldest captured payment whose fee is not known yet"),
        "SELECT extract(epoch FROM boxoffice_clock() - min(updated_at)) AS value FROM payments"
        " WHERE next_fee_at IS NOT NULL AND state NOT IN ('FAILED', 'EXPIRED')",
    ),
    Measure(
        Gauge("boxoffice_book_differences", "Differences between booking's events and payment's books"),
        "SELECT count(*) AS value FROM book_differences",
    ),
    Measure(
        Gauge("boxoffice_poll_lag_seconds", "Time since the most overdue question to the bank was due"),
        "SELECT greatest(0, extract(epoch FROM clock_timestamp() - min(next_poll_at))) AS value FROM payments"
        " WHERE state = 'PENDING'",
    ),
)
