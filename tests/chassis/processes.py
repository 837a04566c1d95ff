"""Services as processes of their own: started, asked for their health, stopped."""

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.chassis.process import settings
from stack import ports
from tests.patience import patient

ROOT = Path(__file__).parents[2]
SECONDS = patient(20)
SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ1Njc4"


def secrets_for(module: str) -> dict[str, str]:
    """Return a value for each secret, besides its database, that a service has no default for."""
    kind: Any = importlib.import_module(f"{module}.settings").Settings
    own = [name for name in settings.secrets(kind) if kind.model_fields[name].is_required()]
    return {name.upper(): SECRET for name in own if name != "database_url"}


@dataclass
class Process:
    """A service's process and what it said."""

    process: asyncio.subprocess.Process
    port: int
    lines: list[str] = field(default_factory=list)

    async def ends(self) -> int:
        """Wait until it has ended; return its exit code."""
        async with asyncio.timeout(SECONDS):
            await self._read()
            return await self.process.wait()

    async def says(self, what: str) -> str:
        """Wait until it says `what`; return the line."""
        async with asyncio.timeout(SECONDS):
            while not any(what in line for line in self.lines):
                assert await self._read_line(), f"it never said {what}: {self.output}"
        return next(line for line in self.lines if what in line)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    async def _read_line(self) -> bool:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if line:
            self.lines.append(line.decode().rstrip("\n"))
        return bool(line)

    async def _read(self) -> None:
        while await self._read_line():
            pass


@asynccontextmanager
async def started(*arguments: str, port: int | None = None, **environment: str) -> AsyncIterator[Process]:
    """Start `python -m ARGUMENTS` with these settings and no others, output and errors together."""
    chosen = ports.choose(1)[0] if port is None else port
    given = {"PATH": os.defpath, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos' / 'gen'}", "PORT": str(chosen)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "always",
        "-m",
        *arguments,
        cwd=ROOT,
        env=given | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Process(process, chosen)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def program(how: str, port: int | None = None) -> Any:
    return started("tests.chassis.program", how, port=port, DATABASE_URL="postgresql://nobody@127.0.0.1:1/nowhere")


async def health(to: grpc.aio.Channel, service: str = "") -> str:
    """Return what a server says of its health."""
    stub: Any = health_pb2_grpc.HealthStub(to)
    try:
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=patient(5))
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)


def busy_line(service: str, port: int) -> str:
    return f"{service}: 127.0.0.1:{port} cannot be listened on: is something there already? Set PORT to another."
