"""A peer whose handshake takes long is waited for, not called anew again and again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc

from certificates import certificates
from services.chassis.wire import tls
from services.chassis.wire.calls import call, channel
from services.chassis.wire.tls import Certificate
from tests.gateway.fakes import FakeService
from tests.slow_line import slow_line

GET_SHOW = catalog_pb2.GetShowRequest(show_id="018f0000-0000-7000-8000-00000000000a")


def read(folder: Path, name: str) -> Certificate:
    return Certificate.read(*(folder / name / file for file in ("ca.pem", "cert.pem", "key.pem")))


@pytest.mark.parametrize("seconds", [0.15, 0.5])
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_the_first_call_over_a_slow_line_is_answered_and_all_go_over_one_connection(
    secure: bool, seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = None
    if secure:
        certificates.make(tmp_path)
        credentials = read(tmp_path, "inventory").server_credentials()
        monkeypatch.setattr(tls, "own", read(tmp_path, "booking"))
    service = FakeService("inventory", credentials=credentials)
    await service.start()
    try:
        async with (
            slow_line(f"127.0.0.1:{service.port}", seconds) as line,
            channel(line.address, "inventory") as to_inventory,
        ):
            get_show = catalog_pb2_grpc.CatalogServiceStub(to_inventory).GetShow
            await asyncio.gather(*(call(get_show, GET_SHOW, seconds=30) for _ in range(5)))
            await call(get_show, GET_SHOW, seconds=30)
            assert line.connections == 1
    finally:
        await service.stop()
