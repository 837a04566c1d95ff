"""Ports of this machine: which are free."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from stack.errors import StackError

LOOPBACK = "127.0.0.1"


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
    busy = [f"{port} ({name})" for name, port in ports.items() if not is_free(port)]
    if len(busy) == 1:
        raise StackError(f"port {busy[0]} is in use: end what uses it, or set that variable to another port")
    if busy:
        raise StackError(f"ports {', '.join(busy)} are in use: end what uses them, or set other ports")


def choose(count: int) -> list[int]:
    """Return `count` different ports that are free right now, for tests."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
