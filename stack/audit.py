"""The audit: whether the services' databases, taken together, are as they must be. `python -m stack audit` runs it.

They are read by role `audit`, which can write nothing in them, and copied into its scratch database, in a transaction
that is undone in the end: however an audit ends, nothing is left of it. One runs at a time; a second one waits.

It is one of the few modules here that the services' image has: there it is `python -m stack.audit`.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import conninfo, sql
from psycopg.rows import dict_row

from stack import settings as configuration
from stack.errors import StackError
from stack.invariants import ALWAYS, INVARIANTS, Invariant

Reach = Callable[[str], str]
"""Gives the URL by which a database is reached, from its name."""
Say = Callable[[str], None]
Scratch = psycopg.Connection[dict[str, Any]]

DATABASE = "audit"
SOURCES = {
    "inventory": (("inventory", "public"),),
    "booking": (("booking", "public"),),
    "payment": (("payment", "public"), ("bank", "bank")),
}
"""For each database, what is copied of it: the schema's name here, and there."""
LEFT_OUT = ("alembic_version", "commit_markers", "idempotency_keys")

UNDER_WAY = (
    ("booking", "messages of booking", "SELECT count(*) FROM outbox WHERE dead_at IS NULL"),
    (
        "booking",
        "unfinished bookings",
        "SELECT count(*) FROM bookings WHERE state IN ('RESERVING', 'CONFIRMING', 'REFUNDING') AND NOT refund_stuck",
    ),
    ("payment", "messages of payment", "SELECT count(*) FROM outbox WHERE dead_at IS NULL"),
    ("payment", "refunds", "SELECT count(*) FROM refunds WHERE state = 'REQUESTED'"),
    (
        "payment",
        "payments that the bank has to be asked about",
        "SELECT count(*) FROM payments p JOIN bank.sessions s ON s.id = p.session_id"
        " WHERE p.state = 'PENDING' AND s.status <> 'OPEN'",
    ),
    (
        "payment",
        "webhooks",
        "SELECT count(*) FROM bank.deliveries WHERE delivered_at IS NULL AND dead_at IS NULL",
    ),
)
"""What ends by itself if one waits, which dead letters and stuck refunds do not: where it is, what, how to count it."""

ONE_AT_A_TIME = 1
"""The advisory lock of an audit."""
CONNECT_SECONDS = 5
OTHER_AUDIT_SECONDS = 600
REST_SECONDS = 30.0
QUIET_SECONDS = 1.0
LOOK_SECONDS = 0.1
EXAMPLES = 10


@dataclass(frozen=True)
class Result:
    """What came of an invariant: how many rows it is about, how many break it, and some of these."""

    invariant: Invariant
    checked: int
    violations: int
    examples: Sequence[Mapping[str, Any]]

    def __str__(self) -> str:
        shown = "\n".join(
            "    " + "  ".join(f"{key}={_text(value)}" for key, value in row.items()) for row in self.examples
        )
        more = self.violations - len(self.examples)
        return f"{self.invariant.name}: {self.invariant.why}\n{shown}" + (f"\n    and {more:,} more" if more else "")


@dataclass(frozen=True)
class Audit:
    """What came of all invariants, and how many rows were copied for them."""

    results: Sequence[Result]
    rows: int

    @property
    def broken(self) -> list[Result]:
        return [result for result in self.results if result.violations]

    @property
    def summary(self) -> str:
        count = len(self.results)
        if self.broken:
            return f"{len(self.broken)} of {count} invariants {'is' if len(self.broken) == 1 else 'are'} broken"
        return f"{count} invariants hold over {self.rows:,} rows"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the audit's options, but for where the databases are."""
    parser.add_argument(
        "--wait",
        type=float,
        default=REST_SECONDS,
        metavar="SECONDS",
        help=f"how long to wait until nothing is under way (default: {REST_SECONDS:g})",
    )
    parser.add_argument(
        "--always", action="store_true", help="only the invariants that hold at any time, for a system under load"
    )


