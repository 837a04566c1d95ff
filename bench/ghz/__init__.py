"""ghz, a load-tester for gRPC, where it is installed. Its configurations here serve any deployment: see README.md."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.measure import GENERATOR, OK, Latencies, Result, Usage, ran
from bench.shops import CONNECTIONS, Target
from bench.world import Purchase, World
from certificates import certificates
from gateway.contracts import DESCRIPTOR

HERE = Path(__file__).parent
CREATE_BOOKING = "create-booking.json"
NANOSECONDS = 1e-9


def find() -> str | None:
    """Return where ghz is, on PATH or where Go installs programs; None if it is not."""
    folders = [os.environ.get("PATH", os.defpath)]
    if gobin := os.environ.get("GOBIN"):
        folders.append(gobin)
    folders += [str(Path(root, "bin")) for root in (os.environ.get("GOPATH"), Path.home() / "go") if root]
    return shutil.which("ghz", path=os.pathsep.join(folders))


def create_bookings(world: World, program: str, wanted: Sequence[Purchase], clients: int) -> Result:
    """Have ghz create bookings, as bench.stories.book does."""
    data = [
        {"user_id": one.user, "show_id": one.show, "show_seat_ids": list(one.seats), "idempotency_key": str(uuid4())}
        for one in wanted
    ]
    limits = ["--total", str(len(wanted)), "--max-duration", f"{world.seconds:g}s", "--duration-stop", "wait"]
    # To look for templates in the data takes ghz a third of its time, and there are none.
    limits += ["--disable-template-functions", "--disable-template-data"]
    limits += _shown(world.target, "booking")
    summary, usage = run(world, program, HERE / CREATE_BOOKING, world.target.booking, data, clients, limits)
    return _result(summary, usage)


def _shown(target: Target, service: str) -> list[str]:
    """Return the options by which ghz says who calls, where that is asked."""
    if target.tls is None:
        return []
    own = target.tls / certificates.OPERATOR
    files = [f"--cacert={own / 'ca.pem'}", f"--cert={own / 'cert.pem'}", f"--key={own / 'key.pem'}"]
    name = f"--cname={service}{certificates.SUFFIX}"
    return ["--no-insecure", *files, name, "--metadata", json.dumps(target.bearer)]


def run(
    world: World,
    program: str,
    configuration: Path,
    host: str,
    data: Sequence[object],
    clients: int,
    options: Sequence[str] = (),
) -> tuple[dict[str, Any], dict[str, Usage]]:
    """Run ghz on one of the configurations; return its report and what everybody used."""
    with tempfile.TemporaryDirectory() as name:
        data_file, report = Path(name, "data.json"), Path(name, "report.json")
        data_file.write_text(json.dumps(data))
        command: list[str | Path] = [program, "--config", configuration, "--protoset", DESCRIPTOR]
        command += ["--data-file", data_file, "--concurrency", str(clients)]
        command += ["--connections", str(min(clients, CONNECTIONS)), *options, "--format", "json", "--output", report]
        world.settle()
        world.meter.start()
        _, used = ran([*command, host])
        usage = world.meter.stop()
        summary: dict[str, Any] = json.loads(report.read_text())
    return summary, usage | {GENERATOR: used}


def _result(summary: dict[str, Any], usage: dict[str, Usage]) -> Result:
    details = summary.get("details") or []
    outcomes = Counter(OK if call["status"] == "OK" else str(call["status"]) for call in details)
    return Result(
        done=outcomes.pop(OK, 0),
        seconds=summary["total"] * NANOSECONDS,
        latencies=Latencies.from_seconds([call["latency"] * NANOSECONDS for call in details if call["status"] == "OK"]),
        errors=outcomes,
        usage=usage,
        tool="ghz",
    )
