"""Stacks of the tests' own. They begin with databases that are migrated already.

To migrate five databases takes longer than to start all the rest. So the first test that wants a stack makes a cluster
and migrates what is in it, and every stack begins with a copy, whichever worker starts it. How databases are made where
there are none is shown in tests/stack, by stacks that begin with nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from certificates.files import write_private
from databases.databases import DATABASES, provision
from roster import SERVICES
from services.chassis.store.migrate import migrate
from stack import credentials, postgres
from stack.errors import StackError
from stack.launcher import Stack, temporary_settings
from stack.postgres import Server, temporary_server
from stack.supervisor import STEADY_SECONDS, Say
from tests.conftest import SHARED

STARTS = 3
PASSWORD = "password"
AT_ANY_PACE = {"hold_pace_milliseconds": 1_000}
"""On a machine that is full, holds take longer than their pace, and the gateway would refuse those of tests."""


@contextmanager
def started(
    *,
    auth: Literal["on", "off"],
    replicas: int = 1,
    environments: Mapping[str, Mapping[str, str]] | None = None,
    say: Say = lambda line: None,
    steady_seconds: float = STEADY_SECONDS,
    keep: Callable[[], bool] = lambda: False,
    **settings: Any,
) -> Iterator[Stack]:
    """Run a stack in a temporary folder, in memory if there is room; all of it is gone at the end.

    If it fails, or `keep` says so, the folder stays, for its logs.
    """
    for left in reversed(range(STARTS)):
        folder = _folder()
        chosen = temporary_settings(folder, replicas=replicas, auth=auth).model_copy(update=AT_ANY_PACE | settings)
        if not chosen.nodes:
            begin_with_databases(folder)
        stack = Stack(chosen, environments=environments, say=say, steady_seconds=steady_seconds)
        try:
            stack.start()
            break
        except StackError as error:
            # Somebody may have taken a port since it was chosen.
            if not left or "in use" not in str(error):
                raise
            shutil.rmtree(folder)
    try:
        yield stack
    finally:
        stack.stop()
    if not keep():
        shutil.rmtree(folder)


def begin_with_databases(folder: Path) -> None:
    """Give a stack's data folder a cluster of its own whose databases are migrated, and the password to it."""
    shared = Path(os.environ[SHARED])
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / PASSWORD).exists():
            _make(shared)
    _copy(shared / "postgres", folder / "postgres")
    write_private(folder / credentials.FILE, json.dumps({"postgres": (shared / PASSWORD).read_text()}))


def migrate_all(server: Server, passwords: Mapping[str, str]) -> None:
    """Make roles and databases and bring each to its newest form, as the role that owns it."""
    provision(server, passwords)
    for service in SERVICES:
        url = postgres.url(server.port, service.database, service.owner, passwords[service.owner])
        migrate(service.name, service.migrations.parent, url)


def _folder() -> Path:
    # Not pytest's tmp_path: that is closed to other users, and root runs PostgreSQL as another user.
    folder = Path(tempfile.mkdtemp(prefix="boxoffice-stack-", dir=postgres.memory()))
    folder.chmod(0o711)
    return folder


def _make(shared: Path) -> None:
    with temporary_server() as server:
        migrate_all(server, {role: secrets.token_urlsafe(24) for role in DATABASES})
        server.end_orphan()  # in order: what is copied is whole
        _copy(server.cluster, shared / "postgres")
        (shared / PASSWORD).write_text(urlsplit(server.url()).password or "")


def _copy(cluster: Path, copy: Path) -> None:
    """Copy a cluster with its owner, who is another user where root runs the tests."""
    subprocess.run(["cp", "-Rp", cluster, copy], check=True)
