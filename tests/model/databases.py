"""The databases of the model test: as `make run` makes them, emptied for each run."""

from __future__ import annotations

from psycopg import sql

import roster
from services.chassis.store.migrate import migrate
from stack.postgres import Server

SERVICE_NAMES = ("inventory", "booking", "payment")
"""Those that a world runs, each twice."""
DATABASE_NAMES = (*roster.DATABASES, "audit")
"""Nobody has an account here; the audit looks there all the same."""
BANK = "model_bank"

DUE = {
    "outbox": "UPDATE outbox SET next_attempt_at = clock_timestamp() WHERE next_attempt_at > clock_timestamp()",
    "leases": "UPDATE bookings SET lease_until = boxoffice_clock() WHERE lease_until > boxoffice_clock();"
    " UPDATE booking_refunds SET lease_until = boxoffice_clock() WHERE lease_until > boxoffice_clock()",
    "sweeps": "UPDATE cancelled_shows SET lease_until = boxoffice_clock()",
    "updates": "UPDATE show_updates SET lease_until = boxoffice_clock()",
    "polls": "UPDATE payments SET next_poll_at = clock_timestamp() WHERE next_poll_at > clock_timestamp()",
    "refunds": "UPDATE refunds SET next_attempt_at = clock_timestamp() WHERE next_attempt_at > clock_timestamp()",
    "webhooks": "UPDATE bank.deliveries SET next_attempt_at = clock_timestamp() WHERE delivered_at IS NULL",
}
"""What lets pauses and leases end at once, as if time had passed."""
CLEAR = "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'bank')"
RESET = "UPDATE topics SET position = 0, forgotten = 0"
KEPT = (
    *("alembic_version", "topics", "events", "venues", "screens", "screen_seats"),
    *("event_index", "venue_index", "search_words", "search_grams"),
)
BUSY = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = ANY(%s) AND pid <> pg_backend_pid() AND state IN ('active', 'idle in transaction')
"""


def make_databases(server: Server) -> dict[str, str]:
    """Make the databases of a world, as `make run` has them, and a scratch one for the audit; return their URLs."""
    names = {name: f"model_{name}" for name in DATABASE_NAMES}
    urls = {name: server.create_database(database) for name, database in names.items()}
    with server.connect() as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN SUPERUSER PASSWORD 'bank'").format(sql.Identifier(BANK)))
        connection.execute(sql.SQL("ALTER ROLE {} SET search_path = bank").format(sql.Identifier(BANK)))
    with server.connect(names["payment"]) as connection:
        connection.execute("CREATE SCHEMA bank")
    urls["bank"] = f"postgresql://{BANK}:bank@127.0.0.1:{server.port}/{names['payment']}"
    for service in roster.SERVICES:
        migrate(service.name, service.folder / "migrations", urls[service.name])
    return urls


def drop_databases(server: Server) -> None:
    for name in DATABASE_NAMES:
        server.drop_database(f"model_{name}")
    with server.connect() as connection:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(BANK)))
