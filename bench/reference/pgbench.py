"""pgbench, as it comes with the embedded PostgreSQL: a load of SQL that costs its generator next to nothing."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.measure import GENERATOR, Latencies, Result, ran
from bench.world import World
from stack import places
from stack.errors import StackError
from stack.postgres import Server

MICROSECONDS = 1e-6
CONNECT_SECONDS = 1
"""What pgbench gets on top: its time begins before its clients are connected. Its rate does not count that."""
LATENCY_COLUMN = 2


def run(
    world: World,
    script: str,
    database: str,
    *,
    clients: int,
    seconds: float = 0,
    transactions: int = 0,
    each: int = 1,
    variables: Mapping[str, int] | None = None,
    options: str = "",
) -> Result:
    """Run a script with prepared statements, for some time or so many times in all; `each` is what one run of it does.

    `options` are settings of its sessions. Raise StackError if it fails.
    """
    server = world.stack.server
    limit = ["-T", str(math.ceil(seconds + CONNECT_SECONDS))] if seconds else ["-t", str(transactions // clients)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "script.sql").write_text(script)
        command: list[str | Path] = [places.programs(places.server_user(server.cluster)) / "pgbench"]
        command += ["-n", "-M", "prepared", "-f", folder / "script.sql", *limit]
        command += ["-c", str(clients), "-j", str(min(clients, 2)), "--log", f"--log-prefix={folder / 'log'}"]
        for variable, value in (variables or {}).items():
            command += ["-D", f"{variable}={value}"]
        world.settle()
        world.meter.start()
        environment = {"PATH": os.defpath, "LC_ALL": "C", "PGOPTIONS": options}
        output, used = ran([*command, server.url(database)], environment)
        usage = world.meter.stop()
        latencies = [
            int(line.split()[LATENCY_COLUMN]) * MICROSECONDS
            for log in folder.glob("log.*")
            for line in log.read_text().splitlines()
        ]
    return Result(
        done=len(latencies) * each,
        seconds=_seconds(output, len(latencies)),
        latencies=Latencies.from_seconds(latencies),
        usage=usage | {GENERATOR: used},
        tool="pgbench",
    )


def execute(server: Server, database: str, script: str) -> None:
    """Run the statements of a script one by one, each of which ends with its line."""
    with server.connect(database) as connection:
        for statement in filter(str.strip, script.split(";\n")):
            connection.execute(statement.encode())


def _seconds(output: str, transactions: int) -> float:
    """Return how long the transactions took, without connecting, from the rate that pgbench tells."""
    for line in output.splitlines():
        if line.startswith("tps = "):
            return transactions / float(line.split()[2])
    raise StackError(f"pgbench tells no rate: {output[-800:]}")
