"""Invariants of clocks: nothing was written in times that are far from having come.

Clocks may be set back, and databases' clocks may differ: what was written may be of later than now. No clock is a day
ahead that anybody goes on with.
"""

from collections.abc import Mapping, Sequence

from audit.invariants.invariant import Invariant

AHEAD = "1 day"


def _of_the_past(schema: str, times: Mapping[str, Sequence[str]]) -> Invariant:
    """Return the rule for the times at which the rows of a schema's tables say that they were written."""
    found = " UNION ALL ".join(
        f"SELECT '{table}.{column}' AS what, {column} AS written_at FROM {schema}.{table} CROSS JOIN {schema}.clock"
        f" WHERE {column} > now + interval '{AHEAD}'"
        for table, columns in times.items()
        for column in columns
    )
    return Invariant(
        f"{schema}-wrote-nothing-in-the-future",
        f"no row is of a time that is more than {AHEAD} ahead of its database's clock",
        tuple(f"{schema}.{table}" for table in times),
        found,
    )


WRITTEN: Mapping[str, Mapping[str, Sequence[str]]] = {
    "inventory": {
        "events": ("created_at",),
        "venues": ("created_at",),
        "screens": ("created_at",),
        "shows": ("created_at",),
        "reservations": ("reserved_at", "changed_at"),
        "show_seats": ("held_at",),
        "seat_changes": ("changed_at",),
        "unbooked_holds": ("window_began_at",),
        "access_codes": ("created_at", "revoked_at"),
        "access_code_tries": ("updated_at",),
    },
    "booking": {
        "bookings": ("created_at", "updated_at"),
        "booking_refunds": ("created_at", "updated_at"),
        "captures": ("recorded_at",),
        "declines": ("recorded_at",),
        "tickets": ("issued_at", "updated_at"),
    },
    "payment": {
        "booking_accounts": ("created_at", "closed_at"),
        "payments": ("created_at", "updated_at"),
        "refunds": ("created_at", "updated_at"),
        "webhook_events": ("received_at",),
    },
    "bank": {
        "sessions": ("created_at", "ended_at"),
        "refunds": ("created_at",),
        "ledger": ("created_at",),
        "deliveries": ("created_at", "delivered_at"),
    },
    "identity": {
        "users": ("created_at",),
        "token_families": ("created_at", "ended_at"),
        "refresh_tokens": ("created_at", "used_at"),
    },
    "notifications": {
        "bookings": ("created_at", "changed_at"),
        "mails": ("happened_at", "created_at", "finished_at"),
        "notices": ("happened_at", "read_at"),
        "show_facts": ("happened_at", "told_at"),
        "webhook_attempts": ("ended_at",),
        "webhook_endpoints": ("failing_since", "created_at"),
        "webhook_messages": ("created_at",),
    },
}
"""When rows say that they were written. Outboxes are empty at rest, and leases lie in the future by their nature."""

TIMES = tuple(_of_the_past(schema, times) for schema, times in WRITTEN.items())
