"""What must never be otherwise, as SQL: each invariant is a query that returns a row for every fault it finds.

The services' databases are copied into a scratch database, a schema for each service (`inventory`, `booking`,
`payment`, `bank`), each of one snapshot, so that one query can look at all of them. Invariants that are not `at_rest`
look at one database only and hold at any time; those that are hold once nothing is under way any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from stack.postgres import Server

SOURCES = {"inventory": (("inventory", "public"),), "booking": (("booking", "public"),)} | {
    "payment": (("payment", "public"), ("bank", "bank"))
}
"""For each database, what is copied of it: the schema's name here, and there."""

LEFT_OUT = ("alembic_version", "commit_markers", "idempotency_keys")
MAX_SEATS_PER_USER = 6

_numbers = count()


@dataclass(frozen=True)
class Invariant:
    """A rule: its name, why it must hold, and the query for what breaks it."""

    name: str
    why: str
    sql: str
    at_rest: bool = False


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold, and some of the rows that show it."""

    invariant: Invariant
    rows: Sequence[dict[str, Any]]

    def __str__(self) -> str:
        shown = "\n".join(f"    {row}" for row in self.rows)
        return f"{self.invariant.name}: {self.invariant.why}\n{shown}"


ALWAYS = (
    Invariant(
        "claimed-seats-have-their-reservation",
        "a seat that is RESERVED or BOOKED belongs to a live claim of that booking and user, on that very seat",
        """
        SELECT s.show_id, s.id AS seat_id, s.status, s.booking_id, r.state
        FROM inventory.show_seats s
        LEFT JOIN inventory.reservations r ON r.show_id = s.show_id AND r.booking_id = s.booking_id
        WHERE s.booking_id IS NOT NULL AND (
            r.booking_id IS NULL
            OR r.state <> CASE s.status WHEN 'RESERVED' THEN 'RESERVED' ELSE 'CONFIRMED' END
            OR r.user_id IS DISTINCT FROM s.holder_id
            OR (s.status = 'RESERVED' AND r.expires_at <> s.expires_at)
            OR s.id <> ALL (r.seat_ids)
        )
        """,
    ),
    Invariant(
        "reservations-have-all-their-seats",
        "a claim that is RESERVED or CONFIRMED has every one of its seats: all or none",
        """
        SELECT r.show_id, r.booking_id, r.state, wanted.seat_id, s.status, s.booking_id AS seat_booking_id
        FROM inventory.reservations r CROSS JOIN unnest(r.seat_ids) AS wanted (seat_id)
        LEFT JOIN inventory.show_seats s ON s.show_id = r.show_id AND s.id = wanted.seat_id
        WHERE r.state IN ('RESERVED', 'CONFIRMED') AND s.booking_id IS DISTINCT FROM r.booking_id
        """,
    ),
    Invariant(
        "seat-limit",
        "nobody has more seats of a show than a user may have, held, reserved and booked together",
        """
        SELECT show_id, holder_id, count(*) AS seats
        FROM inventory.show_seats
        WHERE holder_id IS NOT NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())
        GROUP BY show_id, holder_id HAVING count(*) > %(max_seats_per_user)s
        """,
    ),
    Invariant(
        "gapless-numbers",
        "the changes of a show that are remembered have numbers without gaps, up to the show's own",
        """
        SELECT c.show_id, c.sequence, min(h.sequence) AS first, max(h.sequence) AS last,
            count(DISTINCT h.sequence) AS numbers
        FROM inventory.seat_changes h LEFT JOIN inventory.show_counters c USING (show_id)
        GROUP BY c.show_id, c.sequence
        HAVING c.sequence IS DISTINCT FROM max(h.sequence)
            OR count(DISTINCT h.sequence) <> max(h.sequence) - min(h.sequence) + 1
        """,
    ),
    Invariant(
        "last-change-is-what-the-seat-is",
        "the last change of a seat that is remembered says what its row says: no seat changes without a number",
        """
        SELECT s.show_id, s.id AS seat_id, s.status, s.expires_at, h.status AS told, h.expires_at AS told_expires_at
        FROM (
            SELECT DISTINCT ON (show_id, seat_id) * FROM inventory.seat_changes
            ORDER BY show_id, seat_id, sequence DESC
        ) AS h JOIN inventory.show_seats s ON s.show_id = h.show_id AND s.id = h.seat_id
        WHERE (h.status, h.expires_at) IS DISTINCT FROM (s.status, s.expires_at)
        """,
    ),
    Invariant(
        "a-seat-is-sold-once",
        "no seat of a show belongs to two CONFIRMED bookings",
        """
        SELECT b.show_id, s.seat_id, array_agg(b.id) AS bookings
        FROM booking.bookings b JOIN booking.booking_seats s ON s.booking_id = b.id
        WHERE b.state = 'CONFIRMED'
        GROUP BY b.show_id, s.seat_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "the-price-is-that-of-the-seats",
        "a booking costs what its seats cost when they were reserved",
        """
        SELECT b.id AS booking_id, b.total_amount, sum(s.price) AS seats
        FROM booking.bookings b JOIN booking.booking_seats s ON s.booking_id = b.id
        GROUP BY b.id, b.total_amount HAVING b.total_amount <> sum(s.price)
        """,
    ),
    Invariant(
        "refunds-stay-within-the-capture",
        "the bank never gives back more than it took, and counts what it gave back",
        """
        SELECT s.id AS session_id, s.status, s.amount, s.refunded_amount, coalesce(sum(l.amount), 0) AS net
        FROM bank.sessions s LEFT JOIN bank.ledger l ON l.session_id = s.id
        GROUP BY s.id, s.status, s.amount, s.refunded_amount
        HAVING coalesce(sum(l.amount), 0) < 0
            OR coalesce(sum(l.amount), 0) <> CASE s.status WHEN 'CAPTURED' THEN s.amount - s.refunded_amount ELSE 0 END
        """,
    ),
    Invariant(
        "payments-count-their-refunds",
        "what a payment says it gave back is the sum of its refunds that succeeded, and all refunds fit into it",
        """
        SELECT p.id AS payment_id, p.state, p.amount, p.refunded_amount,
            coalesce(sum(r.amount) FILTER (WHERE r.state = 'SUCCEEDED'), 0) AS succeeded,
            coalesce(sum(r.amount), 0) AS asked
        FROM payment.payments p LEFT JOIN payment.refunds r ON r.payment_id = p.id
        GROUP BY p.id, p.state, p.amount, p.refunded_amount
        HAVING coalesce(sum(r.amount) FILTER (WHERE r.state = 'SUCCEEDED'), 0) <> p.refunded_amount
            OR coalesce(sum(r.amount), 0) > p.amount
        """,
    ),
    Invariant(
        "a-payment-never-regresses",
        "a payment says that money was taken only if the bank's ledger does, and nothing less once it knows",
        """
        SELECT p.id AS payment_id, p.state, s.status
        FROM payment.payments p LEFT JOIN bank.sessions s ON s.id = p.session_id
        WHERE p.state IN ('SUCCESS', 'REFUNDED', 'PARTIALLY_REFUNDED') AND s.status IS DISTINCT FROM 'CAPTURED'
        """,
    ),
    Invariant(
        "sessions-are-what-payments-asked-for",
        "every session at the bank is for a payment that was committed before, over the same amount",
        """
        SELECT s.id AS session_id, s.payment_id, s.amount, s.currency, p.amount AS asked, p.currency AS asked_currency
        FROM bank.sessions s LEFT JOIN payment.payments p ON p.session_id = s.id
        WHERE (p.id, p.amount, p.currency) IS DISTINCT FROM (s.payment_id, s.amount, s.currency)
        """,
    ),
)

