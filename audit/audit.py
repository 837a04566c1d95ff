"""The order of an audit: databases copied as they stand at one instant, and every invariant asked of the copies.

They are read by role `audit`, which can write nothing in them, as all of them stand at one instant, and copied into its
scratch database, in a transaction that is undone in the end: however an audit ends, nothing is left of it. One runs at
a time; a second one waits.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

import psycopg
from psycopg import conninfo, sql

import roster
from audit.errors import AuditError
from audit.invariants import ALWAYS, AT_REST, INVARIANTS, Invariant
from audit.snapshots import UNDER_WAY as UNDER_WAY
from audit.snapshots import Connection as Scratch
from audit.snapshots import Reach, Snapshots, UnderWay, connected, snapshots

Say = Callable[[str], None]

DATABASE = "audit"
SOURCES = {
    database: tuple((service.name, service.audited) for service in roster.SERVICES if service.database == database)
    for database in roster.DATABASES
}
"""For each database, what is copied of it: the schema's name here, and there."""
CLOCK = "clock"
"""The table, beside what is copied of each service, that has what its clock says."""
LEFT_OUT = ("alembic_version", "commit_markers", "show_markers")
ANSWER = "answer"
ANSWERED = ("idempotency_keys", "show_idempotency_keys")
"""A column of these tables that is not copied: it may be long, and is no SQL. Instead of it, the copy has what it names
first, `names`, which is what was made: of every method that takes a key, the first id in its answer; and `answered`, as
a key is taken with what it is for, and may have no answer yet."""
NAMED_FIRST = "substring(encode(answer, 'escape') FROM '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')::uuid"
INSTEAD = [("names", "uuid", NAMED_FIRST), ("answered", "boolean", "answer <> ''")]

BROKEN, NEVER_AT_REST = 1, 4
"""Exit codes."""
ONE_AT_A_TIME = 1
"""The advisory lock of an audit."""
OTHER_AUDIT_SECONDS = 600
REST_SECONDS = 30.0
STUCK_SECONDS = 10.0
"""Longer than any lease and any pause between two tries: what has not moved by then is stuck."""
QUIET_SECONDS = 1.0
LOOK_SECONDS = 0.1
EXAMPLES = 10


class Rest(Enum):
    """What came of waiting: nothing is under way; the same things are, from first to last; others are all the time."""

    CAME = "came"
    STUCK = "stuck"
    BUSY = "busy"


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
        type=_seconds,
        default=REST_SECONDS,
        metavar="SECONDS",
        help=f"how long to wait until nothing is under way (default: {REST_SECONDS:g}); what has not moved by then is "
        f"shown as broken, if that is {STUCK_SECONDS:g} s or more",
    )
    parser.add_argument(
        "--always", action="store_true", help="only the invariants that hold at any time, for a system under load"
    )


def reach_by(server: str) -> Reach:
    """Return how databases are reached by the URL of their server; raise AuditError if it is not one."""
    try:
        parts = conninfo.conninfo_to_dict(server)
    except psycopg.ProgrammingError:
        # The reason repeats the URL, in which a password may stand.
        raise AuditError("the server is not a URL like postgresql://audit:password@host:5432") from None
    return lambda database: conninfo.make_conninfo("", **{**parts, "dbname": database})


def run(reach: Reach, *, always: bool = False, wait_seconds: float = REST_SECONDS) -> int:
    """Audit the databases and print what came of it.

    Return 0 if all invariants hold, 1 if one is broken, 4 if those that hold at any time do and the system did not come
    to rest, so that the others could not be asked.
    """
    with scratch(reach, _say) as copies, snapshots(reach) as sources:
        if always:
            sources.take()
        busy = not always and _await_rest(sources, wait_seconds, _say) == Rest.BUSY
        rows = copy(sources, copies)
        audit = Audit(check(copies, ALWAYS if always or busy else INVARIANTS), rows)
    _print_table(audit.results)
    for result in audit.broken:
        print(f"\n{result}")
    print(f"\n{audit.summary}")
    if busy:
        print(f"{len(AT_REST)} others, which hold at rest, were not asked: the system is busy")
    return BROKEN if audit.broken else NEVER_AT_REST if busy else 0


