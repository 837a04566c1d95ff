"""The stack's databases, looked at and touched from outside, as only a test may."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row, tuple_row

import roster
from audit.audit import SOURCES
from audit.snapshots import Snapshots
from stack.postgres import Server
from tests.patience import eventually

CLOCKS = {
    "inventory": ("inventory", "public"),
    "booking": ("booking", "public"),
    "payment": ("payment", "public"),
    "bank": ("payment", "bank"),
}
"""Where each service's clock is: database and schema."""

# When the bank is asked next, how far a consumer has read and whether a mail has left is a matter of time alone.
NOT_COMPARED = ("polls", "next_poll_at", "mail_state", "mail_attempts", "mail_answered", "mail_next_at")
TABLES_NOT_COMPARED = (
    "commit_markers",
    "show_markers",
    "topic_progress",
    "show_updates",
    "show_times",
    "booking_names",
)
# What it writes follows what others have published, a second later or so.
NOT_COMPARED_AT_ALL = "notifications"


_kept: dict[str, psycopg.Connection[Any]] = {}
"""One connection to each database, by its URL, while nobody uses it."""


@contextmanager
def connected(server: Server, database: str) -> Iterator[psycopg.Connection[Any]]:
    """Give a connection as the superuser, in autocommit mode, and keep it for whoever asks next.

    To log in takes longer than what is mostly asked then.
    """
    url = server.url(database)
    connection = _kept.pop(url, None)
    if connection is None or not _is_there(connection):
        connection = server.connect(database)
        connection.prepare_threshold = None  # what is prepared does not outlive _is_there
    try:
        yield connection
    except BaseException:
        connection.close()
        raise
    if _kept.setdefault(url, connection) is not connection:
        connection.close()


def _is_there(connection: psycopg.Connection[Any]) -> bool:
    """Tell whether the server of a connection is still there, and make the session as if it had just begun."""
    try:
        connection.execute("DISCARD ALL")
    except psycopg.OperationalError:
        connection.close()
        return False
    return True


def under_way(server: Server) -> dict[str, int]:
    """Count what is under way, by what it is, as `audit.under_way` does."""
    with ExitStack() as using:
        found = {name: using.enter_context(connected(server, name)) for name in roster.DATABASES}
        try:
            for connection in found.values():
                connection.row_factory = dict_row
            sources = Snapshots(found)
            sources.take()
            return dict(Counter(what for what, _ in sources.under_way()))
        finally:
            for connection in found.values():
                connection.rollback()
                connection.row_factory = tuple_row


def rows(server: Server, database: str, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Run a statement in one of the databases and return its rows."""
    with connected(server, database) as connection:
        return connection.execute(statement.encode(), parameters).fetchall()


def value(server: Server, database: str, statement: str, *parameters: object) -> Any:
    """Return the one value that a query gives."""
    [(found,)] = rows(server, database, statement, *parameters)
    return found


_prints: dict[tuple[str, str], tuple[str, str]] = {}
"""What `contents` found last of each table, by its database's URL and its name: the table's version and fingerprint."""

VERSION = "count(*) || ' rows, ' || coalesce(sum(hashtextextended(xmin::text || ctid::text, 0)), 0)"
"""Which row versions a table has, and where. While they are the same, so is what stands in them."""
FINGERPRINT = "count(*) || ' rows, ' || coalesce(sum(hashtextextended((to_jsonb(t) - {}::text[])::text, 0)), 0)"


def contents(server: Server) -> dict[str, str]:
    """Return a fingerprint of every table of every service, to compare with a later one.

    Tables whose row versions are those of the last time are not read again.
    """
    prints: dict[str, str] = {}
    for database, schemas in SOURCES.items():
        if database == NOT_COMPARED_AT_ALL:
            continue
        with connected(server, database) as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for name, schema in schemas:
                tables = connection.execute(
                    "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'"
                    " AND relname <> ALL (%s)",
                    [schema, list(TABLES_NOT_COMPARED)],
                ).fetchall()
                found = {f"{name}.{table}": sql.Identifier(schema, table) for (table,) in tables}
                prints |= _printed(connection, server.url(database), found)
    return prints


def _printed(connection: psycopg.Connection[Any], url: str, tables: Mapping[str, sql.Identifier]) -> dict[str, str]:
    """Return the fingerprint of each table."""
    versions = _asked(connection, sql.SQL(VERSION), tables)
    changed = {name: table for name, table in tables.items() if _prints.get((url, name), ("",))[0] != versions[name]}
    fingerprint = sql.SQL(FINGERPRINT).format(sql.Literal(list(NOT_COMPARED)))
    for name, found in _asked(connection, fingerprint, changed).items():
        _prints[url, name] = versions[name], found
    return {name: _prints[url, name][1] for name in tables}


def _asked(
    connection: psycopg.Connection[Any], what: sql.Composable, tables: Mapping[str, sql.Identifier]
) -> dict[str, str]:
    """Ask each table for an aggregate, all of them in one query."""
    queries = [
        sql.SQL("SELECT {}, {} FROM {} t").format(sql.Literal(name), what, table) for name, table in tables.items()
    ]
    return dict(connection.execute(sql.SQL(" UNION ALL ").join(queries)).fetchall()) if queries else {}


@asynccontextmanager
async def unchanged(server: Server) -> AsyncIterator[None]:
    """See that nothing at all changes in the databases, once what was under way has come to rest."""
    await at_rest(server)
    before = contents(server)
    yield
    after = contents(server)
    assert {table: seen for table, seen in after.items() if seen != before[table]} == {}


def set_clock(server: Server, service: str, interval: str | None) -> None:
    """Move a service's clock by `interval`, such as '6 minutes'; None puts it right again."""
    database, schema = CLOCKS[service]
    later = sql.SQL(" + {}::interval").format(sql.Literal(interval)) if interval else sql.SQL("")
    statement = sql.SQL(
        "CREATE OR REPLACE FUNCTION {}() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE"
        " RETURN clock_timestamp(){}"
    ).format(sql.Identifier(schema, "boxoffice_clock"), later)
    with connected(server, database) as connection:
        connection.execute(statement)


@asynccontextmanager
async def later(server: Server, interval: str, *services: str) -> AsyncIterator[None]:
    """Let it be later for some services; before it ends, what is under way there is waited for.

    A step that were left unfinished would wait for its lease, which ends by the clock that was moved.
    """
    try:
        for service in services:
            set_clock(server, service, interval)
        yield
        await at_rest(server)
    finally:
        for service in services:
            set_clock(server, service, None)


async def at_rest(server: Server, within_seconds: float | None = None) -> None:
    """Wait until no message, saga or refund is under way."""

    async def nothing_is_under_way() -> bool:
        return not under_way(server)

    await eventually(nothing_is_under_way, within_seconds)


def money(server: Server, booking_id: str) -> int:
    """Return what the bank's ledger holds of a booking, in minor units."""
    return int(
        value(
            server,
            "payment",
            "SELECT coalesce(sum(l.amount), 0) FROM bank.ledger l JOIN payments p ON p.session_id = l.session_id"
            " WHERE p.booking_id = %s",
            booking_id,
        )
    )
