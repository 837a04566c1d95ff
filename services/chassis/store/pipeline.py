"""Statements on their way to PostgreSQL and their answers back: many in one round trip, straight on libpq.

psycopg connects, keeps the pool and knows the types. Its cursors, which have to serve everybody's statements, cost more
than all else in a transaction, so statements go past them, by libpq's pipeline mode and always prepared:

    with Pipeline(connection) as pipeline:
        await pipeline.begin(("INSERT …", (marker,)))           # kept back
        pipeline.add("UPDATE … WHERE id = %(id)s", {"id": id})  # kept back
        [answer] = await pipeline.fetch(("SELECT …", ()))       # one round trip: everything that was kept back, too
        await pipeline.commit()                                 # the second

What has gone out is read to its sync, whatever happens, so that the connection is in step again: after an error, which
is raised then, and after a cancellation, which the server is told of. Where that cannot be, the connection is closed or
left in its pipeline, which the pool takes for a reason to close it.
"""

import asyncio
import re
import select
from collections import namedtuple
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from functools import cache, cached_property
from itertools import count
from typing import Any, TypeVar, cast

import psycopg
from psycopg import abc, pq
from psycopg import errors as pg
from psycopg.adapt import PyFormat, Transformer
from psycopg.waiting import Ready, Wait

from services.chassis.sight import tracing

Parameters = Sequence[Any] | dict[str, Any]
Statement = tuple[str, Parameters]

MAX_PREPARED = 200
"""Statements that a connection keeps prepared; the one that was used longest ago goes first."""

GIVE_UP_SECONDS = 5.0
"""How long the server may take to end what nobody waits for any more."""

_PLACE = re.compile(r"%%|%s|%\((\w+)\)s")
_Signature = tuple[bytes, tuple[int, ...]]
"""A statement and the types of its parameters, which is what is prepared."""

T = TypeVar("T")
Exchange = Generator[Wait, Ready, T]


class Connection(psycopg.AsyncConnection[Any]):
    """A connection that remembers what it has prepared. psycopg's own names never begin as these do."""

    @cached_property
    def prepared(self) -> dict[_Signature, "Prepared"]:
        """Return what is prepared, in the order of use."""
        return {}

    @cached_property
    def numbers(self) -> Iterator[int]:
        """Return what names are made of: none is given twice, whatever became of it."""
        return count()

    @cached_property
    def transformer(self) -> abc.Transformer:
        """Return what turns values into parameters."""
        return Transformer.from_context(self)

    def has_died(self) -> bool:
        """Tell whether the server has said anything since the last answer, which it does when it ends a session."""
        if self.closed:
            return True
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        return bool(poll.poll(0))


class Prepared:
    """A statement that a connection has prepared. The columns of its answers stay the same, and are looked at once."""

    __slots__ = ("_row", "_transformer", "name")

    def __init__(self, name: bytes, connection: Connection) -> None:
        self.name = name
        self._transformer: abc.Transformer = Transformer.from_context(connection)
        self._row: Callable[[Sequence[Any]], Any] | None = None

    def rows(self, result: pq.abc.PGresult) -> list[Any]:
        """Return the rows of an answer, with a field for each column."""
        self._transformer.set_pgresult(result, set_loaders=self._row is None)
        if self._row is None:
            self._row = _row(tuple([result.fname(number) for number in range(result.nfields)]))
        try:
            return self._transformer.load_rows(0, result.ntuples, self._row)
        finally:
            # Else the answer would be kept for as long as the statement is.
            self._transformer.set_pgresult(None, set_loaders=False)


class Answer:
    """What a statement came to."""

    __slots__ = ("_prepared", "_result")

    def __init__(self, result: pq.abc.PGresult, prepared: Prepared) -> None:
        self._result = result
        self._prepared = prepared

    def rows(self) -> list[Any]:
        """Return the rows, with a field for each column; none of a statement that has none."""
        return self._prepared.rows(self._result) if self._result.ntuples else []

    @property
    def rowcount(self) -> int:
        """How many rows it returned or hit."""
        return self._result.command_tuples or 0

    @property
    def tag(self) -> bytes | None:
        """The word of the server for what it did, such as COMMIT."""
        return self._result.command_status


