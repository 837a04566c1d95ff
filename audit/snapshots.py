"""The services' databases, read as all of them stand at one instant, and what is under way in them then.

A server numbers the transactions of all its databases together: snapshots for which the same transactions are over are
of one instant. Those of databases on several servers, and of tables on several nodes of Citus, are of one only while
nothing is under way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import dict_row

import roster
from audit.errors import AuditError

Reach = Callable[[str], str]
"""Gives the URL by which a database is reached, from its name."""
Connection = psycopg.Connection[dict[str, Any]]
UnderWay = frozenset[tuple[str, str]]
"""What is under way: what it is, and which."""

UNDER_WAY = (
    ("booking", "messages of booking", "SELECT array_agg(id::text) FROM outbox WHERE dead_at IS NULL"),
    (
        "booking",
        "unfinished bookings",
        "SELECT array_agg(id::text) FROM bookings"
        " WHERE state IN ('RESERVING', 'CONFIRMING', 'REFUNDING') AND NOT refund_stuck",
    ),
    (
        "booking",
        "unfinished refunds",
        "SELECT array_agg(id::text) FROM booking_refunds WHERE state = 'PROCESSING' AND NOT stuck",
    ),
    (
        "booking",
        "tickets of bookings of before",
        "SELECT array_agg(id::text) FROM bookings WHERE state = 'CONFIRMED' AND ticket_ids IS NULL",
    ),
    (
        "booking",
        "tickets of refunds of before",
        "SELECT array_agg(id::text) FROM booking_refunds WHERE NOT tickets_revoked",
    ),
    (
        "booking",
        "sweeps of cancelled shows",
        "SELECT array_agg(show_id::text) FROM cancelled_shows WHERE done_at IS NULL",
    ),
    (
        "booking",
        "bookings that follow their shows",
        "SELECT array_agg(show_id::text) FROM show_updates WHERE done_at IS NULL",
    ),
    (
        "inventory",
        "seats of cancelled shows",
        "SELECT array_agg(show_id::text) FROM cancelled_shows WHERE cleared_at IS NULL",
    ),
    (
        "inventory",
        "events that are not in the index yet",
        "SELECT array_agg(id::text) FROM events e WHERE NOT EXISTS (SELECT FROM event_index WHERE event_id = e.id)",
    ),
    (
        "inventory",
        "venues that are not in the index yet",
        "SELECT array_agg(id::text) FROM venues v WHERE NOT EXISTS (SELECT FROM venue_index WHERE venue_id = v.id)",
    ),
    (
        "inventory",
        "events of inventory without a position",
        "SELECT array_agg(id::text) FROM topic_events WHERE position IS NULL",
    ),
    (
        "booking",
        "events of booking without a position",
        "SELECT array_agg(id::text) FROM topic_events WHERE position IS NULL",
    ),
    ("payment", "messages of payment", "SELECT array_agg(id::text) FROM outbox WHERE dead_at IS NULL"),
    (
        "payment",
        "refunds",
        "SELECT array_agg(r.id::text) FROM refunds r JOIN payments p ON p.id = r.payment_id"
        " WHERE r.state = 'REQUESTED' AND p.disputed_amount = 0",
    ),
    (
        "payment",
        "payments at other gateways whose time is up",
        "SELECT array_agg(id::text) FROM payments"
        " WHERE state = 'PENDING' AND gateway <> 'bank' AND expires_at <= boxoffice_clock()",
    ),
    (
        "payment",
        "payments that the bank has to be asked about",
        "SELECT array_agg(p.id::text) FROM payments p JOIN bank.sessions s ON s.id = p.session_id"
        " WHERE p.state = 'PENDING' AND s.status <> 'OPEN'",
    ),
    (
        "payment",
        "webhooks",
        "SELECT array_agg(id) FROM bank.deliveries WHERE delivered_at IS NULL AND dead_at IS NULL",
    ),
    (
        "notifications",
        "facts of shows that bookings are told of",
        "SELECT array_agg(show_id::text) FROM show_facts WHERE told_at IS NULL",
    ),
)
"""What ends by itself if one waits, which dead letters and stuck refunds do not: where it is, what, and which ids."""

READ_TO = "SELECT coalesce(max(read_to), 0) AS read_to FROM topic_progress WHERE consumer = 'show-updates'"
UNREAD = (
    "SELECT array_agg(id::text) FROM topic_events"
    " WHERE topic = 'shows' AND position > %(read_to)s AND kind IN ('UPDATED', 'RESCHEDULED')"
)

TAKEN = """
    SELECT pg_current_snapshot()::text AS taken, concat(inet_server_addr(), ':', inet_server_port()) AS server
