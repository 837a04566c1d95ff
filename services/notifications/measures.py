"""Statements whose answers are metrics."""

from prometheus_client import Counter, Gauge

from services.chassis.writes.measures import Measure

MAILS = Counter(
    "boxoffice_mails", "Tries to send a mail, and mails of which a second copy may have been sent", ["outcome"]
)

WEBHOOKS = Counter(
    "boxoffice_organization_webhooks", "Attempts to post a message or a challenge to an organization", ["outcome"]
)
PAPERLESS = Counter("boxoffice_mails_without_papers", "Mails that went without their tickets")

MEASURES = (
    Measure(
        Gauge("boxoffice_mail_lag_seconds", "Age of the oldest mail that is not sent yet"),
        "SELECT greatest(0, extract(epoch FROM boxoffice_clock() - min(created_at))) AS value FROM mails"
        " WHERE state = 'WAITING'",
    ),
    Measure(
        Gauge("boxoffice_mails_dead", "Mails that are not tried any more"),
        "SELECT count(*) AS value FROM mails WHERE state = 'DEAD'",
    ),
    Measure(
        Gauge("boxoffice_notice_lag_seconds", "Time since the first fact of a show that not all bookings are told of"),
        "SELECT greatest(0, extract(epoch FROM boxoffice_clock() - min(happened_at))) AS value FROM show_facts"
        " WHERE told_at IS NULL",
    ),
    Measure(
        Gauge(
            "boxoffice_organization_webhook_lag_seconds",
            "Age of the oldest message that no attempt was made to send to somebody",
        ),
        "SELECT greatest(0, extract(epoch FROM boxoffice_clock() - min(m.created_at))) AS value"
        " FROM webhook_endpoints e JOIN LATERAL ("
        " SELECT created_at FROM webhook_messages WHERE organization_id = e.organization_id"
        " AND number > e.sent_to AND type = ANY(e.types) ORDER BY number LIMIT 1"
        ") AS m ON true WHERE e.state = 'ENABLED' AND e.failing_since IS NULL",
    ),
    Measure(
        Gauge(
            "boxoffice_organization_endpoints_failing", "Endpoints whose last attempt failed, and that are tried again"
        ),
        "SELECT count(*) AS value FROM webhook_endpoints"
        " WHERE state IN ('CHALLENGED', 'ENABLED') AND failing_since IS NOT NULL",
    ),
    Measure(
        Gauge("boxoffice_organization_endpoints_off", "Endpoints that are sent nothing any more, as they took nothing"),
        "SELECT count(*) AS value FROM webhook_endpoints WHERE state = 'OFF'",
    ),
)

_REMINDER_LAG = Gauge(
    "boxoffice_reminder_lag_seconds", "Time since the first show to come was near of which not all are reminded"
)


def reminder_lag(hours: int) -> Measure:
    """Return how late reminders are that go out so many hours before shows."""
    return Measure(
        _REMINDER_LAG,
        f"""
        SELECT greatest(0, extract(epoch FROM boxoffice_clock() - min(starts_at)) + {hours * 3_600}) AS value
        FROM shows WHERE reminded_at IS NULL AND NOT is_cancelled AND starts_at > (SELECT boxoffice_clock())
        """,
    )
