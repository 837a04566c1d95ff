"""The database: a pool of connections, and transactions that one can see.

Statements are written by hand. Round trips are what a transaction costs, so statements are kept back until an answer
is needed (see pipeline):

    async with db.transaction() as tx:
        shows, seats = await tx.fetch_all((LOCK, ...), (SEATS, ...))    # one round trip, BEGIN included
        ...                                                             # decide
        await tx.send(WRITE, ...)                                       # kept back
                                                                        # one round trip, COMMIT included

    await db.transact((WRITE, ...), (WRITE_MORE, ...))                  # one round trip in all

A connection that is lost in COMMIT leaves open whether the commit happened. Every transaction therefore writes a
marker under an id of its own; when in doubt, the same marker is written again: it can be written if, and only if,
the transaction was undone (docs/adr/0002-commit-markers.md). Leaving the block normally means committed.

A connection that died while it lay idle is not lent: a server that was restarted is met by nobody.
"""

import asyncio
import functools
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

import psycopg
from psycopg import errors as pg
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from services.chassis.errors import Interrupted, RequestInProgress, ResourceExhausted, Unavailable
from services.chassis.ids import new_id
from services.chassis.sight import faults, metrics, tracing
from services.chassis.store import connections
from services.chassis.store.columns import with_columns
from services.chassis.store.faulty import FaultyPipeline
from services.chassis.store.marks import COMMIT_MARKS, SWEEP_MARKERS, Marks
from services.chassis.store.pipeline import GIVE_UP_SECONDS, Answer, Connection, Parameters, Pipeline
from services.chassis.store.pipeline import Statement as Statement  # for those who use the database

log = logging.getLogger(__name__)

CONNECTION_SECONDS = 2.0
"""How long a caller waits for a connection."""

BACKGROUND_CONNECTIONS = 3
"""What a service's work behind its calls has for itself."""

READ_CLOCK = "SELECT boxoffice_clock() AS now"
"""The database's clock, read anew in every statement. Tests move it by replacing the function."""

_ADAPTED = with_columns()
_IDEMPOTENCY = "idempotency_keys"
_KEYS = (f"{_IDEMPOTENCY}_pkey", "_key_key")
"""How the names end of tables that keep answers, and of constraints by which one row keeps the answer under a key."""

_UNDONE = (
    pg.DeadlockDetected,
    pg.SerializationFailure,
    pg.QueryCanceled,
    pg.AdminShutdown,
    pg.CrashShutdown,
    pg.CannotConnectNow,
    pg.IdleInTransactionSessionTimeout,
    pg.TransactionTimeout,
)
_IN_DOUBT = (psycopg.OperationalError, pg.InternalError_)
"""What leaves open, where it comes in COMMIT, whether the commit happened."""
_NODE_LOST = re.compile(r"connection marked as essential|could not commit transaction for shard")
"""What Citus says, as an internal error, where it has lost the connection to a node (docs/citus.md)."""


