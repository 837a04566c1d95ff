"""PostgreSQL servers with the extension Citus: a coordinator and nodes, as docs/citus.md has them, on one machine.

The extension is not what `make env` installs: PG_BIN names the programs of an installation that has it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from databases import databases
from databases.databases import AUDITOR
from stack import postgres
from stack.errors import StackError
from stack.ports import LOOPBACK
from stack.postgres import SUPERUSER, Kind, Server
from stack.processes import Program
from stack.settings import PORT_STEP, ROOT, Settings

DATABASE = OWNER = "inventory"
"""The database whose tables are distributed, and the role whose they are."""
SCRIPT = ROOT / "docker" / "citus.sql"
LIMITS = ROOT / "docker" / "citus_worker.sql"
ENVIRONMENT = {"SHOWS_PER_TRANSACTION": "1", "PLAN_CACHE_MODE": "force_custom_plan", "SEAT_LANES": "12"}
"""What inventory is told where its tables are distributed."""
SETTINGS = {
    "shared_preload_libraries": "citus",
    # Shards move by logical replication.
    "wal_level": "logical",
    # What writes on several nodes is prepared on each.
    "max_prepared_transactions": "200",
    "max_worker_processes": "32",
    # Nodes of this machine speak without TLS, as all of it does to PostgreSQL.
    "citus.node_conninfo": "sslmode=prefer",
    # What a coordinator that died has prepared is ended after five seconds.
    "citus.recover_2pc_interval": "5s",
}


def has_extension(programs: Path) -> bool:
    """Tell whether an installation of PostgreSQL has Citus."""
    try:
        asked = subprocess.run([programs / "pg_config", "--sharedir"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return (Path(asked.stdout.strip()) / "extension" / "citus.control").exists()


def kind(settings: Settings, number: int = 0) -> Kind:
    """Return what a server is: the only one or the coordinator, or the worker of a number from 1 up."""
    name = f"postgres-{number + 1}" if number else "postgres"
    return Kind(name, settings.pg_bin, SETTINGS if settings.nodes else {})


def servers(settings: Settings, password: str) -> list[Server]:
    """Return a stack's server, or its coordinator and then the workers; raise StackError if there cannot be any."""
    if settings.nodes and not (settings.pg_bin and has_extension(settings.pg_bin)):
        raise StackError("NODES needs Citus: let PG_BIN name the programs of a PostgreSQL that has the extension")
    numbers = range(settings.nodes + 1)
    return [
        Server(
            settings.data_dir / f"node-{number}" if number else settings.data_dir,
            settings.postgres_port + number * PORT_STEP,
            password,
            durable=settings.postgres_durable,
            kind=kind(settings, number),
        )
        for number in numbers
    ]


def workers(settings: Settings) -> list[str]:
    """Return the names of a stack's workers."""
    return [kind(settings, number).name for number in range(1, settings.nodes + 1)]


def end_orphans(servers: Sequence[Server]) -> None:
    """See off what a killed launcher left; see Server.end_orphan."""
    for server in servers:
        server.end_orphan()


def prepared(servers: Sequence[Server], start_seconds: float) -> list[Program]:
    """Make the servers' files where there are none yet, and return how to run each."""
    for server in servers:
        server.data.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        server.prepare()
    return [server.program(start_seconds) for server in servers]


def provision(servers: Sequence[Server], passwords: Mapping[str, str]) -> None:
    """Make roles and databases, and one cluster of several servers."""
    if len(servers) == 1:
        databases.provision(servers[0], passwords)
    else:
        join(servers[0], servers[1:], passwords)


def join(coordinator: Server, workers: Sequence[Server], passwords: Mapping[str, str]) -> None:
    """Make the servers one cluster, as often as one likes; `passwords` of the roles are the same on all.

    Before the migrations, so that all that they make is known to all.
    """
    servers = (coordinator, *workers)
    for server in servers:
        databases.provision(server, passwords)
        _let_in(server, {**passwords, SUPERUSER: server.password})
    with coordinator.connect(DATABASE) as connection:
        connection.execute("SELECT citus_set_coordinator_host(%s, %s)", [LOOPBACK, coordinator.port])
        for worker in workers:
            connection.execute("SELECT citus_add_node(%s, %s)", [LOOPBACK, worker.port])


def distribute(servers: Sequence[Server], password: str) -> None:
    """Distribute inventory's tables over a cluster, as far as they are not; `password` is that of their owner."""
    if len(servers) == 1:
        return
    coordinator = servers[0]
    url = postgres.url(coordinator.port, DATABASE, OWNER, password)
    script = "\n".join(line for line in SCRIPT.read_text().splitlines() if not line.startswith("\\"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())
    for worker in servers[1:]:
        with worker.connect(DATABASE) as connection:
            connection.execute(LIMITS.read_text().encode())


def _let_in(server: Server, passwords: Mapping[str, str]) -> None:
    """Make the extension, and tell this node how to log in to all others."""
    with server.connect(DATABASE) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS citus")
        for role in (SUPERUSER, OWNER, AUDITOR):
            connection.execute(
                "INSERT INTO pg_dist_authinfo VALUES (0, %s, %s)"
                " ON CONFLICT (nodeid, rolename) DO UPDATE SET authinfo = excluded.authinfo",
                [role, make_conninfo(password=passwords[role])],
            )
