"""A service with a real contract whose one answer tests choose, and what a refused call was told."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import catalog_pb2_grpc
from google.rpc import error_details_pb2, status_pb2

from tests.servers import served

EVENT = str(uuid4())
Stub = catalog_pb2_grpc.CatalogServiceStub
Answer = Callable[[Any, Any], Awaitable[Any]]


class Catalog(catalog_pb2_grpc.CatalogServiceServicer):
    """A catalogue whose every method does what the test says, and remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[Any] = []

    async def _answer(self, request: Any, context: Any) -> Any:
        self.requests.append(request)
        return await self.answer(request, context)

    GetEvent = ListEvents = CreateVenue = CreateScreen = CreateShow = GetVenue = _answer


@asynccontextmanager
async def catalog(answer: Answer) -> AsyncIterator[tuple[Any, Catalog]]:
    """Serve a catalogue; give a stub for it and its servicer."""
    servicer = Catalog(answer)
    async with served(
        lambda server: catalog_pb2_grpc.add_CatalogServiceServicer_to_server(servicer, server)
    ) as channel:
        yield Stub(channel), servicer


def raising(error: BaseException) -> Answer:
    async def answer(request: Any, context: Any) -> Any:
        raise error

    return answer


async def nothing(request: Any, context: Any) -> Any:
    return pb.Event() if isinstance(request, pb.GetEventRequest) else pb.Venue()


async def refused(calling: Awaitable[Any]) -> tuple[grpc.aio.AioRpcError, status_pb2.Status]:
    """Await a call that must fail; return the error, and the status in its details."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await calling
    for key, value in caught.value.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            assert status.code == caught.value.code().value[0]
            assert status.message == caught.value.details()
            return caught.value, status
    return caught.value, status_pb2.Status()


def details(status: status_pb2.Status) -> tuple[error_details_pb2.ErrorInfo, error_details_pb2.BadRequest]:
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
    return info, bad
