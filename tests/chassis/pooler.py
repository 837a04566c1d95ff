"""A stand-in for a pooler, which drops or refuses startup options and lends sessions, as PgBouncer does.

Each client signs in at PostgreSQL through it, on a session of its own. From then on, in transaction mode, the sessions
of all of them are lent out, for a transaction each, the one that became free last first.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.listening import listening

STARTUP, TLS_ASKED = 196608, 80877103
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
PARTS_A_ROUND_TRIP = (b"S", b"Q")
"""Sync and Query: what PostgreSQL answers with ReadyForQuery."""


@dataclass
class Pooler:
    """What it does to those who connect, whose startup options it drops without a word."""

    port: int
    """PostgreSQL's."""
    refuses: str
    """What it answers to whoever connects, if anything."""
    by_transaction: bool
    free: list[Streams] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client."""
        server: Streams | None = None
        try:
            parameters = await _startup(reader, writer)
            if self.refuses:
                text = b"SFATAL\0VFATAL\0C08P01\0M" + self.refuses.encode() + b"\0\0"
                writer.write(b"E" + struct.pack("!i", len(text) + 4) + text)
                await writer.drain()
                return
            parameters.pop("options", None)
            server = await asyncio.open_connection("127.0.0.1", self.port)
            body = b"".join(f"{key}\0{value}\0".encode() for key, value in parameters.items()) + b"\0"
            server[1].write(struct.pack("!ii", len(body) + 8, STARTUP) + body)
            await self._sign_in((reader, writer), server)
            if self.by_transaction:
                self.free.append(server)
                server = None
            await self._pass((reader, writer), server)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            if server is not None:
                server[1].close()

    async def _sign_in(self, client: Streams, server: Streams) -> None:
        while True:
            kind, message = await _message(server[0])
            if kind == b"K":
                # A pooler has to pass on its clients' cancellations, so it numbers them itself.
                message = message[:5] + struct.pack("!i", 1) + message[9:]
            client[1].write(message)
            await client[1].drain()
            if kind == b"R" and message[5:9] in (b"\0\0\0\x03", b"\0\0\0\x0a", b"\0\0\0\x0b"):
                server[1].write((await _message(client[0]))[1])
            elif kind == b"Z":
                return
            elif kind == b"E":
                raise ConnectionError

    async def _pass(self, client: Streams, session: Streams | None) -> None:
        """Pass messages on, one round trip after the other, until the client leaves."""
        while True:
            sent, kind = b"", b""
            while kind not in PARTS_A_ROUND_TRIP:
                kind, message = await _message(client[0])
                if kind == b"X":
                    return
                sent += message
            mine = session or self.free.pop()
            mine[1].write(sent)
            kind = b""
            while kind != b"Z":
                kind, message = await _message(mine[0])
                client[1].write(message)
            await client[1].drain()
            if self.by_transaction:
                is_idle = message[5:6] == b"I"
                session = None if is_idle else mine
                if is_idle:
                    self.free.append(mine)


async def _startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> dict[str, str]:
    while True:
        size, code = struct.unpack("!ii", await reader.readexactly(8))
        body = await reader.readexactly(size - 8)
        if code == STARTUP:
            parts = body.rstrip(b"\0").decode().split("\0")
            return dict(zip(parts[::2], parts[1::2], strict=True))
        writer.write(b"N")  # neither TLS nor GSSAPI


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readexactly(5)
    return head[:1], head + await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)


@asynccontextmanager
async def pooled(
    url: str, *, drops: str = "options", refuses: str = "", by_transaction: bool = False
) -> AsyncIterator[str]:
    """Run a pooler before the server of `url`; give the URL by which it is reached."""
    port = int(url.rpartition(":")[2].partition("/")[0])
    pooler = Pooler(port, refuses, by_transaction)
    try:
        async with listening(pooler.serve) as own_port:
            yield url.replace(f":{port}/", f":{own_port}/")
    finally:
        for _, writer in pooler.free:
            writer.close()
