"""Ports of this machine: which are free."""

from __future__ import annotations

import errno
import os
import random
import socket
from collections.abc import Mapping

from stack.errors import StackError
from stack.processes import wait_until

LOOPBACK = "127.0.0.1"
PASSING_SECONDS = 1.0
# Below the ports that systems give to outgoing connections (docs/adr/0023), and apart from those of `make run`.
CHOICE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Tell whether nobody listens on `port` of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def listens(port: int) -> bool:
    """Tell whether somebody listens on `port` of the loopback address."""
    with socket.socket() as probe:
        probe.settimeout(PASSING_SECONDS)
        return probe.connect_ex((LOOPBACK, port)) == 0


def require_free(ports: Mapping[str, int]) -> None:
    """Raise StackError naming those of `ports` (by the name of their variable) that are in use."""
    if closed := [f"{port} ({name})" for name, port in ports.items() if not _is_allowed(port)]:
        raise StackError(f"only root may listen on port {', '.join(closed)}: set another, 1024 or above")
    # What has just ended may still be letting go of its ports.
    wait_until(lambda: all(map(is_free, ports.values())), PASSING_SECONDS)
    busy = {name: port for name, port in ports.items() if not is_free(port)}
    listed = ", ".join(f"{port} ({name})" for name, port in busy.items())
    if len(busy) == 1:
        [(name, port)] = busy.items()
        variable = name.partition(" ")[0]
        raise StackError(
            f"port {listed} is in use: end what uses it, or set that variable to another port, "
            f"for example {variable}={_other(port, ports)} make run"
        )
    if busy:
        raise StackError(f"ports {listed} are in use: end what uses them, or set other ports (README: Configuration)")


def _is_allowed(port: int) -> bool:
    """Tell whether this user may listen on `port` at all."""
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error.errno != errno.EACCES
        return True


def _other(port: int, ports: Mapping[str, int]) -> int:
    """Return a free port near to one that is in use, and none of `ports`."""
    return next(other for other in range(port + 1, 65_536) if other not in ports.values() and is_free(other))


def choose(count: int, *, replicas: int = 1, step: int = 0) -> list[int]:
    """Return `count` different ports that are free right now, for tests; and so are those of their replicas.

    Test processes that run side by side (pytest-xdist says which is which) choose from different ones: between now and
    the moment when a stack listens, the other one may look as well.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    mine = CHOICE[worker * len(CHOICE) // workers : (worker + 1) * len(CHOICE) // workers]
    chosen: list[int] = []
    taken: set[int] = set()
    for port in random.sample(mine, len(mine)):
        own = {port + number * step for number in range(replicas)}
        if max(own) in mine and not own & taken and all(map(is_free, own)):
            chosen.append(port)
            taken |= own
        if len(chosen) == count:
            break
    return chosen
