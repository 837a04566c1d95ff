"""The gateway's image: its configuration is good for Envoy, and its script stops Envoy without cutting a call."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from boxoffice.inventory.v1 import catalog_pb2

import roster
from gateway.envoy import envoy_binary
from gateway.render import CLUSTERS, SHOP, render
from stack.ports import choose
from stack.settings import Settings as StackSettings
from tests.compose.support import ROOT, certificates_making, gateway_copying, gateway_rendering, options, stages
from tests.gateway.fakes import FakeService, Services
from tests.patience import eventually, patient

LIST_SHOWS = "/boxoffice.inventory.v1.CatalogService/ListShows"


@pytest.fixture(scope="module")
def configuration() -> Any:
    """The image's configuration, rendered by the Dockerfile's own command."""
    command = [sys.executable, "-m", *gateway_rendering()]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return yaml.safe_load(done.stdout)


def test_envoy_takes_it(configuration: Any, tmp_path: Path) -> None:
    text = yaml.safe_dump(configuration)
    static = options(gateway_rendering())["static-folder"]
    *copying, folder = gateway_copying()
    assert f"--from=configuration {folder} {static}" in stages()["gateway"].all("COPY")
    subprocess.run([sys.executable, "-m", *copying, tmp_path / "static"], cwd=ROOT, check=True)
    text = text.replace(static, str(tmp_path / "static"))
    # The stage that makes the configuration makes certificates to try it with.
    *making, folder = certificates_making()
    subprocess.run([sys.executable, "-m", *making, tmp_path / "tls"], cwd=ROOT, check=True)
    [validation] = stages()["gateway"].all("RUN")
    assert validation.startswith(f"--mount=type=bind,from=configuration,source={folder}/gateway,target=/tls ")
    text = text.replace(" /tls/", f" {tmp_path}/tls/gateway/")
    inside = options(gateway_rendering())["descriptor"]
    assert text.count(inside) == 4, "in the transcoder, and for each path that takes files"
    (sources,) = [sources for sources, target in stages()["gateway"].copies() if target == inside]
    assert sources == ["gateway/descriptor.binpb"]
    file = tmp_path / "envoy.yaml"
    file.write_text(text.replace(inside, str(ROOT / sources[0])))
    command = [envoy_binary(), "--mode", "validate", "--config-path", file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=patient(60))
    assert done.returncode == 0, done.stderr


def test_replicas_are_found_by_name(configuration: Any) -> None:
    # One leads from the gateway to itself, and one to its admin; those who wait, search or send files have their own.
    clusters = [
        one for one in configuration["static_resources"]["clusters"] if one["name"] not in ("identity-jwks", "admin")
    ]
    assert {cluster["name"] for cluster in clusters} == {
        *(*CLUSTERS, SHOP),
        "booking-watching",
        *("inventory-searches", "inventory-uploads", "notifications-uploads"),
    }
    for cluster in clusters:
        dns = cluster["cluster_type"]["typed_config"]
        assert dns["@type"].endswith(".DnsCluster")
        # Every address that the name has is a host of its own: not one picked for all, which this would be.
        assert not dns.get("all_addresses_in_single_endpoint")
        [[endpoint]] = [locality["lb_endpoints"] for locality in cluster["load_assignment"]["endpoints"]]
        place = endpoint["endpoint"]["address"]["socket_address"]
        name = cluster["name"].partition("-")[0]
        assert (place["address"], place["port_value"]) == (
            name,
            StackSettings.model_construct().web_port if name == SHOP else roster.named(name).port,
        )


def test_admin_listens_inside_the_container_only(configuration: Any) -> None:
    assert configuration["admin"]["address"]["socket_address"]["address"] == "127.0.0.1"


class Container:
    """The image's script with the rest of its folder, as far as it goes without an engine."""

    def __init__(self, folder: Path, services: Services) -> None:
        self.port, admin_port = choose(2)
        self.script = folder / "gateway.sh"
        shutil.copy(ROOT / "docker" / "gateway.sh", self.script)
        (folder / "envoy.yaml").write_text(render(services.addresses, port=self.port, admin_port=admin_port))
        self.environment = {
            "PATH": f"{envoy_binary().parent}:{os.defpath}",
            "GATEWAY_PORT": str(self.port),
            "ENVOY_ADMIN_PORT": str(admin_port),
        }

    async def run(self, *arguments: str) -> Process:
        return await asyncio.create_subprocess_exec(
            self.script, *arguments, env=self.environment, stdout=asyncio.subprocess.PIPE
        )

    async def health(self) -> int:
        """Return the exit code of the image's health check."""
        process = await self.run("health")
        await process.communicate()
        return process.returncode or 0

    async def is_healthy(self) -> bool:
        return await self.health() == 0


@pytest.fixture
async def services() -> AsyncIterator[Services]:
    services = Services({name: FakeService(name) for name in CLUSTERS})
    await services.start()
    yield services
    await services.stop()


@asynccontextmanager
async def running(container: Container) -> AsyncIterator[Process]:
    process = await container.run()
    try:
        await eventually(container.is_healthy)
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), patient(15))


async def test_it_is_healthy_while_every_service_is(services: Services, tmp_path: Path) -> None:
    container = Container(tmp_path, services)
    assert await container.health() != 0
    async with running(container):
        await services["bank"].stop()
        await eventually(lambda: _unhealthy(container))


async def test_a_call_under_way_is_ended_before_it_stops(services: Services, tmp_path: Path) -> None:
    begun = asyncio.Event()
    finish = asyncio.Event()

    async def slow(request: Any, context: Any) -> Any:
        begun.set()
        await finish.wait()
        return catalog_pb2.ListShowsResponse(next_page_token="done")

    services["inventory"].answers[LIST_SHOWS] = slow
    container = Container(tmp_path, services)
    async with running(container) as process, httpx.AsyncClient(timeout=patient(10)) as client:
        call = asyncio.create_task(client.get(f"http://127.0.0.1:{container.port}/api/v1/shows"))
        await begun.wait()
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)  # it would be cut at once
        assert process.returncode is None
        finish.set()
        answer = await call
        assert answer.json()["nextPageToken"] == "done"
        await asyncio.wait_for(process.communicate(), patient(5))
        assert process.returncode == 0


async def test_it_ends_with_envoy(services: Services, tmp_path: Path) -> None:
    container = Container(tmp_path, services)
    (tmp_path / "envoy.yaml").write_text("nonsense: true\n")
    process = await container.run()
    await asyncio.wait_for(process.communicate(), patient(10))
    assert process.returncode == 1


async def _unhealthy(container: Container) -> bool:
    return not await container.is_healthy()
