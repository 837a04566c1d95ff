"""Servers of the tests: real ones, on free ports."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import grpc

from services.chassis.process.server import make_server
from services.chassis.wire.calls import channel
from tests.patience import patient


@asynccontextmanager
async def served(*add: Callable[[grpc.aio.Server], None]) -> AsyncIterator[grpc.aio.Channel]:
    """Serve servicers as a service does, on a free port; give a channel to them."""
    server = make_server()
    for add_servicer in add:
        add_servicer(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with channel(f"127.0.0.1:{port}") as to_server:
            # A server of an earlier test may have had this port: gRPC remembers for a moment that nobody is there.
            async with asyncio.timeout(patient(10)):
                await to_server.channel_ready()
            yield to_server
    finally:
        await server.stop(1)
