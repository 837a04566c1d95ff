"""A Citus cluster of the tests' own: a coordinator and two workers, which a test may kill."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from databases.databases import DATABASES
from roster import named
from services.chassis.store.migrate import migrate
from stack import citus, postgres
from stack.postgres import SUPERUSER
from stack.settings import Settings
from tests.chassis.own_server import PASSWORD, OwnServer

WORKERS = 2


@dataclass(frozen=True)
class Cluster:
    """The servers, and the way to inventory's tables, which are distributed."""

    coordinator: OwnServer
    workers: list[OwnServer]

    @property
    def url(self) -> str:
        return self.url_of(self.coordinator)

    def url_of(self, node: OwnServer) -> str:
        """Return how inventory's role reaches its database on a node."""
        return postgres.url(node.server.port, citus.DATABASE, citus.OWNER, PASSWORD)


@contextmanager
def running(programs: Path) -> Iterator[Cluster]:
    """Run a cluster with inventory's tables; all of it is gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="boxoffice-citus-", dir=postgres.memory()))
    folder.chmod(0o711)
    settings = Settings.model_construct(pg_bin=programs, nodes=WORKERS)
    servers: list[OwnServer] = []
    try:
        for number in range(WORKERS + 1):
            data = folder / str(number)
            data.mkdir(mode=0o711)
            servers.append(OwnServer(data, citus.kind(settings, number)))
        coordinator, *workers = servers
        passwords = dict.fromkeys([*DATABASES, SUPERUSER], PASSWORD)
        citus.join(coordinator.server, [worker.server for worker in workers], passwords)
        cluster = Cluster(coordinator, workers)
        migrate("inventory", named("inventory").folder / "migrations", cluster.url)
        citus.distribute([server.server for server in servers], PASSWORD)
        yield cluster
    finally:
        for server in servers:
            with suppress(FileNotFoundError):  # it is down already
                server.kill()
        shutil.rmtree(folder, ignore_errors=True)