"""
HAS_CITUS = "SELECT FROM pg_extension WHERE extname = 'citus'"
PREPARED = """
    SELECT success, result FROM run_command_on_all_nodes($$
        SELECT coalesce(string_agg(gid, ' '), '') FROM pg_prepared_xacts WHERE database = current_database()
    $$)
"""

CONNECT_SECONDS = 5
TRIES = 10
"""How often snapshots are taken in a row until they are of one instant. Every commit on the server may spoil a try."""


@dataclass(frozen=True)
class Snapshots:
    """A connection to each database, in a transaction that sees what `take` took."""

    databases: Mapping[str, Connection]

    def take(self) -> bool:
        """Take a snapshot of each database; return whether they are of one instant, which is tried a few times."""
        return any(self._take() for _ in range(TRIES))

    def under_way(self) -> UnderWay:
        """Return what is under way in the snapshots."""
        found = {("transactions that nodes have prepared", one) for one in self._prepared()}
        for database, what, query in UNDER_WAY:
            [row] = self.databases[database].execute(query.encode()).fetchall()
            found |= {(what, one) for one in row["array_agg"] or ()}
        return frozenset(found | {("events of shows for booking", one) for one in self._unread()})

    def _unread(self) -> list[str]:
        """Return the events of shows that booking has not read yet, by which its bookings follow their shows."""
        [progress] = self.databases["booking"].execute(READ_TO).fetchall()
        [unread] = self.databases["inventory"].execute(UNREAD, progress).fetchall()
        return list(unread["array_agg"] or ())

    def _prepared(self) -> list[str]:
        """Return the transactions that nodes of Citus have prepared and neither committed nor undone yet."""
        connection = self.databases["inventory"]
        if not connection.execute(HAS_CITUS).fetchall():
            return []
        rows = connection.execute(PREPARED).fetchall()
        if any(not row["success"] for row in rows):
            raise AuditError("a node of Citus does not answer: start it first")
        return [one for row in rows for one in row["result"].split()]

    def _take(self) -> bool:
        connections = self.databases.values()
        for connection in connections:
            connection.rollback()
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        # Each transaction's first query is what takes its snapshot.
        taken = [connection.execute(TAKEN).fetchall()[0] for connection in connections]
        first = {row["server"]: row["taken"] for row in reversed(taken)}
        return all(row["taken"] == first[row["server"]] for row in taken)


@contextmanager
def snapshots(reach: Reach) -> Iterator[Snapshots]:
    """Give snapshots of the databases, which are not taken yet; raise AuditError if role `audit` is not known."""
    with ExitStack() as opened:
        connections = {database: opened.enter_context(connected(reach(database))) for database in roster.DATABASES}
        for connection in connections.values():
            connection.autocommit = True
        yield Snapshots(connections)


def connected(url: str) -> Connection:
    """Connect to a database; raise AuditError if role `audit` is not known there."""
    try:
        return psycopg.connect(url, row_factory=dict_row, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise AuditError(
                "the server does not know this password of role `audit`: `make stop` and `make run` make the role "
                "where an earlier version ran, in containers `make up`"
            ) from None
        raise