def look(reach: Reach, invariants: Sequence[Invariant] = INVARIANTS, *, wait_seconds: float | None = None) -> Audit:
    """Audit the databases as they are now, and print nothing.

    With `wait_seconds`, wait so long for rest, and if it does not come, ask only what holds at any time.
    """
    with scratch(reach) as copies, snapshots(reach) as sources:
        if wait_seconds is None:
            sources.take()
        elif _await_rest(sources, wait_seconds) != Rest.CAME:
            invariants = ALWAYS
        rows = copy(sources, copies)
        return Audit(check(copies, invariants), rows)


def under_way(reach: Reach) -> dict[str, int]:
    """Count what is under way, by what it is; what there is none of is left out."""
    with snapshots(reach) as sources:
        sources.take()
        return _counted(sources.under_way())


def rest(reach: Reach, seconds: float, say: Say = lambda line: None) -> bool:
    """Wait until nothing is under way; return whether that came within so many seconds."""
    with snapshots(reach) as sources:
        return _await_rest(sources, seconds, say) == Rest.CAME


@contextmanager
def scratch(reach: Reach, say: Say = lambda line: None) -> Iterator[Scratch]:
    """Give a connection to the scratch database, in a transaction that is undone in the end.

    Raises AuditError if role `audit` is not known, or another audit does not end.
    """
    with connected(reach(DATABASE)) as connection:
        try:
            _take_turn(connection, say)
            yield connection
        finally:
            connection.rollback()


def copy(sources: Snapshots, copies: Scratch) -> int:
    """Copy the services' tables as the snapshots have them, and what the clocks say; return how many rows there are."""
    rows = 0
    for database, schemas in SOURCES.items():
        source = sources.databases[database]
        for here, there in schemas:
            copies.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(here)))
            # Read after the snapshot was taken: whatever a snapshot shows has happened by then.
            [clock] = source.execute(
                sql.SQL("SELECT {}() AS now").format(sql.Identifier(there, "boxoffice_clock"))
            ).fetchall()
            copies.execute(
                sql.SQL("CREATE UNLOGGED TABLE {} AS SELECT {}::timestamptz AS now").format(
                    sql.Identifier(here, CLOCK), sql.Literal(clock["now"])
                )
            )
            for table, columns in _tables(source, there).items():
                rows += _copy_table(source, sql.Identifier(there, table), copies, sql.Identifier(here, table), columns)
    return rows


def check(copies: Scratch, invariants: Sequence[Invariant] = INVARIANTS) -> list[Result]:
    """Look at what was copied by each of `invariants`."""
    return [_check(copies, invariant) for invariant in invariants]


def _await_rest(sources: Snapshots, seconds: float, say: Say = lambda line: None) -> Rest:
    """Take snapshots until nothing is under way in them, or for so many seconds; the last ones stay."""
    began = time.monotonic()
    looks: list[UnderWay] = []
    announced = False
    while True:
        at_once, left = sources.take(), sources.under_way()
        if at_once and not left:
            return Rest.CAME
        looks.append(left)
        passed = time.monotonic() - began
        if passed >= seconds:
            break
        if not announced and passed >= QUIET_SECONDS:
            say(f"waiting, at most {seconds:g} s, for what is under way: {_named(left)}")
            announced = True
        time.sleep(LOOK_SECONDS)  # between looks at a condition, so that looking does not hold up what is under way
    if at_once and passed >= STUCK_SECONDS and all(look == left for look in looks):
        say(f"nothing has moved for {passed:.0f} s: {_named(left)}")
        return Rest.STUCK
    stayed = frozenset.intersection(*looks) if len(looks) > 1 else ()
    all_the_time = f"; all that time: {_named(stayed)}" if stayed else ""
    say(f"still under way after {seconds:g} s: {_named(left)}{all_the_time}")
    return Rest.BUSY


