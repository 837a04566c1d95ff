"""The server of `listening` keeps its connections' tasks for as long as it runs, and no longer."""

import asyncio
import gc
import weakref

from tests.listening import listening


async def test_a_connection_whose_client_hung_up_is_kept_until_the_server_ends() -> None:
    began = asyncio.Event()
    ended: list[bool] = []
    tasks: list[weakref.ref[asyncio.Task[None]]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(weakref.ref(task))
        await reader.read()
        began.set()
        try:
            # Nobody else holds what it waits for.
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(True)

    async with listening(serve) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        await began.wait()
        gc.collect()
        assert tasks[0]() is not None
        assert not ended
    assert ended == [True]
