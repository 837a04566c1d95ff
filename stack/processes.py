"""Child processes: start one, watch it, end it; none is ever left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from stack.errors import StackError

SHIM = Path(__file__).with_name("child.py")
POLL_SECONDS = 0.02
LOG_LIMIT_BYTES = 20_000_000
LAST_WORDS_BYTES = 4000


@dataclass(frozen=True)
class User:
    """A user of this machine to run something as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Program:
    """What to run as a child, and how it is told healthy and ended."""

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    healthy: Callable[[], bool] = lambda: True
    folder: Path = Path("/")
    user: User | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    # What it gets when the launcher itself is killed: at once and for certain, for nobody is left to look after it.
    orphan_signal: signal.Signals = signal.SIGKILL
    start_seconds: float = 30
    grace_seconds: float = 10
    handles: Sequence[int] = ()
    """What it is given beside its log."""


class Process(Protocol):
    """A process that this one has started, as subprocess.Popen has it."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def send_signal(self, sig: int, /) -> None: ...
    def wait(self) -> int: ...


def execute(program: Program, log: Path) -> Process:
    """Start a process of a program's own; its output is appended to the log."""
    user = program.user or User(-1, -1)
    numbers = (os.getpid(), program.orphan_signal.value, user.uid, user.gid)
    shim: list[str | Path] = [sys.executable, "-I", "-S", SHIM, *map(str, numbers)]
    with log.open("ab") as file:
        return subprocess.Popen(
            [*shim, *program.command],
            env=dict(program.environment),
            cwd=program.folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=program.handles,
        )


class Child:
    """A program's process, started as often as needed.

    The process is the leader of a session of its own, so a Ctrl-C on the terminal reaches the launcher only. On
    Linux it ends when the thread that started it ends, also by kill -9: start it from a thread that stays.
    `start` is how it is started.
    """

    def __init__(self, program: Program, logs: Path, start: Callable[[Program, Path], Process] = execute) -> None:
        self.program = program
        self.log = logs / f"{program.name}.log"
        self._start = start
        self._process: Process | None = None
        self._began = 0.0
        self._log_before = 0
        """How long the log was when the process was started."""

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int | None:
        """The process's id, or None if none was started yet."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def ending(self) -> str:
        """How the process ended, in words."""
        code = self._process.returncode if self._process else None
        if code is not None and code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"

    def spawn(self) -> None:
        """Start the process; its output is appended to the log."""
        _rotate(self.log)
        self._log_before = self.log.stat().st_size if self.log.exists() else 0
        self._began = time.monotonic()
        self._process = self._start(self.program, self.log)
        self.note()

    def note(self) -> None:
        """Write down the process's id for others to see; on a full disk they do not."""
        with contextlib.suppress(OSError):
            pid_file(self.log.parent, self.name).write_text(f"{self.pid}\n")

    def healthy(self) -> bool:
        return self.running and self.program.healthy()

    def is_done(self) -> bool:
        """Tell whether the process has ended well by itself; raise StackError if it failed or takes too long."""
        assert self._process is not None
        if self.running:
            if time.monotonic() - self._began > self.program.start_seconds:
                self.kill()
                raise StackError(f"{self.name} is not done after {self.limit}{self.last_words()}")
            return False
        if self._process.returncode != 0:
            raise StackError(f"{self.name} {self.ending}{self.last_words()}")
        return True

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.running:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End the process at once, with SIGKILL."""
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def last_words(self) -> str:
        """The last line that this process has logged, and where the log is, to go behind a complaint."""
        last = ""
        if self.log.exists():
            with self.log.open("rb") as log:
                log.seek(max(self._log_before, self.log.stat().st_size - LAST_WORDS_BYTES))
                lines = log.read().decode(errors="replace").split("\n")
            last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f": {last[:300]} (see {self.log})" if last else f" (see {self.log})"

    @property
    def limit(self) -> str:
        """How long the process may take to start, in words."""
        return f"{self.program.start_seconds:g} s (START_SECONDS gives it longer)"


def run_all(children: Iterable[Child], at_once: int = 1, *, done: Callable[[Child], None] = lambda child: None) -> None:
    """Run programs to their ends, some at once, and tell `done` of each; raise StackError as soon as one fails.

    None is left running.
    """
    waiting, going = list(children), list[Child]()
    pause = threading.Event()
    try:
        while waiting or going:
            while waiting and len(going) < at_once:
                going.append(waiting.pop(0))
                going[-1].spawn()
            for child in going.copy():
                if child.is_done():
                    going.remove(child)
                    done(child)
            pause.wait(POLL_SECONDS)
    finally:
        for child in going:
            child.kill()


def wait_healthy(children: Iterable[Child], *, healthy: Callable[[Child], None] = lambda child: None) -> None:
    """Wait until all of `children` are healthy, and tell `healthy` of each.

    Raise StackError as soon as one ends or takes too long.
    """
    waiting = list(children)
    pause = threading.Event()
    began = time.monotonic()
    while waiting:
        for child in waiting.copy():
            if not child.running:
                raise StackError(f"{child.name} {child.ending} while it started{child.last_words()}")
            if child.healthy():
                waiting.remove(child)
                healthy(child)
            elif time.monotonic() - began > child.program.start_seconds:
                raise StackError(f"{child.name} is not healthy after {child.limit}{child.last_words()}")
        if waiting:
            pause.wait(POLL_SECONDS)


def stop(children: Iterable[Child]) -> list[str]:
    """End `children` together: each is asked first and killed after its grace; return the names of the killed."""
    running = [child for child in children if child.running]
    for child in running:
        child.signal(child.program.stop_signal)
    killed = []
    began = time.monotonic()
    for child in running:
        left = began + child.program.grace_seconds - time.monotonic()
        if not wait_until(lambda child=child: not child.running, left):  # type: ignore[misc]  # binds the loop's child
            child.kill()
            killed.append(child.name)
    return killed


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait up to `seconds` until `condition` holds; return whether it does."""
    pause = threading.Event()
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        pause.wait(POLL_SECONDS)
    return True


def pid_file(logs: Path, name: str) -> Path:
    """Return the file that names the process of a child, made when it was started."""
    return logs / f"{name}.pid"


def living_name(pid: int) -> str | None:
    """Return the name of a process, "" where this system does not tell, or None if it has ended."""
    try:
        os.kill(pid, 0)
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except ProcessLookupError:
        return None
    except PermissionError:
        return ""
    except FileNotFoundError:
        return None if Path("/proc/self").exists() else ""
    return None if rest.startswith(" Z") else name  # a zombie has ended, though nobody has asked how


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
