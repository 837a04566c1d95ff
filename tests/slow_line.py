"""A line to a server on which everything arrives late, as from another zone or past a machine that is busy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from tests.listening import listening


@dataclass
class SlowLine:
    """Where the line begins, how slow it is, and how often somebody has connected over it."""

    seconds: float
    address: str = ""
    connections: int = 0


@asynccontextmanager
async def slow_line(to: str, seconds: float) -> AsyncIterator[SlowLine]:
    """Open a line to `to`, host:port, that carries each byte so many seconds after it came, either way."""
    line, host, port = SlowLine(seconds), *to.rsplit(":", 1)

    async def connected(client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        line.connections += 1
        server, to_server = await asyncio.open_connection(host, int(port))
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(_carry(client, to_server, line))
                ways.create_task(_carry(server, to_client, line))
        finally:
            to_server.transport.abort()
            to_client.transport.abort()

    async with listening(connected) as own_port:
        line.address = f"127.0.0.1:{own_port}"
        yield line


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter, line: SlowLine) -> None:
    """Write what is read, later; what comes in between is read in between."""
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    clock = asyncio.get_running_loop().time

    async def read() -> None:
        data = b"?"
        while data:
            with suppress(ConnectionError):
                data = await source.read(65536)
            under_way.put_nowait((clock() + line.seconds, data))

    reading = asyncio.create_task(read())
    try:
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(due - clock())
            if not data:
                break
            sink.write(data)
        with suppress(OSError):
            sink.write_eof()
    except ConnectionError:
        pass
    finally:
        reading.cancel()
