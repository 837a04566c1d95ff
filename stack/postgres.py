"""The embedded PostgreSQL server: made once, started and stopped as a child, reached over loopback with a password.

It has no Unix socket: nobody needs one, and a long path (over 107 bytes) would refuse the start.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from certificates.files import write_private
from stack import places, ports
from stack.errors import StackError
from stack.processes import Child, Program, User, living_name, wait_healthy, wait_until

SUPERUSER = "postgres"
TEMPORARY_TRIES = 5
TEMPORARY_BYTES = 2 * 1024**3
ORPHAN_SECONDS = 30

SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "420",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_min_duration_statement": "500ms",
    # Slow statements are logged without their values, which may be anybody's.
    "log_parameter_max_length": "0",
}
# Commits are still written before they are answered, only not through to the disk: so a killed server, unlike a
# power cut, loses nothing, and tests may kill it. Passwords are random, which no iterations make harder to guess; by
# default, these take most of a client's time of a log-in.
HASTY = {"fsync": "off", "full_page_writes": "off", "scram_iterations": "1"}


@dataclass(frozen=True)
class Kind:
    """What tells a server from the one that is run by default: see stack/citus.py."""

    name: str = "postgres"
    programs: Path | None = None
    """The folder of another installation's programs."""
    settings: Mapping[str, str] = field(default_factory=dict)


PLAIN = Kind()


class Server:
    """A PostgreSQL server: its data in `data`/postgres, its log in `data`/logs, its superuser's password.

    `durable=False` makes it faster and is for tests: what it holds survives its own end, but not the machine's.
    """

    def __init__(self, data: Path, port: int, password: str, *, durable: bool = True, kind: Kind = PLAIN) -> None:
        self.data = data
        self.port = port
        self.durable = durable
        self.kind = kind
        self.password = password
        self._connection: psycopg.Connection | None = None

    @property
    def cluster(self) -> Path:
        """Where PostgreSQL's files really are; see `places`."""
        return (self.data / "postgres").resolve()

    def prepare(self) -> None:
        """Make the cluster if there is none yet; raise StackError if the folder holds something else.

        The caller sees to it that nobody else starts a server on this folder.
        """
        cluster = self.cluster
        for draft in cluster.parent.glob("postgres.draft-*"):
            _remove(draft)
        if self._is_missing(cluster):
            self._create()
        found = (self.cluster / "PG_VERSION").read_text().strip()
        if found != (version := places.version(self.kind.programs)):
            raise StackError(
                f"{self.cluster} was made by PostgreSQL {found}, this is {version}: set DATA_DIR to another folder"
            )

    def end_orphan(self) -> None:
        """See off a server that a killed launcher left on this cluster; on Linux it is on its way out already.

        Raise StackError if it will not go.
        """
        try:
            pid = int((self.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        if not _may_be_postgres(pid):
            # After a crash of the machine its number may be somebody else's, which would keep PostgreSQL from starting.
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)
            return
        os.kill(pid, signal.SIGINT)
        if not wait_until(lambda: not _may_be_postgres(pid), ORPHAN_SECONDS):
            raise StackError(f"an earlier PostgreSQL (process {pid}) still uses {self.cluster}: end it first")

    def program(self, start_seconds: float = 30) -> Program:
        """Return how to run the server, which may take so long to start; `prepare` comes first."""
        user = places.server_user(self.cluster)
        settings = SETTINGS | dict(self.kind.settings) | {"port": str(self.port)} | ({} if self.durable else HASTY)
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        return Program(
            name=self.kind.name,
            command=[places.programs(user, self.kind.programs) / "postgres", "-D", self.cluster, *options],
            environment=_environment(),
            healthy=self.answers,
            user=user,
            start_seconds=start_seconds,
            # SIGINT is PostgreSQL's fast shutdown: sessions are ended, nothing has to be recovered at the next start.
            stop_signal=signal.SIGINT,
            orphan_signal=signal.SIGINT,
            grace_seconds=30,
        )

    def url(self, database: str = SUPERUSER) -> str:
        """Return the URL of `database` for the superuser."""
        return url(self.port, database, SUPERUSER, self.password)

    def connect(self, database: str = SUPERUSER) -> psycopg.Connection:
        """Connect as the superuser, in autocommit mode."""
        return psycopg.connect(self.url(database), autocommit=True, connect_timeout=5)

    def create_database(self, name: str, *, template: str | None = None, owner: str | None = None) -> str:
        """Create a database, as a copy of `template` if given, and return its URL for the superuser.

        Nobody may be connected to the template meanwhile.
        """
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY {}").format(
            sql.Identifier(name),
            sql.Identifier(template or "template1"),
            sql.Identifier(owner or SUPERUSER),
            # Copying files is quicker where nothing waits for the disk; writing all to the log is where it does.
            sql.Identifier("wal_log" if self.durable else "file_copy"),
        )
        self._administer(statement)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, ending the sessions in it."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def many_databases(self) -> Iterator[None]:
        """Make and drop databases over one connection meanwhile; to log in takes half as long as to make one."""
        with self.connect() as connection:
            self._connection = connection
            try:
                yield
            finally:
                self._connection = None

    def _administer(self, statement: sql.Composed) -> None:
        if self._connection is not None:
            self._connection.execute(statement)
            return
        with self.connect() as connection:
            connection.execute(statement)

    def answers(self) -> bool:
        """Tell whether the server takes connections; raise StackError if it does not know the password."""
        try:
            self.connect().close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise StackError(
                    f"the password in {self.data / 'credentials.json'} is not that of {self.cluster}: "
                    "put the file that belongs to it back"
                ) from None
            return False
        return True

    def _is_missing(self, cluster: Path) -> bool:
        try:
            if (cluster / "PG_VERSION").exists():
                return False
            if not cluster.parent.is_dir():
                raise StackError(
                    f"{self.data / 'postgres'} leads to {cluster}, which is gone: put it back, or remove the link"
                )
            if cluster.exists() and any(cluster.iterdir()):
                raise StackError(f"{cluster} is not PostgreSQL's: move it away, or set DATA_DIR to another folder")
        except PermissionError:
            raise StackError(
                f"{cluster} belongs to another user: start as that user, or set DATA_DIR to another folder"
            ) from None
        return True

    def _create(self) -> None:
        """Make the cluster in a draft folder and rename it when it is complete: there is all of it, or nothing."""
        cluster = self.cluster
        user = places.server_user(cluster)
        initdb = places.programs(user, self.kind.programs) / "initdb"
        cluster = places.cluster_folder(self.data, user)
        draft = Path(tempfile.mkdtemp(dir=cluster.parent, prefix="postgres.draft-"))
        password_file = draft.with_name(draft.name + ".password")
        try:
            write_private(password_file, self.password + "\n")
            if user is not None:
                os.chown(draft, user.uid, user.gid)
                os.chown(password_file, user.uid, user.gid)
            self._initdb(initdb, draft, password_file, user)
            if cluster.exists():
                cluster.rmdir()
            draft.rename(cluster)
            _sync_folder(cluster.parent)
        finally:
            password_file.unlink(missing_ok=True)
            shutil.rmtree(draft, ignore_errors=True)

    def _initdb(self, initdb: Path, folder: Path, password_file: Path, user: User | None) -> None:
        command: list[str | Path] = [initdb, "-D", folder, "-U", SUPERUSER, "--pwfile", password_file]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--no-instructions", "--locale=C"]
        if not self.durable:
            command += ["--no-sync", "--set", f"scram_iterations={HASTY['scram_iterations']}"]
        who: dict[str, Any] = {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}
        made = subprocess.run(command, env=_environment(), cwd="/", capture_output=True, text=True, **who)
        if made.returncode != 0:
            lines = (made.stderr.strip() or made.stdout.strip()).splitlines() or ["no reason given"]
            # What went wrong comes before what initdb did about it.
            reason = next((line for line in lines if "FATAL: " in line or "error: " in line), lines[-1])
            raise StackError(
                f"cannot make the databases' folder {self.cluster}: {reason.partition('FATAL: ')[2] or reason}"
            )


