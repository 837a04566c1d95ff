"""A caller of a streaming method that takes nothing: HTTP/2 by hand, which never says that there is room for more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from google.protobuf.message import Message

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
STREAM = 1
ROOM = 65_535
"""What a peer may send before it is told that there is room for more."""


@dataclass
class Deaf:
    """What came of the call."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    received: int = 0
    """Bytes of the answer."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    end: int | None = None
    """The kind of frame that ended it; None: the connection."""

    def make_room(self) -> None:
        """Take all that there is to come."""
        for stream in (0, STREAM):
            self.writer.write(_frame(WINDOW_UPDATE, 0, stream, (2**30).to_bytes(4, "big")))

    async def listen(self) -> None:
        try:
            while not self.ended.is_set():
                head = await self.reader.readexactly(9)
                payload = await self.reader.readexactly(int.from_bytes(head[:3], "big"))
                self._take(kind=head[3], flags=head[4], payload=payload)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.ended.set()

    def _take(self, kind: int, flags: int, payload: bytes) -> None:
        if kind in (SETTINGS, PING) and not flags & ACK:
            self.writer.write(_frame(kind, ACK, 0, payload if kind == PING else b""))
        if kind == DATA:
            self.received += len(payload)
        if kind in (RST_STREAM, GOAWAY) or (kind in (DATA, HEADERS) and flags & END_STREAM):
            self.end = kind
            self.ended.set()


@asynccontextmanager
async def calling(address: str, path: str, request: Message) -> AsyncIterator[Deaf]:
    """Call a method at host:port."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    deaf = Deaf(reader, writer)
    listening = asyncio.create_task(deaf.listen())
    data = request.SerializeToString()
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": address,
        "content-type": "application/grpc",
        "te": "trailers",
    }
    writer.write(PREFACE + _frame(SETTINGS, 0, 0))
    writer.write(_frame(HEADERS, END_HEADERS, STREAM, b"".join(map(_literal, headers, headers.values()))))
    writer.write(_frame(DATA, END_STREAM, STREAM, b"\0" + len(data).to_bytes(4, "big") + data))
    try:
        yield deaf
    finally:
        listening.cancel()
        writer.transport.abort()


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _literal(name: str, value: str) -> bytes:
    """Write a header that no table knows, uncompressed."""
    return b"\0" + b"".join(bytes([len(text)]) + text.encode() for text in (name, value))
