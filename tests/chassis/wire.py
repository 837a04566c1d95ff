"""A wire between a pool and its server that reads what goes over it, and breaks where the test says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias
from urllib.parse import urlsplit, urlunsplit

from tests.listening import listening

CANCEL_REQUEST = 80877102


class Break(Enum):
    """Where the wire breaks, seen from a statement that is on its way."""

    BEFORE = auto()  # the server never sees it
    ANSWER_LOST = auto()  # the server has carried it out, the client never hears of it
    AT_ONCE = auto()  # the client has gone while the server still carries it out


Watch: TypeAlias = Callable[[str], Break | None]
"""Told each statement as it passes, in time to break the wire there."""


@dataclass
class Session:
    """What is known of a session by what went over its wire."""

    statements: dict[bytes, str] = field(default_factory=dict)  # prepared ones, by name

    def read(self, kind: bytes, body: bytes) -> str | None:
        """Read a client's message; return the statement that it begins to run, if it does."""
        if kind == b"P":  # Parse: name, statement
            name, text, _ = body.split(b"\0", 2)
            self.statements[name] = text.decode()
        elif kind == b"B":  # Bind: portal, name
            _, name, _ = body.split(b"\0", 2)
            return self.statements[name]
        elif kind == b"Q":
            return body.rstrip(b"\0").decode()
        return None


class Wire:
    """Sessions to the server at `url` go through here."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self.url = ""
        self.watch: Watch = lambda statement: None
        self.refusing = False
        self.broken = 0

    def break_at(self, statement: str, where: Break, *, times: int = 1) -> None:
        """Break the wire where a statement that begins so passes, so many times."""
        left = times

        def watch(passing: str) -> Break | None:
            nonlocal left
            if left and passing.strip().startswith(statement):
                left -= 1
                return where
            return None

        self.watch = watch

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Wire"]:
        async with listening(self._connected) as port:
            netloc = f"{self._to.username}:{self._to.password}@127.0.0.1:{port}"
            self.url = urlunsplit(self._to._replace(netloc=netloc, query="sslmode=disable&gssencmode=disable"))
            yield self

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            if not self.refusing:
                await self._session(client, to_client)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            to_client.close()

    async def _session(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(self._to.hostname, self._to.port)
        answers = asyncio.create_task(_copy(server, to_client))
        try:
            length = await client.readexactly(4)
            start = await client.readexactly(int.from_bytes(length) - 4)
            to_server.write(length + start)
            if int.from_bytes(start[:4]) == CANCEL_REQUEST:
                await answers
                return
            session = Session()
            while True:
                kind, length = await client.readexactly(1), await client.readexactly(4)
                body = await client.readexactly(int.from_bytes(length) - 4)
                statement = session.read(kind, body)
                where = self.watch(statement) if statement is not None else None
                if where is None:
                    to_server.write(kind + length + body)
                    await to_server.drain()
                    continue
                self.broken += 1
                answers.cancel()
                await asyncio.gather(answers, return_exceptions=True)
                if where is Break.BEFORE:
                    return
                # Run it, whatever the client has sent or not: Execute the portal, Sync.
                to_server.write(kind + length + body)
                if kind == b"B":
                    to_server.write(b"E\0\0\0\x09\0\0\0\0\0" + b"S\0\0\0\x04")
                await to_server.drain()
                if where is Break.AT_ONCE:
                    to_client.transport.abort()
                await _until_ready(server)
                return
        finally:
            answers.cancel()
            to_server.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


async def _until_ready(server: asyncio.StreamReader) -> None:
    """Swallow what the server says until it is done."""
    data = b""
    # ReadyForQuery is the last message, and always these bytes and a state.
    while b"Z\0\0\0\x05" not in data[-6:]:
        more = await server.read(65536)
        if not more:
            return
        data += more
