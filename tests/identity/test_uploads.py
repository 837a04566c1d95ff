"""Who may send no file is refused before it has come, and a file has its bound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc
from google.api.httpbody_pb2 import HttpBody

from gateway.contracts import LARGEST_FILE_BYTES
from services.chassis.wire.identity import Guard
from services.chassis.wire.incoming import Incoming
from services.chassis.wire.keys import FetchedKeys
from services.chassis.wire.owners import ITSELF
from services.identity.keys.signing import SigningKey
from tests.gateway.fakes import status_of
from tests.identity import forge
from tests.identity.test_attacks import Source
from tests.patience import patient

IMPORT = "/boxoffice.inventory.v1.CatalogService/UploadHall"
OURS = "018f0000-0000-7000-8000-0000000000aa"
USER = "018f0000-0000-7000-8000-00000000000a"
KEY = SigningKey("one", forge.FOREIGN)


class Halls(catalog_pb2_grpc.CatalogServiceServicer):
    """Takes files."""

    async def UploadHall(self, request: Any, context: Any) -> catalog_pb2.Screen:
        return catalog_pb2.Screen(name=str(len(request.file.data)))


@asynccontextmanager
async def served(*, guarded: bool) -> AsyncIterator[grpc.aio.Channel]:
    guard = Guard(FetchedKeys(Source(KEY).fetch), {"venue_id": ITSELF}) if guarded else None
    room = [("grpc.max_receive_message_length", 2 * LARGEST_FILE_BYTES)]
    server = grpc.aio.server(interceptors=[Incoming(1, guard)], options=room)
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(Halls(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)


def token(**claims: Any) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {KEY.sign(forge.right(USER) | claims)}"),)


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ((), grpc.StatusCode.UNAUTHENTICATED),
        ((("authorization", "Bearer x.y.z"),), grpc.StatusCode.UNAUTHENTICATED),
        (token(), grpc.StatusCode.PERMISSION_DENIED),
        (token(organizations={OURS: "DOOR"}), grpc.StatusCode.PERMISSION_DENIED),
    ],
)
async def test_who_may_send_no_file_is_refused_before_it_has_come(metadata: Any, code: grpc.StatusCode) -> None:
    never = asyncio.Event()

    async def for_ever() -> AsyncIterator[bytes]:
        await never.wait()
        yield b""

    async with served(guarded=True) as channel:
        call: Any = channel.stream_unary(IMPORT)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(for_ever(), metadata=metadata, timeout=patient(10))
    assert refused.value.code() == code
    assert status_of(refused.value).details


async def test_who_may_is_held_to_whose_the_venue_is() -> None:
    async with served(guarded=True) as channel:
        stub: Any = catalog_pb2_grpc.CatalogServiceStub(channel)
        request = catalog_pb2.UploadHallRequest(venue_id=OURS, file=HttpBody(data=b"x"))
        assert (await stub.UploadHall(request, metadata=token(organizations={OURS: "MANAGER"}))).name == "1"
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stub.UploadHall(request, metadata=token(organizations={USER: "MANAGER"}))
    assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED


async def test_a_file_of_eight_mebibytes_is_taken_and_no_larger_one() -> None:
    async with served(guarded=False) as channel:
        stub: Any = catalog_pb2_grpc.CatalogServiceStub(channel)
        for extra in (0, 1, 2 * 1024 * 1024):
            data = b"x" * (LARGEST_FILE_BYTES + extra)
            request = catalog_pb2.UploadHallRequest(venue_id=OURS, file=HttpBody(data=data))
            if not extra:
                assert (await stub.UploadHall(request)).name == str(len(data))
                continue
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.UploadHall(request)
            assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert refused.value.details() == "The file is larger than 8 MiB: send a smaller one."


async def test_a_call_without_a_request_is_refused() -> None:
    async with served(guarded=False) as channel:
        call: Any = channel.stream_unary(IMPORT)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call(iter(()), timeout=patient(10))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
