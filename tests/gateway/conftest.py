"""One gateway in front of fake services for all of these tests, and clients for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import httpx
import pytest

from gateway.render import CLUSTERS, render
from tests.gateway.fakes import FakeService, Gateway, Services, eventually


@pytest.fixture(scope="session")
async def _services() -> AsyncIterator[Services]:
    services = Services({name: FakeService(name) for name in CLUSTERS})
    await services.start()
    yield services
    await services.stop()


@pytest.fixture(scope="session")
async def gateway(_services: Services, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """The gateway, with every service behind it healthy."""
    gateway = Gateway(tmp_path_factory.mktemp("gateway"), render(_services.addresses, port=0, admin_port=0))
    await gateway.start()
    yield gateway
    await gateway.stop()


@pytest.fixture
async def services(_services: Services, rest: httpx.AsyncClient) -> Services:
    """The services behind the gateway, which remember nothing of other tests.

    They live in this process: while a test kept it busy, the gateway may have taken them for dead.
    """

    async def healthy() -> bool:
        return (await rest.get("/api/v1/health")).status_code == 200

    await eventually(healthy)
    _services.forget()
    return _services


@pytest.fixture(scope="session")
async def rest(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://{gateway.address}") as client:
        yield client


@pytest.fixture(scope="session")
async def channel(gateway: Gateway) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(gateway.address) as channel:
        yield channel


@pytest.fixture
async def own_services() -> AsyncIterator[Services]:
    """Services for one test alone, which may stop them."""
    services = Services({name: FakeService(name) for name in CLUSTERS})
    await services.start()
    yield services
    await services.stop()


@pytest.fixture
async def own_gateway(own_services: Services, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway for one test alone."""
    gateway = Gateway(tmp_path, render(own_services.addresses, port=0, admin_port=0))
    await gateway.start()
    yield gateway
    await gateway.stop()


@pytest.fixture
async def own_rest(own_gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://{own_gateway.address}") as client:
        yield client
