"""Fault points: the places in every step at which a test may kill, cut off, delay or hold a process.

They stand in the chassis' own wrappers of transactions, calls and answers, so that no step can forget them. Unarmed,
which is the normal case, a point costs one look at `armed`. A process that is told FAULTS_ADDRESS arms them at its
start: at each point it then tells the controller there where it is, and waits to be told how to go on.

Both sides write JSON, an object a line. The process says first {"service", "pid"}, then of each point
{"id", "operation", "kind", "detail"}; the controller answers {"id", "do"} when it likes, and in any order:

    go      nothing happens
    kill    the process ends at once, as by SIGKILL
    reset   the connection is lost: that to the database, to the peer that was called, or to the caller
    late    what is under way takes longer than its deadline

A controller that goes away holds nobody up.
"""

import asyncio
import json
import logging
import os
import re
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from enum import StrEnum
from functools import cache
from typing import Any

import psycopg
from psycopg import pq

from services.chassis.errors import DeadlineExceeded, Unavailable

log = logging.getLogger(__name__)

LATE_SECONDS = 60.0
"""What is late and has no deadline of its own is ended by that of its caller, which is no longer than this."""

_FIRST_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(?!unnest\b)(\w+)")

operation: ContextVar[str] = ContextVar("operation", default="")
"""What is being done: an RPC's name, or "desk COMMANDS", "job NAME", "relay TOPIC", or a function of the background."""


class Kind(StrEnum):
    """Where in a step a point is."""

    BEGIN = "begin"  # before a transaction, or a statement that is one
    EXECUTE = "execute"  # within a transaction, after each round trip
    COMMIT = "commit"  # before COMMIT is sent
    COMMITTED = "committed"  # COMMIT is sent, its answer not read; likewise for a statement that is a transaction
    CALL = "call"  # before a peer is called
    ANSWERED = "answered"  # the peer has answered
    ASKED = "asked"  # a call has come in, nothing is done yet
    ANSWER = "answer"  # the work of a call that came in is done, its answer not sent


class AnswerLost(Exception):
    """The caller is to get no answer, as if its connection had been lost."""


class Points:
    """The points of this process, armed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._numbers = 0
        self._held: dict[int, asyncio.Future[str]] = {}
        self._listening = asyncio.create_task(self._listen(reader))

    async def reach(
        self,
        kind: Kind,
        detail: str = "",
        *,
        connection: psycopg.AsyncConnection[Any] | None = None,
        until: float | None = None,
    ) -> None:
        """Be at a point, and go on as the controller says.

        `connection` is the one to the database that this is about; `until` is when a call's time is up, on the event
        loop's clock. Raises Unavailable and DeadlineExceeded as a call does, AnswerLost where an answer was due.
        """
        do = await self._ask(kind, detail)
        if do == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif do == "reset":
            if connection is not None:
                await _cut(connection)
            elif kind in (Kind.ASKED, Kind.ANSWER):
                raise AnswerLost()
            else:
                raise Unavailable()
        elif do == "late":
            if until is None:
                await asyncio.sleep(LATE_SECONDS)
            else:
                await asyncio.sleep(until - asyncio.get_running_loop().time())
                raise DeadlineExceeded()

    async def _ask(self, kind: Kind, detail: str) -> str:
        self._numbers += 1
        number = self._numbers
        held: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._held[number] = held
        self._send({"id": number, "operation": operation.get(), "kind": kind, "detail": detail})
        try:
            return await held
        finally:
            del self._held[number]

    def _send(self, what: dict[str, Any]) -> None:
        self._writer.write(json.dumps(what).encode() + b"\n")

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        global armed
        try:
            async for line in reader:
                order = json.loads(line)
                if (held := self._held.get(order["id"])) and not held.done():
                    held.set_result(order["do"])
        except OSError as error:
            log.warning("the controller of fault points was lost: %s", error)
        finally:
            armed = None
            self._writer.close()
            for held in self._held.values():
                if not held.done():
                    held.set_result("go")


armed: Points | None = None
"""The points, or None: a point looks here first."""


async def arm(service: str, address: str) -> None:
    """Arm the points of this process with the controller at `address`; one that is not there is done without."""
    global armed
    host, _, port = address.rpartition(":")
    try:
        reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except OSError as error:
        log.warning("no controller of fault points: %s", error)
        return
    writer.write(json.dumps({"service": service, "pid": os.getpid()}).encode() + b"\n")
    armed = Points(reader, writer)
    log.warning("fault points are armed")


def named(statements: Sequence[tuple[str, bool]]) -> str:
    """Return a short name for (statement, whether to any effect) pairs: that of the first, and if all was for nothing.

    So a look for work that finds none has another name than one that finds some.
    """
    if not statements:
        return ""
    return _name(statements[0][0]) + ("" if any(effect for _, effect in statements) else ", nothing")


@cache
def _name(sql: str) -> str:
    table = _FIRST_TABLE.search(sql)
    return " ".join([*sql.split(maxsplit=1)[:1], *(table.groups() if table else ())])


async def _cut(connection: psycopg.AsyncConnection[Any]) -> None:
    """Lose the connection under the driver, which meets that as it would any other loss."""
    with socket.socket(fileno=os.dup(connection.fileno())) as wire, suppress(OSError):
        wire.shutdown(socket.SHUT_RDWR)
    if connection.pgconn.pipeline_status == pq.PipelineStatus.OFF:
        # Nothing is on its way: what is sent next meets it. Where all is done already, that is this.
        await connection.execute(b"SELECT 1")
