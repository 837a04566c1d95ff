"""Connections to PostgreSQL: what is asked of each, and a look at whether it was given.

A pooler or a managed database may drop what a connection asks for and say nothing. Without their limits, statements
would wait for ever; on changing sessions, every second call would fail. So a service examines its database before it
starts, and every new connection is looked at before it is used.
"""

import asyncio
import logging
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors as pg
from psycopg.rows import tuple_row

from services.chassis.errors import FailedPrecondition, Failure, Unavailable

# The innermost wait gives up first: lock < statement < request.
LOCK_TIMEOUT_MS = 2_000
STATEMENT_TIMEOUT_MS = 4_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 5_000
TRANSACTION_TIMEOUT_MS = 8_000
"""Ends what no other limit does: a client that froze between statements of a pipeline is not idle to the server."""

BY_INDEX = {"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
"""Rows are found one by one, by an index where one fits. A plan that was made while a table was small, or before
anybody counted its rows, would read it or an index of it from front to back, and be kept while it grows."""

ONE_PLAN = "force_generic_plan"
"""A statement is planned once for a connection, whatever its values are. PostgreSQL by itself (`auto`) plans it anew
each time that a plan for these values looks cheaper, and it takes each list for one of ten: a third of its time for a
ticket went there."""

ASKED = {
    "lock_timeout": str(LOCK_TIMEOUT_MS),
    "statement_timeout": str(STATEMENT_TIMEOUT_MS),
    "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_MS),
    "transaction_timeout": str(TRANSACTION_TIMEOUT_MS),
    # Whoever has waited for a lock has to see in the next statement what was committed meanwhile.
    "default_transaction_isolation": "read committed",
    "TimeZone": "UTC",
    "plan_cache_mode": ONE_PLAN,
    **BY_INDEX,
}
"""What every connection asks for, as LOOK spells it."""

OLDEST = 17
"""PostgreSQL's first version that knows transaction_timeout."""

OPEN_SECONDS = 10.0
PAUSE_SECONDS = 0.5
SECOND_CONNECTION_SECONDS = 3
PAGE = "see “Poolers and managed databases” in docs/operations.md"

LOOK = """
    SELECT name, CASE WHEN right(name, 8) = '_timeout'
        THEN (extract(epoch FROM current_setting(name, true)::interval) * 1000)::bigint::text
        ELSE current_setting(name, true) END
    FROM unnest(%s::text[]) AS asked (name)
    UNION ALL SELECT 'pid', pg_backend_pid()::text UNION ALL SELECT 'standby', pg_is_in_recovery()::text
"""
"""What settings are, time-outs in milliseconds. pg_settings says it too, and looks at all there are: a millisecond of
every new connection."""
LOOKED_AT = ("synchronous_commit", "transaction_read_only")
PID = "SELECT pg_backend_pid()"
SET = "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS setting (name, value)"
VERSION = "SELECT version_num FROM alembic_version"

TRANSACTIONS = (
    "The pooler in front of the database gives a connection's statements to different sessions (transaction mode): "
    f"set its pool_mode to session, or connect to PostgreSQL itself: {PAGE}."
)
NONE_LEFT = (
    "The database has no connection left: raise its max_connections (a pooler: its pool's size), or lower "
    f"DATABASE_POOL_SIZE: {PAGE}."
)

log = logging.getLogger(__name__)

_REFUSALS = (
    (
        r"unsupported startup parameter",
        "The pooler in front of the database refuses the startup parameter `options`: connect to PostgreSQL itself, or "
        f"let the pooler ignore it and set the limits by ALTER ROLE: {PAGE}.",
    ),
    (
        r"unrecognized configuration parameter .?transaction_timeout",
        f"The database is older than PostgreSQL {OLDEST}, which Boxoffice needs: upgrade it.",
    ),
    (
        r"(password|SASL) authentication failed|no password supplied|role .* does not exist|no such user",
        "The database does not know this role with this password: check both in DATABASE_URL.",
    ),
    (
        r"database .* does not exist|no such database",
        "There is no such database: check its name in DATABASE_URL, or make it: `python -m databases`.",
    ),
    (r"permission denied for database", "This role may not connect to this database: check both in DATABASE_URL."),
    (
        r"no pg_hba.conf entry .*, SSL encryption",
        "The database lets this role in from here neither with TLS nor without: add a line to its pg_hba.conf.",
    ),
    (
        r"no pg_hba.conf entry .*no encryption|(SSL|TLS) (connection )?(is )?required|SSL off",
        "The database takes no connection without TLS: add sslmode=verify-full and sslrootcert=… to DATABASE_URL.",
    ),
    (
        r"does not support SSL, but SSL was required",
        "The database has no TLS, and sslmode in DATABASE_URL demands it: turn it on there, or lower sslmode.",
    ),
)
"""What will not pass by itself, by the server's words, and what to do. A server that speaks another language than
English is quoted instead."""

_FULL = re.compile(r"too many (clients|connections)|remaining connection slots|no more connections allowed")


def options(asked: Mapping[str, str] = ASKED) -> str:
    """Return a connection's startup options, in libpq's spelling."""
    return " ".join(f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in asked.items())


async def examine(url: str, asked: Mapping[str, str] = ASKED, *, seconds: float = OPEN_SECONDS) -> None:
    """Connect as a service does, and raise what is in the way of using this database, in words.

    What may pass by itself, such as a server that is starting, is waited for so long.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            async with await _connect(url, asked) as one:
                pid = await look(one, asked)
                # PostgreSQL says at the start of a connection which process serves it; a pooler makes a number up.
                if pid != one.info.backend_pid:
                    await _see_that_sessions_stay(one, url, asked)
            return
        except psycopg.Error as error:
            failure = explained(error)
            if isinstance(failure, FailedPrecondition) or time.monotonic() >= end:
                raise failure from error
            await asyncio.sleep(PAUSE_SECONDS)


async def examine_schema(url: str, service: str, newest: str) -> None:
    """Raise FailedPrecondition if the database has not been brought to a service's newest migration.

    A newer one is what code from before meets while a rollout goes on: it is said in the log.
    """
    migrate = f"run `python -m services.{service} migrate` first."
    try:
        version = await _schema_version(url)
    except pg.InsufficientPrivilege:
        raise FailedPrecondition(
            "This role may not use the tables in its database: let DATABASE_URL name the role that they were made "
            "for, or grant it what `python -m databases` does."
        ) from None
    if not version:
        raise FailedPrecondition(f"The database has no tables yet: {migrate}")
    if version < newest:
        raise FailedPrecondition(f"The database's tables are of version {version}, and {newest} is needed: {migrate}")
    if version > newest:
        log.warning("the database's tables are of version %s, newer than this code, which knows %s", version, newest)


async def has_schema(url: str, version: str) -> bool:
    """Tell whether a migration is the last that the database was brought to, as far as this role may know."""
    with suppress(pg.InsufficientPrivilege):
        return await _schema_version(url) == version
    return False


async def look(connection: psycopg.AsyncConnection[Any], asked: Mapping[str, str] = ASKED) -> int:
    """Return the process that serves a new connection; raise FailedPrecondition if it is not what was asked for."""
    cursor = psycopg.AsyncCursor(connection, row_factory=tuple_row)
    # Not as a prepared statement: a session that another connection left may have one of that name.
    await cursor.execute(LOOK, [[*asked, *LOOKED_AT]], prepare=False)
    found: dict[str, str] = dict(await cursor.fetchall())
    judge(connection.info.server_version, found, asked)
    return int(found["pid"])


def judge(version: int, found: Mapping[str, str], asked: Mapping[str, str] = ASKED) -> None:
    """Raise FailedPrecondition if a connection, as it was found, cannot be used."""
    if version < OLDEST * 10_000:
        raise FailedPrecondition(
            f"The database is PostgreSQL {version // 10_000}, and Boxoffice needs {OLDEST} or newer: upgrade it."
        )
    if found["standby"] == "true":
        raise FailedPrecondition(
            "The database is a standby, which only reads: let DATABASE_URL name the primary, or promote this one."
        )
    if found["transaction_read_only"] == "on":
        raise FailedPrecondition(
            "The database is set to read only (default_transaction_read_only), as managed ones are when their disk is "
            "full: make room, and set it to off."
        )
    others = [
        f"{name} is {found.get(name)} instead of {value}" for name, value in asked.items() if found.get(name) != value
    ]
    if others:
        raise FailedPrecondition(
            f"The database's connection is not as it was asked for: {', '.join(others)}. A pooler has dropped the "
            f"startup parameter `options`: connect to PostgreSQL itself, or set these by ALTER ROLE: {PAGE}."
        )
    if found["synchronous_commit"] == "off":
        raise FailedPrecondition(
            "The database commits without writing to disk (synchronous_commit is off), so that a crash loses what was "
            "sold: set it to on."
        )


def explained(error: psycopg.Error) -> Failure:
    """Say in words why there is no connection: FailedPrecondition if that does not pass by itself."""
    text = str(error).strip()
    for pattern, message in _REFUSALS:
        if re.search(pattern, text):
            return FailedPrecondition(message)
    if _FULL.search(text):
        return Unavailable(NONE_LEFT)
    # A server's own words stand behind its severity and two blanks, whatever its language.
    words = re.search(r":  (.*)", text)
    first = text.partition("\n")[0].removeprefix("connection failed: ")
    if words is not None or error.sqlstate is not None:
        return Unavailable(f"The database refuses the connection: {words[1] if words else first}")
    return Unavailable(f"The database does not answer: check DATABASE_URL, and that it runs ({first}).")


async def _connect(url: str, asked: Mapping[str, str]) -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(
        url, autocommit=True, prepare_threshold=0, connect_timeout=5, application_name="start", options=options(asked)
    )


async def _schema_version(url: str) -> str:
    """Return the last migration that the database was brought to, or the empty string if there was none."""
    async with await _connect(url, {}) as connection:
        try:
            found = await (await connection.execute(VERSION)).fetchone()
        except pg.UndefinedTable:
            return ""
    return str(found[0]) if found else ""


async def _see_that_sessions_stay(one: psycopg.AsyncConnection[Any], url: str, asked: Mapping[str, str]) -> None:
    """Raise FailedPrecondition if a pooler does not keep a session, and one only, for each connection.

    A pooler that gives a session to each transaction gives two connections, which ask one after the other, the one
    that became free last, or those that are free by turns. One of the two asks twice in a row.
    """
    sessions: dict[psycopg.AsyncConnection[Any], set[int]] = {}
    try:
        async with asyncio.timeout(SECOND_CONNECTION_SECONDS), await _connect(url, asked) as other:
            for connection in (one, other, one, one, other, other, one, other):
                cursor = await connection.execute(PID, prepare=True)
                sessions.setdefault(connection, set()).update(pid for (pid,) in await cursor.fetchall())
    except TimeoutError:
        raise Unavailable(
            "The pooler in front of the database has no second connection to lend: enlarge its pool to what all "
            f"services together may use: {PAGE}."
        ) from None
    except psycopg.Error as error:
        raise FailedPrecondition(f"{TRANSACTIONS} ({' '.join(str(error).split())})") from error
    if [len(pids) for pids in sessions.values()] != [1, 1] or len(set.union(*sessions.values())) != 2:
        raise FailedPrecondition(TRANSACTIONS)