def url(port: int, database: str, role: str, password: str) -> str:
    """Return the URL of a database on this machine."""
    return f"postgresql://{role}:{quote(password, safe='')}@{ports.LOOPBACK}:{port}/{database}"


@contextmanager
def temporary_server() -> Iterator[Server]:
    """Run a server of one's own for tests: a free port, a temporary folder, nothing durable; all gone at the end.

    It ends when the thread that entered ends, also by kill -9.
    """
    # Not pytest's tmp_path: that is closed to other users, and root runs PostgreSQL as another user.
    data = Path(tempfile.mkdtemp(prefix="boxoffice-postgres-", dir=memory()))
    data.chmod(0o711)
    child: Child | None = None
    try:
        server = Server(data, ports.choose(1)[0], secrets.token_urlsafe(24), durable=False)
        server.prepare()
        for left in reversed(range(TEMPORARY_TRIES)):
            child = Child(server.program(), data)
            child.spawn()
            try:
                wait_healthy([child])
                break
            except StackError:
                # Somebody may have taken the port since it was chosen.
                child.kill()
                if not left:
                    raise
                server.port = ports.choose(1)[0]
        yield server
    finally:
        if child is not None:
            # Nothing in it is worth an orderly end.
            child.signal(signal.SIGQUIT)
            if not wait_until(lambda: not child.running, 5):
                child.kill()
        shutil.rmtree(data, ignore_errors=True)


def memory() -> Path | None:
    """Return a file system in memory if there is one with room: copying a database takes 8 ms there, not 350."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > TEMPORARY_BYTES
    return memory if roomy else None


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _may_be_postgres(pid: int) -> bool:
    return living_name(pid) in ("postgres", "")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
