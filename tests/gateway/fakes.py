"""What the gateway stands between in these tests: services that record what arrives, and a real Envoy."""

from __future__ import annotations

import asyncio
import importlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import httpx
from google.api import annotations_pb2, http_pb2
from google.protobuf import message_factory
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.rpc import status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

import roster
from gateway.envoy import envoy_command
from gateway.render import CLUSTERS, render
from services.chassis.process.server import make_server
from services.chassis.wire.identity import policy
from services.chassis.wire.incoming import LARGEST_FILE_BYTES, MAX_MESSAGE_BYTES
from tests.patience import eventually, patient

CONTRACTS = [f"boxoffice.{contract}_pb2" for service in roster.SERVICES for contract in service.contracts]


@dataclass(frozen=True)
class Method:
    """A method of the contracts."""

    descriptor: MethodDescriptor

    @property
    def path(self) -> str:
        return f"/{self.descriptor.containing_service.full_name}/{self.descriptor.name}"

    @property
    def cluster(self) -> str:
        return self.path.split(".")[1]

    @property
    def request(self) -> type[Message]:
        return message_factory.GetMessageClass(self.descriptor.input_type)

    @property
    def response(self) -> type[Message]:
        return message_factory.GetMessageClass(self.descriptor.output_type)

    @property
    def takes_bytes(self) -> bool:
        """Whether its body over REST is what it is, a webhook or a file, and no JSON of ours."""
        message = self.descriptor.input_type
        kinds = [message, *(field.message_type for field in message.fields)]
        return any(kind is not None and kind.full_name == "google.api.HttpBody" for kind in kinds)

    @property
    def streams(self) -> bool:
        """Whether it answers with a stream. What answers it here returns the last message; it may write others."""
        return bool(self.descriptor.server_streaming)

    @property
    def bindings(self) -> list[tuple[str, str]]:
        """Its verbs and paths in REST, if it has some."""
        options = self.descriptor.GetOptions()
        if not options.HasExtension(annotations_pb2.http):
            return []
        rule = options.Extensions[annotations_pb2.http]
        return [_binding(each) for each in (rule, *rule.additional_bindings)]


def _binding(rule: http_pb2.HttpRule) -> tuple[str, str]:
    verb = rule.WhichOneof("pattern")
    assert verb is not None
    return verb.upper(), getattr(rule, verb)


def _methods() -> Iterator[Method]:
    for name in CONTRACTS:
        for service in importlib.import_module(name).DESCRIPTOR.services_by_name.values():
            yield from map(Method, service.methods)


METHODS = {method.path: method for method in _methods()}
INTERNAL = [method for method in METHODS.values() if policy(method.path).allowed == {"SERVICE"}]
PUBLIC = [method for method in METHODS.values() if method not in INTERNAL]

Context = grpc.aio.ServicerContext[Any, Any]
Answer = Callable[[Any, Context], Awaitable[Message]]


@dataclass
class Call:
    """A call as it arrived at a service."""

    path: str
    request: Any
    metadata: dict[str, str | bytes]
    seconds_left: float