AT_REST = (
    Invariant(
        "no-saga-is-unfinished",
        "every booking has come to a state that callers can see, but for refunds shown as stuck",
        """
        SELECT id AS booking_id, state, lease_until FROM booking.bookings
        WHERE state IN ('RESERVING', 'CONFIRMING', 'REFUNDING') AND NOT refund_stuck
        """,
        at_rest=True,
    ),
    Invariant(
        "nothing-is-left-to-tell",
        "every message of an outbox and every webhook of the bank has been delivered, none is a dead letter",
        """
        SELECT 'booking' AS sender, id::text, topic, attempts, dead_reason AS error FROM booking.outbox
        UNION ALL SELECT 'payment', id::text, topic, attempts, dead_reason FROM payment.outbox
        UNION ALL SELECT 'bank', id, type, attempts, last_error FROM bank.deliveries WHERE delivered_at IS NULL
        """,
        at_rest=True,
    ),
    Invariant(
        "no-refund-is-under-way",
        "every refund that was accepted has been carried out, but for those shown as stuck",
        "SELECT id AS refund_id, payment_id, cause, amount, attempts FROM payment.refunds WHERE state = 'REQUESTED'",
        at_rest=True,
    ),
    Invariant(
        "booked-seats-are-those-of-confirmed-bookings",
        "every BOOKED seat belongs to a CONFIRMED booking that names it, and every such booking has all its seats",
        """
        SELECT coalesce(s.show_id, c.show_id) AS show_id, coalesce(s.id, c.seat_id) AS seat_id,
            s.booking_id AS booked_by, c.booking_id AS confirmed_for
        FROM (SELECT * FROM inventory.show_seats WHERE status = 'BOOKED') AS s
        FULL JOIN (
            SELECT b.show_id, b.id AS booking_id, bs.seat_id
            FROM booking.bookings b LEFT JOIN booking.booking_seats bs ON bs.booking_id = b.id
            WHERE b.state = 'CONFIRMED'
        ) AS c ON (c.show_id, c.booking_id, c.seat_id) = (s.show_id, s.booking_id, s.id)
        WHERE s.id IS NULL OR c.seat_id IS NULL
        """,
        at_rest=True,
    ),
    Invariant(
        "claims-follow-bookings",
        "inventory remembers of every claim what became of its booking, and no claim is alive without one",
        """
        SELECT coalesce(b.id, r.booking_id) AS booking_id, b.state, b.total_amount, r.state AS claim
        FROM booking.bookings b FULL JOIN inventory.reservations r ON (r.show_id, r.booking_id) = (b.show_id, b.id)
        WHERE NOT CASE b.state
            WHEN 'PENDING' THEN r.state IN ('RESERVED', 'RELEASED')
            WHEN 'CONFIRMED' THEN r.state = 'CONFIRMED'
            WHEN 'EXPIRED' THEN r.state IN ('RELEASED', 'REFUSED')
            WHEN 'CANCELLED' THEN r.state = 'REFUSED'
            WHEN 'REFUNDING' THEN r.state IN ('CONFIRMED', 'REFUSED')
            WHEN 'REFUNDED' THEN r.state = 'REFUSED'
            ELSE b.id IS NULL AND r.state = 'REFUSED'
        END IS TRUE
        """,
        at_rest=True,
    ),
    Invariant(
        "no-money-without-a-ticket",
        "the bank's ledger holds of each booking its price if it is CONFIRMED, what was kept if it is REFUNDED, "
        "and nothing otherwise",
        """
        WITH held AS (
            SELECT p.booking_id, sum(l.amount) AS net
            FROM bank.ledger l JOIN bank.sessions s ON s.id = l.session_id
            LEFT JOIN payment.payments p ON p.id = s.payment_id
            GROUP BY p.booking_id
        )
        SELECT coalesce(b.id, h.booking_id) AS booking_id, b.state, b.total_amount, b.refund_amount, h.net
        FROM booking.bookings b FULL JOIN held h ON h.booking_id = b.id
        WHERE b.refund_stuck IS NOT TRUE AND coalesce(h.net, 0) <> CASE b.state
            WHEN 'CONFIRMED' THEN b.total_amount
            WHEN 'REFUNDED' THEN b.total_amount - b.refund_amount
            ELSE 0
        END
        """,
        at_rest=True,
    ),
    Invariant(
        "one-capture-is-kept",
        "no booking keeps the money of two payments",
        """
        SELECT p.booking_id, count(*) AS kept
        FROM payment.payments p JOIN bank.sessions s ON s.id = p.session_id
        WHERE s.status = 'CAPTURED' AND s.refunded_amount < s.amount
        GROUP BY p.booking_id HAVING count(*) > 1
        """,
        at_rest=True,
    ),
    Invariant(
        "payment-sees-what-the-bank-did",
        "a payment's state is that of its session, and it gave back what the bank gave back",
        """
        SELECT p.id AS payment_id, p.state, p.refunded_amount, s.status, s.refunded_amount AS bank_refunded_amount
        FROM payment.payments p JOIN bank.sessions s ON s.id = p.session_id
        WHERE p.refunded_amount <> s.refunded_amount OR p.state <> CASE s.status
            WHEN 'OPEN' THEN 'PENDING'
            WHEN 'DECLINED' THEN 'FAILED'
            WHEN 'CLOSED' THEN 'FAILED'
            WHEN 'EXPIRED' THEN 'EXPIRED'
            WHEN 'CAPTURED' THEN CASE
                WHEN s.refunded_amount = 0 THEN 'SUCCESS'
                WHEN s.refunded_amount < s.amount THEN 'PARTIALLY_REFUNDED'
                ELSE 'REFUNDED'
            END
        END
        """,
        at_rest=True,
    ),
    Invariant(
        "booking-heard-of-every-capture",
        "what booking knows of captured money is what the bank took, and each is settled",
        """
        SELECT coalesce(c.session_id, l.session_id) AS session_id, c.booking_id, c.settlement,
            c.amount AS known, l.amount AS taken
        FROM booking.captures c
        FULL JOIN (SELECT * FROM bank.ledger WHERE kind = 'CAPTURE') AS l ON l.session_id = c.session_id
        WHERE (c.amount, c.currency) IS DISTINCT FROM (l.amount, l.currency) OR c.settlement = 'CONFIRM'
        """,
        at_rest=True,
    ),
    Invariant(
        "ended-bookings-cannot-be-paid",
        "no checkout session is open for a booking that was cancelled, confirmed or refunded",
        """
        SELECT b.id AS booking_id, b.state, s.id AS session_id
        FROM booking.bookings b
        JOIN payment.payments p ON p.booking_id = b.id
        JOIN bank.sessions s ON s.id = p.session_id
        WHERE b.state IN ('CANCELLED', 'CONFIRMED', 'REFUNDING', 'REFUNDED') AND s.status = 'OPEN'
            AND s.expires_at > clock_timestamp()
        """,
        at_rest=True,
    ),
)

