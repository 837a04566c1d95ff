#!/bin/sh
# grpcio 1.85.3: an asyncio server keeps a task for each method that generated code registers with it, and waits anew for all
# of them whenever a call has come. So each method makes every call dearer, those of other services too: by some 0.3 us, or
# 0.06 ms with 200 methods, a fifth of a call. A server whose methods are only looked up by name (add_generic_rpc_handlers,
# which generated code calls as well) does not wait so.
set -eu
. "$(dirname "$0")/install"
cat > server.py <<'PY'
import asyncio
import time

import grpc

CALLS = 2000
waited = []
wait = asyncio.wait


def counted(tasks, **options):
    waited.append(len(list(tasks)))
    return wait(tasks, **options)


asyncio.wait = counted


async def answer(request, context):
    return b""


async def cost(methods, registered):
    """Return for how many tasks a call has the server wait, and the processor time that a call takes, in ms."""
    handlers = {f"Method{number}": grpc.unary_unary_rpc_method_handler(answer) for number in range(methods)}
    server = grpc.aio.server()
    # Both lines are what generated code does.
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("demo.Seats", handlers),))
    if registered:
        server.add_registered_method_handlers("demo.Seats", handlers)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary("/demo.Seats/Method0")
        await call(b"")
        waited.clear()
        began = time.process_time()
        for _ in range(CALLS):
            await call(b"")
        spent = (time.process_time() - began) / CALLS * 1000
    tasks = max(waited, default=0)
    await server.stop(None)
    print(f"{methods} methods, {'registered' if registered else 'looked up by name'}: waits for {tasks} tasks, {spent:.2f} ms a call")
    return tasks, spent


async def main():
    few, _ = await cost(1, True)
    many, dear = await cost(200, True)
    none, cheap = await cost(200, False)
    assert few <= 5 and many > 200, "a call does not have the server wait for every registered method any more"
    assert none <= 5, "methods that are looked up by name are waited for now"
    assert dear > cheap, "it costs nothing any more"


asyncio.run(main())
PY
python server.py
