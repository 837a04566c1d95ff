"""Statements whose answers are metrics."""

from prometheus_client import Gauge

from services.chassis.work.measures import OUTBOX, TOPICS, Measure

MEASURES = (
    *OUTBOX,
    *TOPICS,
    Measure(
        Gauge("boxoffice_saga_overdue_seconds", "How long ago a step ought to have been finished", ["state"]),
        "SELECT state, greatest(0, extract(epoch FROM boxoffice_clock() - min(lease_until))) FROM bookings"
        " WHERE state IN ('RESERVING', 'CONFIRMING', 'REFUNDING') GROUP BY state",
    ),
    Measure(
        Gauge("boxoffice_refunding_stuck", "Bookings whose refund the bank declines for good: look at them"),
        "SELECT count(*) FROM bookings WHERE state = 'REFUNDING' AND refund_stuck",
    ),
    Measure(
        Gauge("boxoffice_expiry_lag_seconds", "How long the booking that lapsed first waits to be expired"),
        "SELECT greatest(0, extract(epoch FROM boxoffice_clock() - min(expires_at))) FROM bookings"
        " WHERE state = 'PENDING' AND expires_at <= boxoffice_clock()",
    ),
)
