"""The shop: where it serves, and what it is told."""

from __future__ import annotations

import http.client
import os
import sys
from functools import partial
from pathlib import Path

from stack import ports, services
from stack.credentials import Credentials
from stack.ports import LOOPBACK
from stack.processes import Program
from stack.settings import PORT_STEP, ROOT, Settings

NAME = "web"
MODULE = "web"
CALLS = ("inventory", "booking", "payment", "identity", "notifications")
INHERITED = (
    *("DRAIN_SECONDS", "GRACE_SECONDS", "LOG_LEVEL", "MAX_SEATS_PER_USER", "MOST_REQUESTS", "PATH"),
    "SESSION_SECRET_PREVIOUS",
)
"""What it takes from the environment of `make run`."""


def names(settings: Settings) -> tuple[str, ...]:
    """Return what its processes are called: one for each replica of the services; none where there is no shop."""
    if settings.web == "off":
        return ()
    return tuple(f"{NAME}-{number + 1}" if number else NAME for number in range(settings.replicas))


def ports_of(settings: Settings) -> list[int]:
    """Return where each of its replicas serves."""
    return [settings.web_port + number * PORT_STEP for number in range(len(names(settings)))]


def addresses(settings: Settings) -> str:
    """Return the host:port of each of its replicas, commas between them; empty where there is no shop."""
    return ",".join(f"{LOOPBACK}:{port}" for port in ports_of(settings))


def programs(settings: Settings, credentials: Credentials) -> list[Program]:
    """Return how to run its replicas."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    told = {f"{name.upper()}_ADDRESS": services.addresses(settings, name) for name in CALLS}
    told |= {
        "ENVIRONMENT": "development",
        "AUTH": settings.auth,
        "HOST": LOOPBACK,
        "PUBLIC_URL": settings.public_url or services.public_url(settings),
        "SESSION_SECRET": credentials["session"],
        "no_grpc_proxy": LOOPBACK,
        **services.tls_files(settings, NAME),
    }
    return [
        Program(
            name=name,
            command=[Path(sys.executable), "-m", MODULE],
            environment={**inherited, **told, **_ports(settings, number)},
            healthy=partial(_is_up, settings, ports_of(settings)[number]),
            start_seconds=settings.start_seconds,
            folder=ROOT,
        )
        for number, name in enumerate(names(settings))
    ]


def _ports(settings: Settings, number: int) -> dict[str, str]:
    """Return the ports of a replica."""
    metrics_port = settings.web_metrics_port + number * PORT_STEP
    return {"PORT": str(ports_of(settings)[number]), "METRICS_PORT": str(metrics_port)}


def _is_up(settings: Settings, port: int) -> bool:
    """Tell whether a replica answers; where it speaks TLS only, whether it listens."""
    if settings.auth == "on":
        return ports.listens(port)
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
