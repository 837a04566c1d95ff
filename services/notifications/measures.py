"""Statements whose answers are metrics."""

from prometheus_client import Counter, Gauge

from services.chassis.writes.measures import Measure

MAILS = Counter(
    "boxoffice_mails", "Tries to send a mail, and mails of which a second copy may have been sent", ["outcome"]
)

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
)
