"""Statements whose answers are metrics."""

from prometheus_client import Gauge

from services.chassis.writes.measures import OUTBOX, TOPICS, Measure

MEASURES = (
    *OUTBOX,
    *TOPICS,
    Measure(
        Gauge("boxoffice_saga_overdue_seconds", "Time since the most overdue step of a booking was due", ["state"]),
        "SELECT state, greatest(0, extract(epoch FROM boxoffice_clock() - min(lease_until))) AS value FROM ("
        "SELECT state, lease_until FROM bookings WHERE state IN ('RESERVING', 'CONFIRMING', 'REFUNDING')"
        " UNION ALL SELECT 'REFUNDING', lease_until FROM booking_refunds WHERE state = 'PROCESSING'"
        ") AS unfinished GROUP BY state",
    ),
    Measure(
        Gauge("boxoffice_refunding_stuck", "Refunds that the bank declined for good"),
        "SELECT (SELECT count(*) FROM bookings WHERE state = 'REFUNDING' AND refund_stuck)"
        " + (SELECT count(*) FROM booking_refunds WHERE state = 'PROCESSING' AND stuck) AS value",
    ),
    Measure(
        Gauge(
            "boxoffice_sweep_lag_seconds", "Time since the first show was cancelled that is not swept to the end yet"
        ),
        "SELECT greatest(0, extract(epoch FROM boxoffice_clock() - min(requested_at))) AS value FROM cancelled_shows"
        " WHERE done_at IS NULL",
    ),
    Measure(
        Gauge(
            "boxoffice_show_update_lag_seconds", "Time since the first show was edited that bookings do not all show"
        ),
        "SELECT greatest(0, extract(epoch FROM boxoffice_clock() - min(noted_at))) AS value FROM show_updates"
        " WHERE done_at IS NULL",
    ),
    Measure(
        Gauge("boxoffice_expiry_lag_seconds", "Time since the first lapsed booking that is not expired yet lapsed"),
        "SELECT greatest(0, extract(epoch FROM boxoffice_clock() - min(expires_at))) AS value FROM bookings"
        " WHERE state = 'PENDING' AND expires_at <= boxoffice_clock()",
    ),
    Measure(
        Gauge("boxoffice_offer_mail_lag_seconds", "Age of the oldest mail about an offer of a ticket not sent yet"),
        "SELECT greatest(0, extract(epoch FROM boxoffice_clock() - min(created_at))) AS value FROM ticket_offers"
        " WHERE mail_state = 'WAITING' AND state = 'OPEN' AND expires_at > boxoffice_clock()",
    ),
)