INVARIANTS = ALWAYS + AT_REST


@contextmanager
def collected(server: Server) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """Copy the services' databases of `server` into a scratch database; give a connection to it."""
    name = f"audit_{next(_numbers)}"
    url = server.create_database(name)
    try:
        with psycopg.connect(url, row_factory=dict_row) as scratch:
            for database, schemas in SOURCES.items():
                _copy(server.url(database), schemas, scratch)
            scratch.commit()
            yield scratch
    finally:
        server.drop_database(name)


def violations(
    scratch: psycopg.Connection[dict[str, Any]], invariants: Sequence[Invariant] = INVARIANTS
) -> list[Violation]:
    """Return those of `invariants` that do not hold in what was collected."""
    parameters = {"max_seats_per_user": MAX_SEATS_PER_USER}
    found = [
        Violation(invariant, scratch.execute(invariant.sql.encode(), parameters).fetchmany(10))
        for invariant in invariants
    ]
    return [violation for violation in found if violation.rows]


def audit(server: Server, invariants: Sequence[Invariant] = INVARIANTS) -> list[Violation]:
    """Return those of `invariants` that do not hold in the services' databases of `server`."""
    with collected(server) as scratch:
        return violations(scratch, invariants)


def _copy(url: str, schemas: Sequence[tuple[str, str]], scratch: psycopg.Connection[Any]) -> None:
    """Copy the tables of some schemas of a database, as they stand at one instant."""
    with psycopg.connect(url) as source:
        source.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        source.read_only = True
        for here, there in schemas:
            scratch.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(here)))
            for table, columns in _tables(source, there).items():
                names = sql.SQL(", ").join(sql.Identifier(column) for column, _ in columns)
                types = sql.SQL(", ").join(
                    sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in columns
                )
                target, origin = sql.Identifier(here, table), sql.Identifier(there, table)
                scratch.execute(sql.SQL("CREATE UNLOGGED TABLE {} ({})").format(target, types))
                out = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT BINARY)").format(names, origin)
                into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(target, names)
                with source.cursor().copy(out) as reader, scratch.cursor().copy(into) as writer:
                    for data in reader:
                        writer.write(data)


def _tables(source: psycopg.Connection[Any], schema: str) -> dict[str, list[tuple[str, str]]]:
    """Return the tables of a schema with their columns and types."""
    rows = source.execute(
        """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
            AND c.relname <> ALL (%s)
        ORDER BY c.relname, a.attnum
        """,
        [schema, list(LEFT_OUT)],
    )
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in rows:
        tables.setdefault(table, []).append((column, kind))
    return tables
