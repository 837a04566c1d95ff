"""Statements whose answers are metrics."""

from prometheus_client import Gauge

from services.chassis.writes.measures import Measure
from services.identity.mails.statements import TO_BE_SENT

MEASURES = (
    Measure(
        Gauge("boxoffice_account_mail_lag_seconds", "Age of the oldest mail about an account that is not sent yet"),
        f"""
        SELECT greatest(0, extract(epoch FROM boxoffice_clock() - min(w.asked_at))) AS value
        FROM account_mails w JOIN users x ON x.id = w.user_id
        WHERE {TO_BE_SENT}
        """,
    ),
)
