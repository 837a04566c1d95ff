#!/bin/sh
# grpcio 1.85.3: a server keeps some 1,000 calls that have come and were not looked at yet. Of a burst above that, calls
# are dropped at random with CANCELLED, as if the client itself had given up, and no handler is told of it. The options
# that raise the bound, grpc.server.max_pending_requests and its hard limit, stand in an internal header of gRPC alone.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import asyncio
from collections import Counter

import grpc

CONNECTIONS, EACH = 5, 800
ROOM = ("grpc.server.max_pending_requests", 20_000), ("grpc.server.max_pending_requests_hard_limit", 20_000)


async def burst(options):
    """Make all calls in the same instant; return their codes, and how many the server's handler has seen."""
    handled = 0

    async def answer(request, context):
        nonlocal handled
        handled += 1
        return b""

    server = grpc.aio.server(options=options)
    handler = grpc.unary_unary_rpc_method_handler(answer)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("demo.Seats", {"Hold": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    own = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=own) for _ in range(CONNECTIONS)]
    await asyncio.gather(*(channel.channel_ready() for channel in channels))

    async def code(channel):
        try:
            await channel.unary_unary("/demo.Seats/Hold")(b"", timeout=30)
        except grpc.aio.AioRpcError as error:
            return f"{error.code().name} {error.details()!r}"
        return "OK"

    codes = Counter(await asyncio.gather(*(code(channel) for channel in channels for _ in range(EACH))))
    await asyncio.gather(*(channel.close() for channel in channels))
    await server.stop(None)
    print(f"{options or 'as it comes'}: {dict(codes)}; {handled} reached the handler")
    return codes, handled


async def main():
    codes, handled = await burst([])
    dropped = sum(number for code, number in codes.items() if code.startswith("CANCELLED"))
    assert dropped and dropped + codes["OK"] == CONNECTIONS * EACH, "calls that wait are not dropped any more"
    assert handled == codes["OK"], "the handler hears of them now"
    codes, _ = await burst(ROOM)
    assert set(codes) == {"OK"}, "more room does not keep them any more"


asyncio.run(main())
PY
