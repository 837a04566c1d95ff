"""The gateway: a real Envoy with the configuration that `gateway.render` makes."""

from __future__ import annotations

import http.client
import importlib.util
import os
from pathlib import Path

from gateway.render import render
from stack.errors import StackError
from stack.ports import LOOPBACK
from stack.processes import Program
from stack.services import API, SERVICES, address
from stack.settings import Settings

PACKAGE = "envoy"
LARGEST_CONCURRENCY = 2
PROBE_SECONDS = 2.0


def program(settings: Settings) -> Program:
    """Write Envoy's configuration into the data folder and return how to run it.

    It is healthy when it says that every service is.
    """
    configuration = settings.data_dir / "envoy.yaml"
    addresses = {service.name: address(settings, service.name) for service in SERVICES}
    configuration.write_text(
        render(addresses, port=settings.gateway_port, admin_port=settings.envoy_admin_port, edge=settings.edge())
    )
    options = [
        # Without this a second Envoy on the machine takes the first one's place.
        "--disable-hot-restart",
        *("--concurrency", str(min(os.cpu_count() or 1, LARGEST_CONCURRENCY))),
        *("--file-flush-interval-msec", "200"),
        *("--log-level", "warning"),
    ]
    return Program(
        name="gateway",
        command=[executable(), "-c", configuration, *options],
        environment={"PATH": os.defpath},
        healthy=lambda: is_healthy(settings.gateway_port),
        start_seconds=settings.start_seconds,
    )


def executable() -> Path:
    """Return Envoy's program; raise StackError if it is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    program = Path(found.origin).parent / "_bin" / "envoy" if found and found.origin else None
    if program is None or not program.exists():
        raise StackError("Envoy is not installed: run `make clean env`")
    return program


def is_healthy(port: int) -> bool:
    """Ask the gateway once whether every service is healthy."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", f"{API}/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