def reach_by(server: str) -> Reach:
    """Return how databases are reached by the URL of their server; raise StackError if it is not one."""
    try:
        parts = conninfo.conninfo_to_dict(server)
    except psycopg.ProgrammingError:
        # The reason repeats the URL, in which a password may stand.
        raise StackError("the server is not a URL like postgresql://audit:password@host:5432") from None
    return lambda database: conninfo.make_conninfo("", **{**parts, "dbname": database})


def run(
    reach: Reach,
    *,
    max_seats_per_user: int,
    always: bool = False,
    wait_seconds: float = REST_SECONDS,
) -> int:
    """Audit the databases and print what came of it; return 0 if all invariants hold, 1 if one is broken."""
    invariants = ALWAYS if always else INVARIANTS
    with scratch(reach, _say) as copies:
        if not always:
            rest(reach, wait_seconds, _say)
        rows = copy(reach, copies)
        audit = Audit(check(copies, invariants, max_seats_per_user), rows)
    _print_table(audit.results)
    for result in audit.broken:
        print(f"\n{result}")
    print(f"\n{audit.summary}")
    return 1 if audit.broken else 0


def look(reach: Reach, invariants: Sequence[Invariant] = INVARIANTS, max_seats_per_user: int = 6) -> Audit:
    """Audit the databases as they are now, and print nothing."""
    with scratch(reach) as copies:
        rows = copy(reach, copies)
        return Audit(check(copies, invariants, max_seats_per_user), rows)


def under_way(reach: Reach) -> dict[str, int]:
    """Count what is under way, by what it is; what there is none of is left out."""
    with _looking(reach) as counts:
        return counts()


def rest(reach: Reach, seconds: float, say: Say = lambda line: None) -> bool:
    """Wait until nothing is under way; return whether that came within so many seconds."""
    began = time.monotonic()
    told = False
    with _looking(reach) as counts:
        while left := counts():
            passed = time.monotonic() - began
            if passed >= seconds:
                say(f"still under way after {seconds:g} s: {_named(left)}")
                return False
            if not told and passed >= QUIET_SECONDS:
                say(f"waiting, at most {seconds:g} s, for what is under way: {_named(left)}")
                told = True
            time.sleep(LOOK_SECONDS)
    return True


@contextmanager
def scratch(reach: Reach, say: Say = lambda line: None) -> Iterator[Scratch]:
    """Give a connection to the scratch database, in a transaction that is undone in the end.

    Raises StackError if role `audit` is not known, or another audit does not end.
    """
    with _connected(reach(DATABASE)) as connection:
        try:
            _take_turn(connection, say)
            yield connection
        finally:
            connection.rollback()


def copy(reach: Reach, copies: Scratch) -> int:
    """Copy the services' tables, those of a database as they stand at one instant; return how many rows they have."""
    rows = 0
    for database, schemas in SOURCES.items():
        with _connected(reach(database)) as source:
            source.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            source.read_only = True
            for here, there in schemas:
                copies.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(here)))
                for table, columns in _tables(source, there).items():
                    rows += _copy_table(
                        source, sql.Identifier(there, table), copies, sql.Identifier(here, table), columns
                    )
    return rows


def check(copies: Scratch, invariants: Sequence[Invariant] = INVARIANTS, max_seats_per_user: int = 6) -> list[Result]:
    """Look at what was copied by each of `invariants`."""
    return [_check(copies, invariant, max_seats_per_user) for invariant in invariants]


def _take_turn(connection: Scratch, say: Say) -> None:
    """Wait until no other audit is running; raise StackError if that takes too long."""
    [turn] = connection.execute("SELECT pg_try_advisory_xact_lock(%s) AS mine", [ONE_AT_A_TIME]).fetchall()
    if turn["mine"]:
        return
    say("another audit is running: waiting until it is over")
    connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(f"{OTHER_AUDIT_SECONDS}s"))
    try:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
    except psycopg.errors.LockNotAvailable:
        raise StackError(f"another audit is not over after {OTHER_AUDIT_SECONDS} s: end it first") from None