class Pipeline:
    """Statements over one connection, which nothing else uses meanwhile."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._kept: list[tuple[_Signature, Sequence[Any] | None, Sequence[Any] | None]] = []
        self._expected: list[Prepared | _Signature | None] = []
        """What answers will be to: a statement that is run, one that is prepared, one that is closed."""
        self._fresh: dict[_Signature, Prepared] = {}
        self.committing = False
        """Whether COMMIT, or what commits by itself, may have reached the server."""

    def __enter__(self) -> "Pipeline":
        self._pgconn.enter_pipeline_mode()
        return self

    def __exit__(self, *_: object) -> None:
        # It cannot be left with answers outstanding.
        with suppress(psycopg.Error):
            self._pgconn.exit_pipeline_mode()

    def add(self, sql: str, parameters: Parameters = ()) -> None:
        """Keep a statement back until the next run; raise psycopg.DataError for a value that PostgreSQL cannot hold."""
        if tracing.on is not None:
            tracing.on.statement(sql)
        query, names = _compiled(sql)
        values = [parameters[name] for name in names] if isinstance(parameters, dict) else parameters
        if not values:
            self._kept.append(((query, ()), None, None))
            return
        transformer = self._connection.transformer
        dumped = transformer.dump_sequence(values, [PyFormat.AUTO] * len(values))
        self._kept.append(((query, transformer.types or ()), dumped, transformer.formats))

    async def begin(self, first: Statement) -> None:
        """Begin a transaction with a statement; both are kept back."""
        self.add("BEGIN")
        self.add(*first)

    async def fetch(self, *statements: Statement) -> list[Answer]:
        """Run statements, and before them what was kept back, and return the answers to these."""
        for statement in statements:
            self.add(*statement)
        answers = await self.run()
        return answers[len(answers) - len(statements) :]

    async def commit(self) -> None:
        """Commit, with what was kept back; raise InFailedSqlTransaction where an error was swallowed before."""
        self.add("COMMIT")
        self.committing = True
        await self.send()
        *_, commit = await self.read()
        if commit.tag != b"COMMIT":
            raise pg.InFailedSqlTransaction("a statement of this transaction had failed")

    async def transact(self, first: Statement, *statements: Statement) -> list[Answer]:
        """Run statements as one transaction in one round trip, `first` before the rest; return the answers to the rest.

        What goes out before a sync is one transaction, says libpq.
        """
        for statement in (first, *statements):
            self.add(*statement)
        self.committing = True
        await self.send()
        _, *answers = await self.read()
        return answers

    async def alone(self, statement: Statement) -> Answer:
        """Run one statement as a transaction of its own."""
        self.add(*statement)
        [answer] = await self.run()
        return answer

    async def run(self) -> list[Answer]:
        """Send what was kept back, and return the answer to each; raise the first error of psycopg's among them."""
        await self.send()
        return await self.read()

    async def send(self) -> None:
        """Send what was kept back, and a sync after it."""
        kept, self._kept = self._kept, []
        for signature, values, formats in kept:
            self._send_one(signature, values, formats)
        self._pgconn.pipeline_sync()
        try:
            await self._drive(self._flush())
        except asyncio.CancelledError:
            # The server has half of it. Without a sync it does nothing for good, and ends when it sees this.
            self._pgconn.finish()
            raise

    async def read(self) -> list[Answer]:
        """Return the answer to each statement that was sent; raise as `run` does."""
        results: list[pq.abc.PGresult] = []
        reading = self._read(results)
        try:
            await self._drive(reading)
        except asyncio.CancelledError:
            await self._give_up(reading)
            # What is read next, if anything is, answers other statements.
            self._expected, self._fresh = [], {}
            raise
        except psycopg.OperationalError:
            # What the server said before it went is more than that it went.
            if error := next(filter(_failed, results), None):
                raise _error(error) from None
            raise
        return self._answers(results)

    def _send_one(self, signature: _Signature, values: Sequence[Any] | None, formats: Sequence[Any] | None) -> None:
        prepared = self._connection.prepared
        one = prepared.pop(signature, None)
        if one is not None:
            prepared[signature] = one
        elif (one := self._fresh.get(signature)) is None:
            if len(prepared) + len(self._fresh) >= MAX_PREPARED and prepared:
                self._pgconn.send_close_prepared(prepared.pop(next(iter(prepared))).name)
                self._expected.append(None)
            name = b"boxoffice_%d" % next(self._connection.numbers)
            one = self._fresh[signature] = Prepared(name, self._connection)
            query, types = signature
            self._pgconn.send_prepare(name, query, types or None)
            self._expected.append(signature)
        self._pgconn.send_query_prepared(one.name, values, formats)
        self._expected.append(one)

    def _flush(self) -> Exchange[None]:
        """Send, and take in meanwhile what comes: else both sides could wait for each other to read."""
        while self._pgconn.flush():
            if (yield Wait.RW) & Ready.R:
                self._pgconn.consume_input()

    def _read(self, results: list[pq.abc.PGresult]) -> Exchange[None]:
        """Read all results to the sync."""
        while True:
            while self._pgconn.is_busy():
                yield Wait.R
                self._pgconn.consume_input()
            result = self._pgconn.get_result()
            if result is None:
                if self._pgconn.status == pq.ConnStatus.BAD:
                    raise psycopg.OperationalError("the connection is lost")
            elif result.status == pq.ExecStatus.PIPELINE_SYNC:
                return
            else:
                results.append(result)

    def _answers(self, results: list[pq.abc.PGresult]) -> list[Answer]:
        expected, self._expected = self._expected, []
        fresh, self._fresh = self._fresh, {}
        answers, error = [], None
        for what, result in zip(expected, results, strict=True):
            if _failed(result):
                error = error or result
            elif result.status != pq.ExecStatus.PIPELINE_ABORTED:
                if isinstance(what, Prepared):
                    answers.append(Answer(result, what))
                elif what is not None:
                    self._connection.prepared[what] = fresh[what]
        if error is not None:
            raise _error(error)
        return answers

    async def _drive(self, exchange: Exchange[T]) -> T:
        """Wait for the connection's socket as often as `exchange` has to."""
        loop, socket = asyncio.get_running_loop(), self._pgconn.socket
        try:
            wanted = next(exchange)
            while True:
                ready: asyncio.Future[Ready] = loop.create_future()
                loop.add_reader(socket, _wake, ready, Ready.R)
                if wanted == Wait.RW:
                    loop.add_writer(socket, _wake, ready, Ready.W)
                try:
                    seen = await ready
                finally:
                    loop.remove_reader(socket)
                    loop.remove_writer(socket)
                wanted = exchange.send(seen)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    async def _give_up(self, reading: Exchange[None]) -> None:
        """Have the server end what it is at: its locks are not to outlive the caller who left."""
        try:
            async with asyncio.timeout(GIVE_UP_SECONDS):
                await self._connection.cancel_safe(timeout=GIVE_UP_SECONDS)
                await self._drive(reading)
        except BaseException as error:
            self._pgconn.finish()
            if not isinstance(error, Exception):
                raise


def _failed(result: pq.abc.PGresult) -> bool:
    return result.status == pq.ExecStatus.FATAL_ERROR


def _error(result: pq.abc.PGresult) -> psycopg.Error:
    return pg.error_from_result(result, encoding="utf-8")


def _wake(ready: asyncio.Future[Ready], what: Ready) -> None:
    if not ready.done():
        ready.set_result(what)


@cache
def _compiled(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """Return a statement with PostgreSQL's places ($1) for `%s` or `%(name)s`, and the names in their order."""
    order: dict[str, int] = {}
    places = count(1)

    def place(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        if found[1] is None:
            return f"${next(places)}"
        return f"${order.setdefault(found[1], len(order) + 1)}"

    return _PLACE.sub(place, sql).encode(), tuple(order)


@cache
def _row(names: tuple[bytes, ...]) -> Callable[[Sequence[Any]], Any]:
    """Return what makes a row of these columns."""
    row = cast(Any, namedtuple)("Row", [name.decode() for name in names], rename=True)
    return cast(Callable[[Sequence[Any]], Any], row._make)
