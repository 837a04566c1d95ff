"""Which stack runs from a data folder, as anybody can see from outside: its launcher, its ports, its processes.

The launcher keeps the folder's `lock` locked as long as it lives; in it are its id and what it was started with.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from databases.databases import AUDITOR
from stack import credentials, envoy, forks, mails, ports, postgres, services, web
from stack.errors import StackError
from stack.ports import LOOPBACK
from stack.postgres import Server
from stack.processes import living_name, pid_file
from stack.settings import PORT_STEP, Settings

LOCK = "lock"
LOGS = "logs"
LOCK_LIMIT_BYTES = 4096


@dataclass(frozen=True)
class Launcher:
    """The process that runs a stack, and what it runs it with."""

    pid: int
    since: float
    settings: Settings


@dataclass(frozen=True)
class Process:
    """One process of a running stack. `pid` and `since` are None while it is down."""

    name: str
    address: str
    healthy: bool
    pid: int | None
    since: float | None


def note(handle: int, settings: Settings) -> None:
    """Write into the lock file, which the caller has locked, who runs the stack, on which ports."""
    numbers = settings.ports() | {"REPLICAS": settings.replicas, "NODES": settings.nodes}
    facts = {**numbers, "AUTH": settings.auth, "WEB": settings.web}
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n{json.dumps(facts)}\n".encode(), 0)


def holder(handle: int) -> str:
    """Return the process id that the lock file names."""
    return os.pread(handle, LOCK_LIMIT_BYTES, 0).decode(errors="replace").partition("\n")[0].strip()


def find(settings: Settings) -> Launcher | None:
    """Return the launcher of the stack that runs from the data folder of `settings`, or None if none does.

    Ports are those it was started with, whatever the environment says now. Raise StackError if the folder
    cannot be looked into, or what is locked there is not a stack.
    """
    lock = settings.data_dir / LOCK
    try:
        handle = os.open(lock, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StackError(f"cannot look into {lock}: {error.strerror}") from None
    try:
        text = os.pread(handle, LOCK_LIMIT_BYTES, 0).decode(errors="replace")
        pid, since = _number(text.partition("\n")[0]), os.fstat(handle).st_mtime
        # First whether it lives, so that a lock is tried, which for an instant takes it, only where somebody has it.
        if pid is None or living_name(pid) is None or not _is_locked(handle) or not _holds(pid, lock):
            return None
    finally:
        os.close(handle)
    try:
        facts = {name.lower(): value for name, value in json.loads(text.partition("\n")[2]).items()}
        return Launcher(pid, since, Settings.model_validate({**facts, "data_dir": settings.data_dir}))
    except (ValueError, AttributeError):
        raise StackError(f"{lock} does not say on which ports process {pid} runs a stack: end that process") from None


def auditors_way(settings: Settings) -> Callable[[str], str]:
    """Return how role `audit` reaches the databases of a running stack: a function from their names to URLs."""
    password = credentials.load(settings.data_dir / credentials.FILE)[AUDITOR]
    return lambda database: postgres.url(settings.postgres_port, database, AUDITOR, password)


def processes(launcher: Launcher) -> list[Process]:
    """Look at every process of a running stack, PostgreSQL first and the gateway last."""
    settings = launcher.settings
    server = Server(
        settings.data_dir,
        settings.postgres_port,
        credentials.load(settings.data_dir / credentials.FILE)["postgres"],
    )
    gateway = f"{services.public_url(settings)}{services.API}"
    replicas, tls = services.replicas(settings), settings.tls()
    logs = settings.data_dir / LOGS
    return [
        _look(logs, "postgres", f"{LOOPBACK}:{settings.postgres_port}", server.answers),
        *(
            _look(logs, f"postgres-{number + 1}", f"{LOOPBACK}:{at}", partial(ports.listens, at))
            for number in range(1, settings.nodes + 1)
            for at in [settings.postgres_port + number * PORT_STEP]
        ),
        *([_look(logs, forks.NAME, "-", lambda: True)] if forks.CAN_FORK else []),
        *(
            _look(logs, one.name, at, partial(services.is_serving, at, one.service.name, tls))
            for one, at in ((one, one.address(settings)) for one in replicas)
        ),
        _look(logs, mails.NAME, f"{LOOPBACK}:{settings.mail_sink_port}", mails.program(settings).healthy),
        *(
            _look(logs, name, f"{LOOPBACK}:{at}", partial(ports.listens, at))
            for name, at in zip(web.names(settings), web.ports_of(settings), strict=True)
        ),
        _look(logs, "gateway", gateway, partial(envoy.is_healthy, settings.gateway_port)),
    ]


def pids(launcher: Launcher) -> dict[str, int]:
    """Return the ids that the services' processes and the gateway's were last started with, by name."""
    settings = launcher.settings
    names = [*(one.name for one in services.replicas(settings)), *web.names(settings), "gateway"]
    found = {name: _pid(pid_file(settings.data_dir / LOGS, name)) for name in names}
    return {name: pid for name, pid in found.items() if pid is not None}


def _pid(file: Path) -> int | None:
    try:
        return _number(file.read_text())
    except OSError:
        return None


def _look(logs: Path, name: str, address: str, healthy: Callable[[], bool]) -> Process:
    file = pid_file(logs, name)
    try:
        pid, since = _number(file.read_text()), file.stat().st_mtime
    except OSError:
        pid, since = None, 0.0
    if pid is None or living_name(pid) is None:
        return Process(name, address, healthy=False, pid=None, since=None)
    return Process(name, address, healthy(), pid, since)


def _number(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() else None


def _is_locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(handle, fcntl.LOCK_UN)
    return False


def _holds(pid: int, lock: Path) -> bool:
    """Tell whether a process has the lock file open; where this system does not tell, that it is locked is enough."""
    handles = Path(f"/proc/{pid}/fd")
    if not Path("/proc/self").exists():
        return True
    try:
        return any(_leads_to(handle, lock) for handle in handles.iterdir())
    except PermissionError:
        raise StackError(f"the stack in {lock.parent} is another user's (process {pid}): ask as that user") from None
    except FileNotFoundError:
        return False


def _leads_to(handle: Path, file: Path) -> bool:
    try:
        return handle.samefile(file)
    except OSError:
        return False
