"""One gateway in front of fake services for all of these tests, and clients for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.patience import patient

if TYPE_CHECKING:
    import grpc
    import httpx

    from tests.gateway.fakes import Gateway, Services


@pytest.fixture(scope="package")
async def _services() -> AsyncIterator[Services]:
    from tests.gateway.fakes import started_services

    async with started_services() as services:
        yield services


@pytest.fixture(scope="package")
async def gateway(_services: Services, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """The gateway, with every service behind it healthy."""
    from tests.gateway.fakes import started_gateway

    async with started_gateway(tmp_path_factory.mktemp("gateway"), _services) as gateway:
        yield gateway


@pytest.fixture
async def services(_services: Services, rest: httpx.AsyncClient) -> Services:
    """The services behind the gateway, which remember nothing of other tests.

    They live in this process: while a test kept it busy, the gateway may have taken them for dead.
    """
    from tests.patience import eventually

    async def healthy() -> bool:
        return (await rest.get("/api/v1/health")).status_code == 200

    await eventually(healthy)
    _services.forget()
    return _services


@pytest.fixture(scope="package")
async def rest(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    import httpx

    async with httpx.AsyncClient(base_url=f"http://{gateway.address}", timeout=patient(10)) as client:
        yield client


@pytest.fixture(scope="package")
async def channel(gateway: Gateway) -> AsyncIterator[grpc.aio.Channel]:
    import grpc

    async with grpc.aio.insecure_channel(gateway.address) as channel:
        yield channel


@pytest.fixture
async def own_services() -> AsyncIterator[Services]:
    """Services for one test alone, which may stop them."""
    from tests.gateway.fakes import started_services

    async with started_services() as services:
        yield services


@pytest.fixture
async def own_gateway(own_services: Services, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway for one test alone."""
    from tests.gateway.fakes import started_gateway

    async with started_gateway(tmp_path, own_services) as gateway:
        yield gateway


@pytest.fixture
async def own_rest(own_gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    import httpx

    async with httpx.AsyncClient(base_url=f"http://{own_gateway.address}", timeout=patient(10), verify=False) as client:
        yield client