@dataclass
class FakeService(grpc.GenericRpcHandler):
    """Answers every method of one cluster, internal ones too, with an empty message unless told otherwise."""

    name: str
    calls: list[Call] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    port: int = 0
    strict: bool = False
    """Whether it checks requests as the services do."""
    credentials: grpc.ServerCredentials | None = None
    """What it takes TLS with; None: it speaks plain."""
    _server: grpc.aio.Server | None = None

    async def start(self) -> None:
        """Serve; on the same port as before if it served before."""
        # As much as a service that takes files.
        largest = ("grpc.max_receive_message_length", 4 * MAX_MESSAGE_BYTES + LARGEST_FILE_BYTES)
        anything = [("grpc.so_reuseport", 0), largest]
        server = make_server(takes_files=True) if self.strict else grpc.aio.server(options=anything)
        server.add_generic_rpc_handlers((self,))
        health = HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(health, server)
        await health.set("", health_pb2.HealthCheckResponse.SERVING)
        at = f"127.0.0.1:{self.port}"
        self.port = (
            server.add_insecure_port(at) if self.credentials is None else server.add_secure_port(at, self.credentials)
        )
        await server.start()
        self._server = server

    async def stop(self) -> None:
        """Go away at once."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        method = METHODS.get(details.method)
        if method is None or method.cluster != self.name:
            return None

        async def serve(request: Any, context: Context) -> Message:
            metadata = dict(context.invocation_metadata() or ())
            self.calls.append(Call(method.path, request, metadata, context.time_remaining()))
            answer = self.answers.get(method.path)
            return method.response() if answer is None else await answer(request, context)

        async def stream(request: Any, context: Context) -> None:
            await context.write(await serve(request, context))

        make, handler = (
            (grpc.unary_stream_rpc_method_handler, stream)
            if method.streams
            else (grpc.unary_unary_rpc_method_handler, serve)
        )
        return make(
            handler,
            request_deserializer=method.request.FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )


class Services(dict[str, FakeService]):
    """All that is behind the gateway."""

    @property
    def addresses(self) -> dict[str, str]:
        return {name: f"127.0.0.1:{service.port}" for name, service in self.items()}

    @property
    def calls(self) -> list[Call]:
        return [call for service in self.values() for call in service.calls]

    async def start(self) -> None:
        for service in self.values():
            await service.start()

    async def stop(self) -> None:
        for service in self.values():
            await service.stop()

    def forget(self) -> None:
        """Forget what arrived and how to answer."""
        for service in self.values():
            service.calls.clear()
            service.answers.clear()


class Gateway:
    """A running Envoy on free ports."""

    def __init__(self, folder: Path, config: str) -> None:
        self._folder = folder
        self._config = config

    async def start(self) -> None:
        """Return once it listens. The configuration asks for port 0; where that came to is asked of the admin."""
        config = self._folder / "envoy.yaml"
        config.write_text(self._config)
        admin = self._folder / "admin"
        admin.unlink(missing_ok=True)
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *envoy_command(config, "--admin-address-path", str(admin), "--concurrency", "1"),
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
            )
        try:
            self.port = await self._find_port(admin)
            await eventually(self._serves)
        except BaseException:
            await self.stop()
            raise

    async def _find_port(self, admin: Path) -> int:
        address = await eventually(lambda: admin.exists() and admin.read_text())
        async with httpx.AsyncClient(base_url=f"http://{address}", timeout=patient(10), verify=False) as client:

            async def bound() -> int | None:
                answer = await client.get("/listeners", params={"format": "json"})
                for listener in answer.json().get("listener_statuses", []):
                    return int(listener["local_address"]["socket_address"]["port_value"])
                return None

            return int(await eventually(bound))

    async def _serves(self) -> bool:
        # It is bound at first, and listens once it knows how the services are.
        try:
            async with httpx.AsyncClient(timeout=patient(10), verify=False) as client:
                await client.get(f"http://{self.address}/healthz")
        except httpx.ConnectError:
            return False
        return True

    async def stop(self) -> None:
        self._process.terminate()
        await self._process.wait()

    async def stats(self, name: str) -> int:
        """Return what Envoy has counted."""
        async with httpx.AsyncClient(timeout=patient(10), verify=False) as client:
            admin = (self._folder / "admin").read_text()
            answer = await client.get(f"http://{admin}/stats", params={"filter": f"^{re.escape(name)}$"})
        return int(answer.text.rpartition(": ")[2])

    @property
    def log(self) -> Path:
        return self._folder / "envoy.log"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def access_log(self) -> list[dict[str, Any]]:
        """The lines of the access log that are out already."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@asynccontextmanager
async def started_services() -> AsyncIterator[Services]:
    """Start a fake service for each that the gateway knows."""
    services = Services({name: FakeService(name) for name in CLUSTERS})
    await services.start()
    yield services
    await services.stop()


@asynccontextmanager
async def started_gateway(folder: Path, services: Services) -> AsyncIterator[Gateway]:
    """Start a gateway in front of `services`."""
    gateway = Gateway(folder, render(services.addresses, port=0, admin_port=0))
    await gateway.start()
    yield gateway
    await gateway.stop()


async def call(channel: grpc.aio.Channel, path: str, request: Message) -> bytes:
    """Call by gRPC, with bytes for an answer."""
    method = channel.unary_unary(path, request_serializer=type(request).SerializeToString)
    answer: bytes = await method(request, timeout=patient(10))
    return answer


def status_of(error: grpc.aio.AioRpcError) -> status_pb2.Status:
    """Return the details that came with an error of gRPC."""
    metadata: Mapping[str, Any] = dict(error.trailing_metadata())
    return status_pb2.Status.FromString(metadata["grpc-status-details-bin"])


async def call_web(rest: httpx.AsyncClient, path: str, request: Message) -> tuple[bytes, dict[str, str]]:
    """Call by gRPC-Web, frames made by hand; return the answer's message and its trailers."""
    data = request.SerializeToString()
    answer = await rest.post(
        path,
        content=b"\0" + len(data).to_bytes(4, "big") + data,
        headers={"content-type": "application/grpc-web+proto", "x-grpc-web": "1"},
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/grpc-web+proto"
    message, trailers = b"", dict(answer.headers)
    rest_of_it = answer.content
    while rest_of_it:
        kind, length = rest_of_it[0], int.from_bytes(rest_of_it[1:5], "big")
        frame, rest_of_it = rest_of_it[5 : 5 + length], rest_of_it[5 + length :]
        if kind & 0x80:
            lines = (line.partition(":") for line in frame.decode().splitlines() if line)
            trailers |= {name.strip(): value.strip() for name, _, value in lines}
        else:
            message = frame
    return message, trailers
