"""Damages to what organizations are told."""

from __future__ import annotations

from tests.system.damage import NEW, Damage

GAPS, MINE = "messages-have-no-gaps", "events-of-organizations-are-messages"
MESSAGES, LOGS = "notifications.webhook_messages", "notifications.webhook_logs"
ENDPOINTS, SECRETS = "notifications.webhook_endpoints", "notifications.webhook_secrets"

NO_MESSAGES = f"DELETE FROM {MESSAGES}; UPDATE {LOGS} SET last_number = 0; UPDATE {ENDPOINTS} SET sent_to = 0"
"""As where nothing was read yet, or all is forgotten."""


def copied(table: str, times: int, **other: str) -> str:
    """Add a row so many times more, with other values in some of its columns."""
    values = "".join(f" || jsonb_build_object('{column}', {value})" for column, value in other.items())
    row = f"to_jsonb(t){values}"
    return (
        f"INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, {row})).*"
        f" FROM (SELECT * FROM {table} LIMIT 1) AS t CROSS JOIN generate_series(1, {times})"
    )


OF_WEBHOOKS = (
    Damage("a message too few", GAPS, f"DELETE FROM {MESSAGES} WHERE number = 2"),
    Damage("a number twice", GAPS, copied(MESSAGES, 1)),
    Damage("messages of nobody's log", GAPS, f"DELETE FROM {LOGS}"),
    Damage("a log that goes further than its messages", GAPS, f"UPDATE {LOGS} SET last_number = last_number + 1"),
    Damage(
        "an endpoint that has taken what there is not",
        "endpoints-have-taken-what-there-is",
        f"UPDATE {ENDPOINTS} SET sent_to = 1000",
    ),
    Damage("eleven endpoints", "organizations-have-ten-endpoints-at-most", copied(ENDPOINTS, 10)),
    Damage("an endpoint without a secret", "endpoints-have-a-secret", f"DELETE FROM {SECRETS}"),
    Damage("an endpoint with two present secrets", "endpoints-have-a-secret", f"UPDATE {SECRETS} SET ends_at = NULL"),
    Damage(
        "a message about another's booking",
        "messages-about-bookings-are-told-to-whose-they-are",
        f"UPDATE {MESSAGES} SET organization_id = {NEW}",
    ),
    Damage(
        "a message about another's show",
        "messages-about-shows-are-told-to-whose-they-are",
        f"UPDATE {MESSAGES} SET organization_id = {NEW}",
    ),
    Damage("bookings of which nobody is told", MINE, f"DELETE FROM {MESSAGES} WHERE type LIKE 'BOOKING%'"),
    Damage("messages of other versions", MINE, f"UPDATE {MESSAGES} SET version = version + 1000"),
    Damage("a booking of which they are told twice", MINE, f"INSERT INTO {MESSAGES} SELECT * FROM {MESSAGES}"),
)
