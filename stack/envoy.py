"""The gateway: a real Envoy with the configuration that `gateway.render` makes."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

from gateway.tls import Files
from roster import SERVICES
from stack import services, web
from stack.errors import StackError
from stack.ports import LOOPBACK
from stack.processes import Program
from stack.services import API, addresses
from stack.settings import Settings

PACKAGE = "envoy"
LARGEST_CONCURRENCY = 2
PROBE_SECONDS = 2.0
OLD_SECONDS = 7
"""How long an Envoy that was replaced goes on with what it has begun; longer than a call may take."""
HOT = sys.platform == "linux"
"""Whether an Envoy can hand its listening sockets to the next, so that no connection is lost between them."""
SHARED_MEMORY = Path("/dev/shm")


def program(settings: Settings, epoch: int = 0) -> Program:
    """Write Envoy's configuration into the data folder and return how to run it.

    `epoch` counts those that replaced one another, the first is 0. It is healthy when it, and not the one before,
    answers, and says that every service is.
    """
    from gateway.render import render  # only here: others only ask a gateway how it is

    configuration = settings.data_dir / "envoy.yaml"
    places = {service.name: addresses(settings, service.name) for service in SERVICES} | {
        "web": web.addresses(settings)
    }
    text = render(
        places,
        port=settings.gateway_port,
        admin_port=settings.envoy_admin_port,
        edge=settings.edge(),
        metrics_port=settings.gateway_metrics_port,
        otlp_endpoint=settings.otlp_endpoint,
        tls_files=tls_files(settings),
    )
    configuration.write_text(text)
    options = [
        *(_hot_restart(settings, epoch) if HOT else ["--disable-hot-restart"]),
        *("--concurrency", str(min(os.cpu_count() or 1, LARGEST_CONCURRENCY))),
        *("--file-flush-interval-msec", "200"),
        *("--log-level", "warning"),
    ]
    return Program(
        name="gateway",
        command=[executable(), "-c", configuration, *options],
        environment={"PATH": os.defpath},
        healthy=lambda: _is_live(settings.envoy_admin_port, epoch) and is_healthy(settings.gateway_port),
        start_seconds=settings.start_seconds,
    )


def tls_files(settings: Settings) -> Files | None:
    """Return what the gateway shows to services; None where AUTH is off."""
    files = services.tls_files(settings, "gateway")
    return Files(files["TLS_CA_FILE"], files["TLS_CERT_FILE"], files["TLS_KEY_FILE"]) if files else None


def _hot_restart(settings: Settings, epoch: int) -> list[str]:
    return [
        # Without an id of its own a second Envoy on the machine would take the first one's place.
        *("--base-id", str(_base_id(settings))),
        *("--restart-epoch", str(epoch)),
        # One that died is started again as it was, and finds nobody to take over from.
        "--skip-hot-restart-on-no-parent",
        *("--drain-time-s", str(OLD_SECONDS - 1), "--drain-strategy", "immediate"),
        *("--parent-shutdown-time-s", str(OLD_SECONDS)),
    ]


def _base_id(settings: Settings) -> int:
    """Return what names this gateway's shared memory on this machine: another port's or user's is another."""
    return settings.gateway_port + 65_536 * (os.geteuid() % 6_000)


def forget(settings: Settings) -> None:
    """Remove what Envoys of this gateway shared; none of them runs any more."""
    if HOT:
        (SHARED_MEMORY / f"envoy_shared_memory_{_base_id(settings) * 10}").unlink(missing_ok=True)


def executable() -> Path:
    """Return Envoy's program; raise StackError if it is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    program = Path(found.origin).parent / "_bin" / "envoy" if found and found.origin else None
    if program is None or not program.exists():
        raise StackError("Envoy is not installed: run `make clean env`")
    return program


def is_healthy(port: int) -> bool:
    """Ask the gateway once whether every service is healthy."""
    return _ask(port, f"{API}/health") is not None


def sees_all(settings: Settings) -> bool:
    """Tell whether the gateway knows every replica to be healthy."""
    page = _ask(settings.envoy_admin_port, "/clusters?format=json")
    hosts = [host for cluster in page["cluster_statuses"] for host in cluster.get("host_statuses", [])] if page else []
    return bool(hosts) and all(host["health_status"].keys() == {"eds_health_status"} for host in hosts)


def _is_live(admin_port: int, epoch: int) -> bool:
    """Tell whether the Envoy of this epoch is the one that answers."""
    page = _ask(admin_port, "/server_info")
    return bool(page and page["state"] == "LIVE" and page["command_line_options"].get("restart_epoch", 0) == epoch)


def _ask(port: int, path: str) -> Any:
    """Ask for a JSON page once; return None where it is not to be had."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return json.loads(answer.read()) if answer.status == 200 else None
    except (OSError, ValueError, http.client.HTTPException):
        return None
    finally:
        connection.close()