def _check(copies: Scratch, invariant: Invariant, max_seats_per_user: int) -> Result:
    counts = sql.SQL(" + ").join(sql.SQL("(SELECT count(*) FROM " + what + ")") for what in invariant.looks_at)
    [counted] = copies.execute(sql.SQL("SELECT {} AS rows").format(counts)).fetchall()
    query = f"SELECT count(*) OVER () AS violations, broken.* FROM ({invariant.sql}) AS broken LIMIT {EXAMPLES}"
    found = copies.execute(query.encode(), {"max_seats_per_user": max_seats_per_user}).fetchall()
    violations = found[0]["violations"] if found else 0
    examples = [{key: value for key, value in row.items() if key != "violations"} for row in found]
    return Result(invariant, counted["rows"], violations, examples)


def _copy_table(
    source: Scratch,
    origin: sql.Identifier,
    copies: Scratch,
    target: sql.Identifier,
    columns: Sequence[tuple[str, str]],
) -> int:
    names = sql.SQL(", ").join(sql.Identifier(column) for column, _ in columns)
    types = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in columns
    )
    copies.execute(sql.SQL("CREATE UNLOGGED TABLE {} ({})").format(target, types))
    out = sql.SQL("COPY {} ({}) TO STDOUT (FORMAT BINARY)").format(origin, names)
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(target, names)
    cursor = copies.cursor()
    with source.cursor().copy(out) as reader, cursor.copy(into) as writer:
        for data in reader:
            writer.write(data)
    # So that the planner knows how many rows to join.
    copies.execute(sql.SQL("ANALYZE {}").format(target))
    return cursor.rowcount


def _tables(source: Scratch, schema: str) -> dict[str, list[tuple[str, str]]]:
    """Return the tables of a schema with their columns and types."""
    rows = source.execute(
        """
        SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
            AND c.relname <> ALL (%s)
        ORDER BY c.relname, a.attnum
        """,
        [schema, list(LEFT_OUT)],
    )
    tables: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        tables.setdefault(row["table"], []).append((row["column"], row["type"]))
    return tables


@contextmanager
def _looking(reach: Reach) -> Iterator[Callable[[], dict[str, int]]]:
    """Give a function that counts what is under way."""
    with ExitStack() as opened:
        databases = {database for database, _, _ in UNDER_WAY}
        connections = {database: opened.enter_context(_connected(reach(database))) for database in databases}
        for connection in connections.values():
            connection.autocommit = True

        def counts() -> dict[str, int]:
            found = {}
            for database, what, query in UNDER_WAY:
                [row] = connections[database].execute(query.encode()).fetchall()
                found[what] = row["count"]
            return {what: count for what, count in found.items() if count}

        yield counts


def _connected(url: str) -> Scratch:
    try:
        return psycopg.connect(url, row_factory=dict_row, connect_timeout=CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise StackError(
                "the server does not know this password of role `audit`: `make stop` and `make run` make the role "
                "where an earlier version ran, in containers `make up`"
            ) from None
        raise


def _print_table(results: Sequence[Result]) -> None:
    rows = [("invariant", "rows checked", "violations")]
    rows += [(result.invariant.name, f"{result.checked:,}", f"{result.violations:,}") for result in results]
    width = max(len(name) for name, _, _ in rows)
    for name, checked, violations in rows:
        print(f"{name:<{width}}  {checked:>12}  {violations:>10}")


def _named(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def _text(value: Any) -> str:
    return "[" + ", ".join(map(_text, value)) + "]" if isinstance(value, list) else "-" if value is None else str(value)


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    """Audit the databases of a server: the services' image has no other verb of the stack."""
    parser = argparse.ArgumentParser(prog="python -m stack.audit", description="Audit Boxoffice's databases.")
    parser.add_argument("--server", required=True, metavar="URL", help="postgresql://audit:password@host:port")
    add_options(parser)
    arguments = parser.parse_args()
    try:
        code = run(
            reach_by(arguments.server),
            max_seats_per_user=configuration.load().max_seats_per_user,
            always=arguments.always,
            wait_seconds=arguments.wait,
        )
    except (StackError, psycopg.Error) as error:
        sys.exit(f"boxoffice: {' '.join(str(error).split())}")
    sys.exit(code)


if __name__ == "__main__":
    main()
