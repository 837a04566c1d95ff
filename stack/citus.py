"""PostgreSQL servers with the extension Citus: a coordinator and nodes, as docs/citus.md has them, on one machine.

The extension is not what `make env` installs: PG_BIN names the programs of an installation that has it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from databases import databases
from databases.databases import AUDITOR
from services.chassis.store.connections import ASKED
from stack import postgres
from stack.ports import LOOPBACK
from stack.postgres import SUPERUSER, Kind, Server

DATABASE = OWNER = "inventory"
"""The database whose tables are distributed, and the role whose they are."""
SCRIPT = Path(__file__).resolve().parent.parent / "docker" / "citus.sql"
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


def kind(programs: Path, number: int = 0) -> Kind:
    """Return what a node is: the coordinator, or the worker of a number from 1 up."""
    return Kind(f"postgres-{number}" if number else "postgres", programs, SETTINGS)


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
    for server in workers:
        with server.connect(DATABASE) as connection:
            _limit(connection)


def distribute(coordinator: Server, password: str) -> None:
    """Distribute inventory's tables that are not yet; `password` is that of their owner. After the migrations."""
    url = postgres.url(coordinator.port, DATABASE, OWNER, password)
    script = "\n".join(line for line in SCRIPT.read_text().splitlines() if not line.startswith("\\"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script.encode())


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


def _limit(connection: psycopg.Connection) -> None:
    """Have what a session of a service asks for hold on this worker too: sessions' settings do not reach it."""
    for name, value in ASKED.items():
        connection.execute(
            sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}").format(
                sql.Identifier(OWNER), sql.Identifier(DATABASE), sql.Identifier(name), sql.Literal(value)
            )
        )
