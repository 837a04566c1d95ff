"""Statements whose answers are metrics."""

from prometheus_client import Gauge

from services.chassis.writes.measures import Measure

MEASURES = (
    Measure(
        Gauge("boxoffice_account_mail_lag_seconds", "Age of the oldest mail about an account that is not sent yet"),
        "SELECT greatest(0, extract(epoch FROM boxoffice_clock() - min(asked_at))) AS value FROM account_mails"
        " WHERE state = 'WAITING' AND used_at IS NULL AND ends_at > boxoffice_clock()",
    ),
)
