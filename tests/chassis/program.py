"""A service of its own, as small as can be, for tests of a process's life: `python -m tests.chassis.program HOW`."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import catalog_pb2_grpc

from services.chassis.process import cli
from services.chassis.process.server import make_server, serve
from services.chassis.process.settings import ServiceSettings


class Catalog(catalog_pb2_grpc.CatalogServiceServicer):
    """Answers when it is told to: GetEvent waits for GetMovie."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def GetEvent(self, request: Any, context: Any) -> Any:
        print("entered", flush=True)
        await self.go.wait()
        return pb.Event(id=request.event_id)

    async def GetMovie(self, request: Any, context: Any) -> Any:
        self.go.set()
        return pb.Movie()


async def forever() -> None:
    await asyncio.Event().wait()


async def deaf() -> None:
    """Miss the first cancellation."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


async def ends() -> None:
    await asyncio.sleep(0)


async def breaks() -> None:
    await asyncio.sleep(0)
    raise ValueError("a defect")


def closer(name: str) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        print("closed", name, flush=True)

    return close


HOW: dict[str, list[Callable[[], Coroutine[Any, Any, None]]]] = {
    "well": [forever, forever],
    "deaf": [deaf, forever],
    "ends": [ends],
    "ends-among-others": [forever, ends],
    "breaks": [breaks],
    "breaks-among-others": [forever, breaks],
}


async def run(settings: ServiceSettings, how: str) -> None:
    server = make_server()
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(Catalog(), server)
    name = pb.DESCRIPTOR.services_by_name["CatalogService"].full_name
    background = [work() for work in HOW[how]]
    await serve(settings, server, [name], background=background, closing=[closer("first"), closer("second")])


if __name__ == "__main__":
    how = sys.argv.pop(1)
    cli.main("program", "", ServiceSettings, lambda settings: run(settings, how), Path())
