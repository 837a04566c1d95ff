#!/bin/sh
# grpcio 1.85.3: a refusal is sent as metadata, and metadata has two limits. Details of more than 8 KiB in all turn the
# status into RESOURCE_EXHAUSTED at random, the more often the larger they are; above 16 KiB always. The server logs
# ABORTED, and some clients are told that they are too many. A list of seats that are taken soon has that size.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import asyncio
from collections import Counter

import grpc

CALLS = 300


async def codes(size):
    async def refuse(request, context):
        details = (("grpc-status-details-bin", b"x" * size),)
        await context.abort(grpc.StatusCode.ABORTED, "Some of these seats are taken.", details)

    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(refuse)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("demo.Seats", {"Hold": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    seen = Counter()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        hold = channel.unary_unary("/demo.Seats/Hold")
        for _ in range(CALLS):
            try:
                await hold(b"", timeout=5)
            except grpc.aio.AioRpcError as error:
                seen[error.code().name] += 1
    await server.stop(None)
    print(f"{size} bytes of details: {dict(seen)}")
    return seen


async def main():
    small, middle, large = await codes(7000), await codes(12000), await codes(17000)
    assert set(small) == {"ABORTED"} and set(large) == {"RESOURCE_EXHAUSTED"}, "the limits are others now"
    assert set(middle) == {"ABORTED", "RESOURCE_EXHAUSTED"}, "what lies between is no matter of chance any more"


asyncio.run(main())
PY
