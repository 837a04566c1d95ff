"""Import what the services import, once, and fork a process for each that is asked for.

usage: python -m stack.fork_server REQUESTS ANSWERS MODULE…   (two handles of pipes, by number)

This process has one thread, and its log and two pipes: it makes no socket, no event loop and no gRPC object, and draws
nothing at random. What it forks makes its own, so that no two processes share any.

A forked process becomes the launcher's child: it outlives the fork server, and not the launcher. Linux only.
"""

from __future__ import annotations

import ctypes
import gc
import os
import runpy
import signal
import sys
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypedDict

from stack.child import PR_SET_PDEATHSIG

READY = "ready"
"""What is answered once everything is imported."""

IMPORTED = "imported"
"""The name under which modules are run here: not `__main__`, so that they do nothing but import."""


class Request(TypedDict):
    """What to run, as `python -m MODULE …`; it is answered with the process's id, or None if there is none to be had.

    The other requests are a list of modules, to be imported as well until the next one that is None. Both are answered
    with READY.
    """

    command: list[str]
    environment: dict[str, str]
    folder: str
    log: str
    orphan_signal: int


def main() -> None:
    requests, answers = (Connection(int(number)) for number in sys.argv[1:3])
    # What is imported stays, and is not collected even once: that would leave holes in memory that is shared, and what
    # a process writes into a hole costs it the whole page.
    gc.disable()
    load(sys.argv[3:])
    request = serve(requests, answers)
    requests.close()
    answers.close()
    if request is not None:
        become(request)


def load(modules: Sequence[str]) -> None:
    """Import what these modules import; those that cannot be are left to say so in their own processes."""
    for module in modules:
        try:
            runpy.run_module(module, run_name=IMPORTED)
        except (Exception, SystemExit):
            traceback.print_exc()
    gc.freeze()


def serve(requests: Connection, answers: Connection) -> Request | None:
    """Answer requests; return in each process that was forked with what it is asked to be, else at the end."""
    launcher = os.getppid()
    answers.send(READY)
    while True:
        try:
            request: Request | list[str] | None = requests.recv()
        except EOFError:
            return None
        if request is None:
            os._exit(0)  # this is the process that has imported more
        if isinstance(request, dict):
            if fork(launcher, request, answers):
                return request
            continue
        # Another process does the work meanwhile, so that this one stays without these modules.
        if more := os.fork():
            os.waitpid(more, 0)
        else:
            end_with_parent(signal.SIGKILL)
            load(request)
        answers.send(READY)


def fork(launcher: int, request: Request, answers: Connection) -> bool:
    """Fork a process whose parent is the launcher, and which does not outlive it; return True in that process."""
    waiting, adopted = os.pipe()
    between = os.fork()
    if between:
        os.close(waiting)
        _, status = os.waitpid(between, 0)
        if status:
            answers.send(None)
        os.close(adopted)  # tells it that `between` has ended, and so that the launcher is its parent
        return False
    try:
        if os.fork():
            os._exit(0)
    except OSError:
        os._exit(1)
    os.close(adopted)
    os.read(waiting, 1)
    os.close(waiting)
    os.setsid()
    end_with_parent(request["orphan_signal"])
    if os.getppid() != launcher:
        os._exit(1)
    answers.send(os.getpid())
    return True


def end_with_parent(orphan_signal: int) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, orphan_signal, 0, 0, 0)


def become(request: Request) -> None:
    """Run a module as if this process had been started for it."""
    log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    for handle in (sys.stdout, sys.stderr):
        os.dup2(log, handle.fileno())
    os.close(log)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    rename(request["command"])
    gc.enable()
    _, _, module, *arguments = sys.orig_argv = request["command"]
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    # All that is left would be to free memory object by object, which first copies every page that is still shared.
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(0)


def rename(command: Sequence[str]) -> None:
    """Have `ps` and the like show this command, as far as there is room where they read it."""
    fields = Path("/proc/self/stat").read_bytes().rpartition(b") ")[2].split()
    begin, end = int(fields[45]), int(fields[46])  # arg_start, arg_end: see proc(5)
    shown = b"\0".join(map(os.fsencode, command))[: end - begin - 1]
    ctypes.memset(begin, 0, end - begin)
    ctypes.memmove(begin, shown, len(shown))


if __name__ == "__main__":
    main()
