"""Statements whose answers are metrics."""

from prometheus_client import Gauge

from services.chassis.work.measures import OUTBOX, Measure

MEASURES = (
    *OUTBOX,
    Measure(
        Gauge("boxoffice_refund_age_seconds", "How long the oldest refund waits to be carried out"),
        "SELECT extract(epoch FROM boxoffice_clock() - min(created_at)) FROM refunds WHERE state = 'REQUESTED'",
    ),
    Measure(
        Gauge("boxoffice_refunds_stuck", "Refunds that the bank declines for good: look at them"),
        "SELECT count(*) FROM refunds WHERE state = 'STUCK'",
    ),
    Measure(
        Gauge("boxoffice_book_differences", "What booking has told and payment's books do not have: look at it"),
        "SELECT count(*) FROM book_differences",
    ),
    Measure(
        Gauge("boxoffice_poll_lag_seconds", "How long the bank is overdue to be asked about a payment"),
        "SELECT greatest(0, extract(epoch FROM clock_timestamp() - min(next_poll_at))) FROM payments"
        " WHERE state = 'PENDING'",
    ),
)