class Transaction:
    """A transaction under way."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._after_commit: list[Callable[[], None]] = []

    async def send(self, sql: str, parameters: Parameters = ()) -> None:
        """Run a statement whose answer is not needed; it goes out with the next one that is, or with COMMIT."""
        self._pipeline.add(sql, parameters)

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Any]:
        """Run a statement and return its rows."""
        return (await self.fetch_all((sql, parameters)))[0]

    async def fetch_all(self, *statements: Statement) -> list[list[Any]]:
        """Run statements one after the other in one round trip, and return the rows of each."""
        return [answer.rows() for answer in await self._pipeline.fetch(*statements)]

    async def fetch_locked(self, lock: str, sql: str) -> tuple[list[Any], datetime]:
        """Run a statement that locks, then another; return the rows of that one, and what the clock says then."""
        await self.send(lock)
        rows, [clock] = await self.fetch_all((sql, ()), (READ_CLOCK, ()))
        return rows, clock.now

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` once this transaction is committed."""
        self._after_commit.append(callback)

    def _committed(self) -> None:
        for callback in self._after_commit:
            callback()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a statement may take, and how long and how many callers wait for a connection."""

    statement_ms: int = connections.STATEMENT_TIMEOUT_MS
    connection_seconds: float = CONNECTION_SECONDS
    waiting: int = 256
    refuses: bool = False
    """Whether a statement that takes too long is refused as too much traffic, instead of being tried again."""
    plans: str = connections.ONE_PLAN
    """How statements are planned (plan_cache_mode); `auto` for those whose best plan depends on their values."""


class Database:
    """A service's database."""

    def __init__(self, url: str, *, pool_size: int, name: str, patience: Patience = Patience()) -> None:
        """`name` is what pg_stat_activity shows."""
        self._url = url
        self._refuses = patience.refuses
        self._own = {"statement_timeout": str(patience.statement_ms), "plan_cache_mode": patience.plans}
        self._pool = AsyncConnectionPool(
            url,
            connection_class=Connection,
            min_size=min(2, pool_size),
            max_size=pool_size,
            open=False,
            name=name,
            timeout=patience.connection_seconds,
            max_waiting=patience.waiting,
            # A failed attempt to connect is repeated after 1 s, and given up after 2: whoever asks next begins anew.
            # The longer the pool tries, the longer it pauses, and after an outage nobody would wait for it.
            reconnect_timeout=2.0,
            configure=self._look_at,
            kwargs={
                "autocommit": True,
                # What psycopg prepares itself it forgets after a ROLLBACK, by DEALLOCATE ALL: ours would go too.
                "prepare_threshold": None,
                "application_name": name,
                "context": _ADAPTED,
                "connect_timeout": 5,
                # A server that fell silent, behind a broken network say, is given up after some ten seconds.
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 3,
                "tcp_user_timeout": 10_000,
                "options": connections.options(),
            },
        )
        self._name = name
        self._lent = 0
        self._all_back = asyncio.Event()
        self._all_back.set()

    async def open(self) -> None:
        """Connect; raise what is in the way, in words, if there are no connections within ten seconds."""
        metrics.POOLS.stats[self._name] = self._pool.get_stats
        try:
            await self._pool.open(wait=True, timeout=connections.OPEN_SECONDS)
        except PoolTimeout as error:
            await self.close()
            await connections.examine(self._url, seconds=0)
            raise Unavailable(connections.NONE_LEFT) from error

    async def close(self) -> None:
        """Close all connections, those that are lent when they have come back: what is given up is undone first."""
        metrics.POOLS.stats.pop(self._name, None)
        with suppress(TimeoutError):
            async with asyncio.timeout(GIVE_UP_SECONDS):
                await self._all_back.wait()
        await self._pool.close()

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Any]:
        """Run one statement as a transaction of its own and return its rows. Not for writes that must be known."""
        async with self._connection() as connection:
            return (await _alone(connection, sql, parameters)).rows()

    async def fetch_all(self, *statements: Statement) -> list[list[Any]]:
        """Run reading statements in one round trip and return the rows of each."""
        async with self._connection() as connection:
            with _pipeline(connection) as pipeline:
                answers = await pipeline.fetch(*statements)
            return [answer.rows() for answer in answers]

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement that may safely be run twice, as a transaction of its own; return the rows it hit."""
        async with self._connection() as connection:
            return (await _alone(connection, sql, parameters)).rowcount

    @asynccontextmanager
    async def transaction(self, marks: Marks = COMMIT_MARKS) -> AsyncIterator[Transaction]:
        """Run a transaction: committed if the block ends normally, undone if it raises. It leaves its mark in `marks`.

        Raises Interrupted where the database undid it and it may be run again, ResourceExhausted where no
        connection came free in time, Unavailable where there is none because the database is away, or where it
        could not be found out whether the transaction was committed.
        """
        marker = new_id()
        pipeline: Pipeline | None = None
        try:
            async with self._connection() as connection:
                try:
                    with _pipeline(connection) as pipeline:
                        await pipeline.begin(marks.leave(marker))
                        transaction = Transaction(pipeline)
                        yield transaction
                        await pipeline.commit()
                finally:
                    if not connection.closed and connection.info.transaction_status:
                        await connection.execute(b"ROLLBACK")
        except Interrupted as error:
            if not await self._was_committed_after(error, pipeline, marker, marks):
                raise
        transaction._committed()

    async def transact(self, *statements: Statement) -> list[list[Any]]:
        """Run statements as a transaction in a single round trip, and return the rows of each.

        Raises what `transaction` does; Unavailable also where all was committed and the rows were lost on their way.
        """
        marker = new_id()
        pipeline: Pipeline | None = None
        try:
            async with self._connection() as connection:
                with _pipeline(connection) as pipeline:
                    answers = await pipeline.transact(COMMIT_MARKS.leave(marker), *statements)
                return [answer.rows() for answer in answers]
        except Interrupted as error:
            if await self._was_committed_after(error, pipeline, marker, COMMIT_MARKS):
                raise Unavailable("The database went away when this had just happened: ask what it came to.") from error
            raise

    async def _was_committed_after(
        self, error: Interrupted, pipeline: Pipeline | None, marker: UUID, marks: Marks
    ) -> bool:
        """Tell whether a transaction was committed that ended in this error, which it may be once COMMIT is sent."""
        sent = pipeline is not None and pipeline.committing
        return sent and isinstance(error.__cause__, _IN_DOUBT) and await self._was_committed(marker, marks)

    async def _was_committed(self, marker: UUID, marks: Marks) -> bool:
        """Find out what became of the transaction that wrote `marker`, waiting for it to end if need be."""
        fence = new_id()
        for attempt in range(20):
            try:
                async with self._connection() as connection:
                    try:
                        # One of the two wrote the marker: the transaction, or this in an attempt whose answer was lost.
                        await _alone(connection, *marks.ask(marker, fence))
                    except pg.UniqueViolation:
                        return not (await _alone(connection, *marks.find(fence))).rows()
                return False
            except (Unavailable, ResourceExhausted):
                # The server may be restarting, or the lost session may hold the marker still.
                await asyncio.sleep(min(0.05 * 2**attempt, 0.5))
        raise Unavailable("The database went away in the middle of this; it may or may not have happened.")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        """Lend a connection; translate what the driver raises."""
        span = None if tracing.on is None else tracing.on.transaction(self._name)
        outcome = "UNDONE"
        try:
            connection = await self._living()
            self._lent += 1
            self._all_back.clear()
            try:
                yield connection
            finally:
                self._lent -= 1
                # The pool closes one that is not at rest, such as one with answers outstanding.
                await self._pool.putconn(connection)
                if not self._lent:
                    self._all_back.set()
            outcome = "OK"
        except (PoolTimeout, TooManyRequests) as error:
            # Where nobody has one, it is not for too many callers that there is none.
            raise (ResourceExhausted if self._lent else Unavailable)() from error
        except pg.UniqueViolation as error:
            if not (error.diag.constraint_name or "").endswith(_KEYS):
                raise
            # Another transaction stored this key meanwhile: run again, this one finds its answer.
            raise Interrupted() from error
        except pg.LockNotAvailable as error:
            log.warning("transaction undone: %s", error)
            # What it waited for was an equal request, which keeps the key, or another row.
            raise RequestInProgress() if _IDEMPOTENCY in (error.diag.context or "") else Interrupted() from error
        except _UNDONE as error:
            if self._refuses and isinstance(error, pg.QueryCanceled):
                raise ResourceExhausted() from error
            log.warning("transaction undone: %s", error)
            raise Interrupted() from error
        except _IN_DOUBT as error:
            if isinstance(error, pg.InternalError_) and not _NODE_LOST.search(str(error)):
                raise
            log.warning("connection lost: %s", error)
            raise Interrupted() from error
        finally:
            if span is not None:
                span.end(outcome)

    async def _look_at(self, connection: Connection) -> None:
        """See that a new connection is as it was asked for; one that is not is given up, and the log says why."""
        await connections.look(connection)
        if self._own.items() - connections.ASKED.items():
            # Not asked for at the start of the connection: a pooler may give those of the role instead.
            await connection.execute(connections.SET, [list(self._own), list(self._own.values())])

    async def _living(self) -> Connection:
        """Take a connection out of the pool, leaving out those that died while they lay there."""
        connection = await self._pool.getconn()
        for _ in range(self._pool.max_size):
            if not connection.has_died():
                break
            await connection.close()
            await self._pool.putconn(connection)
            connection = await self._pool.getconn()
        return connection


@dataclass(frozen=True, slots=True)
class Pools:
    """A service's connections: those that calls use, and a few that only the work behind them has.

    However many calls there are, recovery, relay and jobs go on.
    """

    calls: Database
    background: Database

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        calls: int,
        background: int = BACKGROUND_CONNECTIONS,
        name: str,
        plans: str = connections.ONE_PLAN,
    ) -> "Pools":
        """Connect, with so many connections of each kind at most; raise as Database.open does."""
        patience = Patience(plans=plans)
        pools = cls(
            Database(url, pool_size=calls, name=name, patience=patience),
            Database(url, pool_size=background, name=f"{name}-background", patience=patience),
        )
        await pools.calls.open()
        await pools.background.open()
        return pools

    async def close(self) -> None:
        """Close all connections."""
        await self.calls.close()
        await self.background.close()


def _pipeline(connection: Connection) -> Pipeline:
    """Return a pipeline over a connection; one with fault points, where these are armed."""
    return Pipeline(connection) if faults.armed is None else FaultyPipeline(connection)


async def _alone(connection: Connection, sql: str, parameters: Parameters) -> Answer:
    """Run a statement as a transaction of its own."""
    with _pipeline(connection) as pipeline:
        return await pipeline.alone((sql, parameters))


P = ParamSpec("P")
R = TypeVar("R")


def retried(script: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """Run a transaction script once more if the database undid it, as it does when a connection has died idle.

    Only for scripts with a single transaction: Interrupted says that nothing of it happened.
    """

    @functools.wraps(script)
    async def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await script(*args, **kwargs)
        except Interrupted:
            return await script(*args, **kwargs)

    return run


async def sweep_markers(db: Database) -> int:
    """Forget one batch of marks of transactions that nobody can be in doubt of any more; return how many. A job."""
    return await db.execute(SWEEP_MARKERS)
