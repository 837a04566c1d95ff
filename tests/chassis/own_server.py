"""A PostgreSQL server of its own, which a test may kill."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stack import ports
from stack.postgres import PLAIN, Kind, Server
from stack.processes import Child, wait_healthy, wait_until
from tests.patience import patient

PASSWORD = "open sesame"


class OwnServer:
    """A server that a test may kill. What it holds would not survive the machine, but survives the process."""

    def __init__(self, folder: Path, kind: Kind = PLAIN) -> None:
        self.server = Server(folder, ports.choose(1)[0], PASSWORD, durable=False, kind=kind)
        self.server.prepare()
        self.child = Child(self.server.program(), folder)
        self.start()

    def start(self) -> None:
        self.child.spawn()
        wait_healthy([self.child])

    def kill(self) -> None:
        """Kill the postmaster; its sessions end when they notice."""
        postmaster = int((self.server.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        sessions = _children(postmaster)
        os.kill(postmaster, signal.SIGKILL)
        assert wait_until(lambda: not any(_is_alive(pid) for pid in sessions), patient(20))
        self.child.kill()


def _children(parent: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(") ")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def running() -> Iterator[OwnServer]:
    """Run a server in a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="boxoffice-test-"))
    folder.chmod(0o711)
    own = OwnServer(folder)
    try:
        yield own
    finally:
        own.kill()
        shutil.rmtree(folder)
