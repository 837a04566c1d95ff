"""Ports of this machine: which are free."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Mapping

from stack.errors import StackError
from stack.processes import wait_until

LOOPBACK = "127.0.0.1"
PASSING_SECONDS = 1.0
# Below the ports that systems give to outgoing connections. In that range a client that tries again and again while a
# server restarts can be given the very port it calls: it is then connected to itself, and the server's port is taken.
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


def require_free(ports: Mapping[str, int]) -> None:
    """Raise StackError naming those of `ports` (by the name of their variable) that are in use."""
    # Ports above 32767 may be taken for a moment by anybody's outgoing connection.
    wait_until(lambda: all(map(is_free, ports.values())), PASSING_SECONDS)
    busy = [f"{port} ({name})" for name, port in ports.items() if not is_free(port)]
    if len(busy) == 1:
        raise StackError(f"port {busy[0]} is in use: end what uses it, or set that variable to another port")
    if busy:
        raise StackError(f"ports {', '.join(busy)} are in use: end what uses them, or set other ports")


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
