"""The controller of fault points: services that were told its address ask it, at every point, how to go on."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self

from tests.patience import eventually

HOLD = "hold"


@dataclass(frozen=True, order=True)
class Point:
    """A fault point."""

    service: str
    operation: str
    kind: str
    detail: str

    def __str__(self) -> str:
        return f"{self.service}: {self.operation}: {self.kind}" + (f" {self.detail}" if self.detail else "")


Where = Callable[[Point], bool]
"""Tells whether a point is meant."""


def at(service: str, operation: str, kind: str, detail: str = "") -> Where:
    """Mean the points with these names; of several operations where `operation` ends in *."""

    def is_meant(point: Point) -> bool:
        prefix = operation.removesuffix("*")
        named = point.operation.startswith(prefix) if prefix != operation else point.operation == operation
        return named and (point.service, point.kind) == (service, kind) and detail in ("", point.detail)

    return is_meant


@dataclass(eq=False)
class Fault:
    """What is to happen at a point, the so-manieth time that it is reached."""

    where: Where
    do: str
    occurrence: int
    seen: int = 0
    point: Point | None = None
    """Where it happened."""
    pid: int = 0
    _go_on: Callable[[str], None] = field(default=lambda do: None)

    @property
    def fired(self) -> bool:
        """Whether it has happened."""
        return self.point is not None

    async def reached(self, within_seconds: float | None = None) -> None:
        """Wait until it has happened."""

        async def look() -> bool:
            return self.fired

        await eventually(look, within_seconds)

    def release(self, do: str = "go") -> None:
        """Let a step that is held go on, or do something else to it."""
        self._go_on(do)


class Controller:
    """Listens on loopback, in threads of its own: services wait for it while a test does something else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._traces: list[list[Point]] = []
        controller = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                controller._wires.append(self.connection)
                controller._listen(self.rfile, self.wfile)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler, bind_and_activate=True)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._wires: list[socket.socket] = []

    @property
    def address(self) -> str:
        """The FAULTS_ADDRESS of services."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self.hang_up()
        self._server.server_close()

    def hang_up(self) -> None:
        """Leave all services."""
        for wire in self._wires:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def recording(self) -> Iterator[list[Point]]:
        """Note the points that are reached, in order."""
        trace: list[Point] = []
        with self._lock:
            self._traces.append(trace)
        try:
            yield trace
        finally:
            with self._lock:
                self._traces.remove(trace)

    @contextmanager
    def fault(self, where: Where, do: str, occurrence: int = 1) -> Iterator[Fault]:
        """Let something happen, once, the so-manieth time that a point is reached: kill, reset, late or hold."""
        fault = Fault(where, do, occurrence)
        with self._lock:
            self._faults.append(fault)
        try:
            yield fault
        finally:
            with self._lock:
                self._faults.remove(fault)
            fault.release()

    def _listen(self, lines: Any, answers: Any) -> None:
        # It may be killed in the middle of a line.
        with suppress(OSError, ValueError):
            hello = json.loads(lines.readline())
            for line in lines:
                self._reached(hello, json.loads(line), answers)

    def _reached(self, hello: dict[str, Any], message: dict[str, Any], answers: Any) -> None:
        point = Point(hello["service"], message["operation"], message["kind"], message["detail"])

        def go_on(do: str) -> None:
            with suppress(OSError, ValueError):  # it may have ended meanwhile
                answers.write(json.dumps({"id": message["id"], "do": do}).encode() + b"\n")

        with self._lock:
            for trace in self._traces:
                trace.append(point)
            do = "go"
            for fault in self._faults:
                if not fault.fired and fault.where(point):
                    fault.seen += 1
                    if fault.seen == fault.occurrence:
                        fault.pid, fault._go_on, fault.point = hello["pid"], go_on, point
                        do = fault.do
        if do != HOLD:
            go_on(do)


def numbered(trace: list[Point]) -> list[tuple[Point, int]]:
    """Return each point of a trace with the so-manieth time that it was reached."""
    seen: Counter[Point] = Counter()
    places = []
    for point in trace:
        seen[point] += 1
        places.append((point, seen[point]))
    return places
