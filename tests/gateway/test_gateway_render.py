"""The rendered configuration: Envoy itself judges it."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.contracts import DESCRIPTOR, public_methods
from gateway.edge import Edge
from gateway.envoy import envoy_command
from gateway.render import CLUSTERS, render

HERE = dict.fromkeys(CLUSTERS, "127.0.0.1:16051")
CONTAINERS = {name: f"{name}:16051" for name in CLUSTERS}
REPLICAS = dict.fromkeys(CLUSTERS, "10.0.0.1:16051, 10.0.0.2:16052,[::1]:16053")


def cluster(config: str, name: str) -> Any:
    return next(each for each in _loaded(config)["static_resources"]["clusters"] if each["name"] == name)


@pytest.mark.parametrize("addresses", [HERE, CONTAINERS, REPLICAS], ids=["here", "containers", "replicas"])
async def test_envoy_takes_the_configuration_without_a_word(addresses: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "envoy.yaml"
    config.write_text(render(addresses, port=8001, admin_port=16081, host="0.0.0.0"))
    envoy = await asyncio.create_subprocess_exec(
        *envoy_command(config, "--mode", "validate"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output, _ = await envoy.communicate()
    assert envoy.returncode == 0, output.decode()
    # Warnings would name deprecated fields.
    assert "warning" not in output.decode()


def test_nothing_is_without_an_end() -> None:
    config = _loaded(render(HERE, port=1, admin_port=2, edge=Edge(cors_origins=("https://app.example",))))
    (listener,) = config["static_resources"]["listeners"]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    assert {"request_headers_timeout", "request_timeout", "stream_idle_timeout"} <= set(manager)
    (host,) = manager["route_config"]["virtual_hosts"]
    files = {method.path for method in public_methods(DESCRIPTOR.read_bytes()) if method.uploads}
    for route in host["routes"]:
        if "direct_response" in route:
            continue
        # A stream ends when nothing is said for as long as stream_idle_timeout, and has limits of its own.
        is_stream = route["route"].get("priority") == "HIGH"
        # Who may wait, says so; a file may take half a minute to come.
        longest = 31 if route["match"].get("headers") else 41 if route["match"].get("path") in files else 10
        assert is_stream or 0 < float(route["route"]["timeout"].removesuffix("s")) < longest, route
    for cluster in config["static_resources"]["clusters"]:
        for threshold in cluster["circuit_breakers"]["thresholds"]:
            assert {"max_connections", "max_pending_requests", "max_requests", "retry_budget"} <= set(threshold)
        assert cluster["common_lb_config"]["healthy_panic_threshold"] == {"value": 0}
        assert not cluster["outlier_detection"]["always_eject_one_host"]


async def printed(addresses: dict[str, str], *more: str, **environment: str) -> str:
    """Return what the command line prints. The services of other tests answer meanwhile, as they must."""
    options = [word for name, address in addresses.items() for word in (f"--{name}", address)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.render", *options, *more),
        env={"PATH": os.defpath, **environment},
        stdout=subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


async def test_what_is_chosen_can_come_from_the_environment() -> None:
    origins = ("https://a.example", "https://b.example")
    edge = Edge(rate_limit_per_second=7, trusted_proxies=1, cors_origins=origins, hold_pace_milliseconds=40)
    chosen = {"RATE_LIMIT_PER_SECOND": "7", "TRUSTED_PROXIES": "1", "HOLD_PACE_MILLISECONDS": "40"}
    shown = await printed(HERE, **chosen, CORS_ORIGINS="https://a.example, https://b.example")
    assert shown == render(HERE, port=8001, admin_port=16081, edge=edge)
    unset = await printed(HERE, RATE_LIMIT_PER_SECOND="", CORS_ORIGINS="")
    assert unset == render(HERE, port=8001, admin_port=16081)


@pytest.mark.parametrize("collector", ["http://127.0.0.1:4317", "http://[::1]:4317", "http://jaeger:4317"])
async def test_envoy_takes_a_collector_and_a_port_for_metrics(collector: str, tmp_path: Path) -> None:
    config = tmp_path / "envoy.yaml"
    config.write_text(render(HERE, port=8001, admin_port=16081, metrics_port=9464, otlp_endpoint=collector))
    envoy = await asyncio.create_subprocess_exec(
        *envoy_command(config, "--mode", "validate"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output, _ = await envoy.communicate()
    assert envoy.returncode == 0, output.decode()


def test_nothing_is_traced_and_no_metrics_are_told_unless_asked_for() -> None:
    config = render(HERE, port=1, admin_port=2)
    assert not [word for word in ("opentelemetry", "collector", "TRACE_ID", "/stats/prometheus") if word in config]
    assert [listener["name"] for listener in _loaded(config)["static_resources"]["listeners"]] == ["public"]


@pytest.mark.parametrize("collector", ["jaeger:4317", "https://jaeger:4317", "http://jaeger", "http://jaeger:x"])
def test_what_is_not_a_collectors_address_is_refused(collector: str) -> None:
    with pytest.raises(ValueError, match="address"):
        render(HERE, port=1, admin_port=2, otlp_endpoint=collector)


def test_addresses_become_endpoints() -> None:
    fixed = cluster(render(REPLICAS, port=1, admin_port=2), "booking")
    endpoints = fixed["load_assignment"]["endpoints"][0]["lb_endpoints"]
    where = [endpoint["endpoint"]["address"]["socket_address"] for endpoint in endpoints]
    assert [(address["address"], address["port_value"]) for address in where] == [
        ("10.0.0.1", 16051),
        ("10.0.0.2", 16052),
        ("::1", 16053),
    ]
    assert fixed["type"] == "STATIC"
    named = cluster(render(CONTAINERS, port=1, admin_port=2), "booking")
    assert named["cluster_type"]["name"] == "envoy.cluster.dns"


def test_the_admin_page_stays_on_this_machine_unless_told_otherwise() -> None:
    config = _loaded(render(HERE, port=1, admin_port=2, host="0.0.0.0"))
    assert config["admin"]["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 2}


@pytest.mark.parametrize("address", ["", "host", "host:", ":1", "host:0", "host:65536", "host:x", "a:1,,b:2"])
def test_what_is_not_an_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        render({**HERE, "bank": address}, port=1, admin_port=2)


async def test_the_command_line_prints_the_same() -> None:
    shown = await printed(CONTAINERS, "--host", "0.0.0.0", "--descriptor", "/etc/d.binpb")
    expected = render(CONTAINERS, port=8001, admin_port=16081, host="0.0.0.0", descriptor=Path("/etc/d.binpb"))
    assert shown == expected


def _loaded(config: str) -> Any:
    return yaml.load(config, yaml.CSafeLoader)
