#!/bin/sh
# grpcio 1.85.3: grpc.min_reconnect_backoff_ms is not only a pause. It is also the shortest time that a connection
# attempt is given: with 100 ms, a server whose first bytes take 300 ms is called in vain again and again until the
# growing back-off happens to be longer than the handshake. With 2,000 ms the first call succeeds.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import asyncio
from contextlib import suppress

import grpc

HANDSHAKE_SECONDS = 0.3


async def answer(request, context):
    return b"ok"


async def forward(reader, writer, delay):
    await asyncio.sleep(delay)
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def refusals(min_backoff_ms):
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(answer)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("demo.Seats", {"Hold": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()

    async def proxy(reader, writer):
        from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
        ways = forward(reader, to_server, 0), forward(from_server, writer, HANDSHAKE_SECONDS)
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*ways, return_exceptions=True)

    slow = await asyncio.start_server(proxy, "127.0.0.1", 0)
    options = [
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", min_backoff_ms),
        ("grpc.max_reconnect_backoff_ms", 1000),
    ]
    address = f"127.0.0.1:{slow.sockets[0].getsockname()[1]}"
    refused = 0
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        hold = channel.unary_unary("/demo.Seats/Hold")
        for _ in range(200):
            try:
                await hold(b"", timeout=3)
                break
            except grpc.aio.AioRpcError:
                refused += 1
                await asyncio.sleep(0.05)
    slow.close()
    await server.stop(None)
    return refused


async def main():
    short, long = await refusals(100), await refusals(2000)
    print(f"calls refused before the first success: {short} with 100 ms, {long} with 2,000 ms")
    assert short > 1 and long == 0, "the pause is only a pause now"


asyncio.run(main())
PY