def _take_turn(connection: Scratch, say: Say) -> None:
    """Wait until no other audit is running; raise AuditError if that takes too long."""
    [turn] = connection.execute("SELECT pg_try_advisory_xact_lock(%s) AS mine", [ONE_AT_A_TIME]).fetchall()
    if turn["mine"]:
        return
    say("another audit is running: waiting until it is over")
    connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(f"{OTHER_AUDIT_SECONDS}s"))
    try:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
    except psycopg.errors.LockNotAvailable:
        raise AuditError(f"another audit is not over after {OTHER_AUDIT_SECONDS} s: end it first") from None


def _check(copies: Scratch, invariant: Invariant) -> Result:
    counts = sql.SQL(" + ").join(sql.SQL("(SELECT count(*) FROM " + what + ")") for what in invariant.looks_at)
    [counted] = copies.execute(sql.SQL("SELECT {} AS rows").format(counts)).fetchall()
    query = f"SELECT count(*) OVER () AS violations, broken.* FROM ({invariant.sql}) AS broken LIMIT {EXAMPLES}"
    found = copies.execute(query.encode()).fetchall()
    violations = found[0]["violations"] if found else 0
    examples = [{key: value for key, value in row.items() if key != "violations"} for row in found]
    return Result(invariant, counted["rows"], violations, examples)


def _copy_table(
    source: Scratch,
    origin: sql.Identifier,
    copies: Scratch,
    target: sql.Identifier,
    columns: Sequence[tuple[str, str, str]],
) -> int:
    names = sql.SQL(", ").join(sql.Identifier(column) for column, _, _ in columns)
    values = sql.SQL(", ").join(sql.SQL(value) if value else sql.Identifier(column) for column, _, value in columns)
    types = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind, _ in columns
    )
    copies.execute(sql.SQL("CREATE UNLOGGED TABLE {} ({})").format(target, types))
    out = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT BINARY)").format(values, origin)
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(target, names)
    cursor = copies.cursor()
    with source.cursor().copy(out) as reader, cursor.copy(into) as writer:
        for data in reader:
            writer.write(data)
    # So that the planner knows how many rows to join.
    copies.execute(sql.SQL("ANALYZE {}").format(target))
    return cursor.rowcount


def _tables(source: Scratch, schema: str) -> dict[str, list[tuple[str, str, str]]]:
    """Return the tables and views of a schema with their columns: name and type, and what to copy if not themselves."""
    rows = source.execute(
        """
        SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped
            AND c.relname <> ALL (%s)
        ORDER BY c.relname, a.attnum
        """,
        [schema, list(LEFT_OUT)],
    )
    tables: dict[str, list[tuple[str, str, str]]] = {}
    for row in rows:
        is_answer = row["table"] in ANSWERED and row["column"] == ANSWER
        columns = INSTEAD if is_answer else [(row["column"], row["type"], "")]
        tables.setdefault(row["table"], []).extend(columns)
    return tables


def _print_table(results: Sequence[Result]) -> None:
    rows = [("invariant", "rows checked", "violations")]
    rows += [(result.invariant.name, f"{result.checked:,}", f"{result.violations:,}") for result in results]
    width = max(len(name) for name, _, _ in rows)
    for name, checked, violations in rows:
        print(f"{name:<{width}}  {checked:>12}  {violations:>10}")


def _counted(left: UnderWay) -> dict[str, int]:
    return dict(sorted(Counter(what for what, _ in left).items()))


def _named(left: UnderWay) -> str:
    return ", ".join(f"{what} ({count})" for what, count in _counted(left).items()) or "nothing but short transactions"


def _seconds(text: str) -> float:
    """Read an option's number of seconds."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds: give one from 0 up")
    return seconds


def _text(value: Any) -> str:
    return "[" + ", ".join(map(_text, value)) + "]" if isinstance(value, list) else "-" if value is None else str(value)


def _say(line: str) -> None:
    print(line, flush=True)
