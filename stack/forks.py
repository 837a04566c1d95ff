"""The fork server, as the launcher has it: services share one import of what they run, in time and in memory."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

from stack import fork_server
from stack.errors import StackError
from stack.processes import POLL_SECONDS, Child, Process, Program
from stack.settings import ROOT

NAME = "fork-server"
CAN_FORK = sys.platform == "linux"

FORK_SECONDS = 5.0
"""How long a process waits to be forked; after that it is executed, as whoever starts it has others to look after."""
"""Whether this system gives a process to another one, and ends it with its parent. Elsewhere services are executed."""
PR_SET_CHILD_SUBREAPER = 36


class ForkServer(Child):
    """A process that has imported `modules` and forks others from there."""

    def __init__(self, modules: Sequence[str], logs: Path, start_seconds: float) -> None:
        program = Program(NAME, [], os.environ, self._is_ready, ROOT, start_seconds=start_seconds)
        super().__init__(program, logs)
        self._modules = modules
        self._asking = threading.Lock()
        self._requests: Connection[Any, Any]
        self._answers: Connection[Any, Any]
        self._ready = False

    def spawn(self) -> None:
        with self._asking:
            requests, self._requests = Pipe(duplex=False)
            self._answers, answers = Pipe(duplex=False)
            self._ready = False
            with requests, answers:
                handles = (requests.fileno(), answers.fileno())
                command = [sys.executable, "-m", fork_server.__name__, *map(str, handles), *self._modules]
                self.program = replace(self.program, command=command, handles=handles)
                super().spawn()

    def fork(self, program: Program, log: Path) -> Process:
        """Start a process of a program that is `python -m MODULE`; raise StackError if there is none to be had.

        Python reads its own variables at its start, so where the program has others than this process, there is none.
        """
        if not _pythons_own(program.environment) <= _pythons_own(os.environ):
            raise StackError(f"{program.name} has variables of Python's own: it cannot be forked")
        request = fork_server.Request(
            command=[str(word) for word in program.command],
            environment=dict(program.environment),
            folder=str(program.folder),
            log=str(log),
            orphan_signal=program.orphan_signal,
        )
        with self._asking:
            self._await_ready(FORK_SECONDS)
            with _adopting():
                pid = self._ask(request, FORK_SECONDS)
        if pid is None:
            raise StackError(f"{self.name} cannot fork{self.last_words()}")
        return Forked(pid)

    @contextmanager
    def with_modules(self, modules: Sequence[str]) -> Iterator[None]:
        """Have processes that are forked meanwhile share these modules too; where that fails, each imports them."""
        self._try(list(modules))
        try:
            yield
        finally:
            self._try(None)

    def _try(self, message: list[str] | None) -> None:
        with self._asking, suppress(StackError):
            self._await_ready(self.program.start_seconds)
            self._ask(message, self.program.start_seconds)

    def _ask(self, message: fork_server.Request | list[str] | None, seconds: float) -> Any:
        try:
            self._requests.send(message)
            if self._answers.poll(seconds):
                return self._answers.recv()
        except (EOFError, OSError):
            raise StackError(f"{self.name} has ended{self.last_words()}") from None
        self.kill()  # what it answered later would be taken for the answer to another question
        raise StackError(f"{self.name} did not answer in {seconds:g} s{self.last_words()}")

    def _await_ready(self, seconds: float) -> None:
        if not self._is_ready_in(seconds):
            raise StackError(f"{self.name} is not ready{self.last_words()}")

    def _is_ready(self) -> bool:
        if not self._asking.acquire(blocking=False):
            return self._ready
        try:
            return self._is_ready_in(0)
        finally:
            self._asking.release()

    def _is_ready_in(self, seconds: float) -> bool:
        with suppress(EOFError, OSError):
            self._ready = self._ready or (self._answers.poll(seconds) and self._answers.recv() == fork_server.READY)
        return self._ready


class Forked:
    """A process that the fork server has made; it is this one's child."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._asking = threading.Lock()

    def poll(self) -> int | None:
        with self._asking:
            if self.returncode is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, sig: int, /) -> None:
        with self._asking:
            if self.returncode is None:
                os.kill(self.pid, sig)

    def wait(self) -> int:
        while (code := self.poll()) is None:
            time.sleep(POLL_SECONDS)
        return code


_ADOPTING = threading.Lock()


@contextmanager
def _adopting() -> Iterator[None]:
    """Have processes whose parents end become children of this one.

    Only while one is awaited: all that this process's other children leave behind would have to be asked how it ended.
    """
    prctl = ctypes.CDLL(None).prctl
    with _ADOPTING:
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        try:
            yield
        finally:
            prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _pythons_own(environment: Mapping[str, str]) -> set[tuple[str, str]]:
    return {(name, value) for name, value in environment.items() if name.startswith("PYTHON")}
