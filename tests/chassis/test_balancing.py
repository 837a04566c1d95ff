"""Calls go round all replicas of a peer that serve, and to no other; replicas that were added are found."""

import asyncio
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from boxoffice.inventory.v1 import catalog_pb2 as pb
from boxoffice.inventory.v1 import catalog_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from services.chassis.errors import Unavailable
from services.chassis.wire.calls import call, channel
from stack import ports
from tests.patience import eventually

SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
AGE_SECONDS = 0.3
NAME = "replicas.test"


class Catalog(catalog_pb2_grpc.CatalogServiceServicer):
    """Answers with its own name."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def GetMovie(self, request: Any, context: Any) -> pb.Movie:
        return pb.Movie(id=self._name)


@dataclass
class Replica:
    """A replica at an address, which may say how it is."""

    name: str
    server: grpc.aio.Server
    health: HealthServicer

    async def says(self, status: health_pb2.HealthCheckResponse.ServingStatus.ValueType) -> None:
        await self.health.set("", status)


@asynccontextmanager
async def replica(address: str, **options: int) -> AsyncIterator[Replica]:
    server = grpc.aio.server(options=[(f"grpc.{name}", value) for name, value in options.items()])
    health = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(Catalog(address), server)
    server.add_insecure_port(address)
    await server.start()
    try:
        yield Replica(address, server, health)
    finally:
        await server.stop(0)


async def answering(to: grpc.aio.Channel, calls: int = 20) -> set[str]:
    """Call several times; return who answered."""
    stub = catalog_pb2_grpc.CatalogServiceStub(to)
    answers: Counter[str] = Counter()
    for _ in range(calls):
        answers[(await call(stub.GetMovie, pb.GetMovieRequest(movie_id="x"))).id] += 1
    return set(answers)


def are(to: grpc.aio.Channel, *replicas: Replica) -> Callable[[], Awaitable[bool]]:
    """Tell whether these, and all of these, answer."""

    async def look() -> bool:
        try:
            return await answering(to) == {one.name for one in replicas}
        except Unavailable:  # none is known to serve yet, as where all were away a moment ago
            return False

    return look


async def test_calls_go_round_the_replicas_that_serve() -> None:
    first, second = (f"127.0.0.1:{port}" for port in ports.choose(2))
    async with replica(first) as one, replica(second) as two, channel(f"{first},{second}") as to:
        await eventually(are(to, one, two))
        await one.says(NOT_SERVING)
        await eventually(are(to, two))
        await two.says(NOT_SERVING)
        await eventually(lambda: is_away(to))
        await one.says(SERVING)
        await eventually(are(to, one))
        await two.says(SERVING)
        await eventually(are(to, one, two))


async def is_away(to: grpc.aio.Channel) -> bool:
    try:
        await answering(to, 1)
    except Unavailable:
        return True
    return False


async def test_a_replica_that_ends_and_comes_back_is_left_out_meanwhile() -> None:
    first, second = (f"127.0.0.1:{port}" for port in ports.choose(2))
    async with replica(first) as one, channel(f"{first},{second}") as to:
        async with replica(second) as two:
            await eventually(are(to, one, two))
        assert await answering(to) == {first}
        async with replica(second) as two:
            await eventually(are(to, one, two))


class Names(asyncio.DatagramProtocol):
    """A name server that knows one name, with the addresses that it is told."""

    def __init__(self) -> None:
        self.addresses: Sequence[str] = ()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, who: Any) -> None:
        end = data.index(b"\0", 12) + 5
        question = data[12:end]
        (kind,) = struct.unpack("!H", question[-4:-2])
        found = [bytes(map(int, one.split("."))) for one in self.addresses] if kind == 1 else []
        answers = b"".join(struct.pack("!HHHIH", 0xC00C, 1, 1, 0, 4) + one for one in found)
        header = data[:2] + struct.pack("!HHHHH", 0x8180, 1, len(found), 0, 0)
        self._transport.sendto(header + question + answers, who)


async def test_a_replica_that_was_added_under_the_peers_name_is_found() -> None:
    port, dns = ports.choose(2)
    transport, names = await asyncio.get_running_loop().create_datagram_endpoint(Names, local_addr=("127.0.0.1", dns))
    names.addresses = ["127.0.0.1"]
    # Servers ask their peers to connect anew now and then, see OPTIONS in process/server.py; these do so sooner.
    age = {"max_connection_age_ms": int(AGE_SECONDS * 1000)}
    try:
        async with replica(f"127.0.0.1:{port}", **age) as one, channel(f"dns://127.0.0.1:{dns}/{NAME}:{port}") as to:
            await eventually(are(to, one))
            async with replica(f"127.0.0.2:{port}", **age) as two:
                names.addresses = ["127.0.0.1", "127.0.0.2"]
                await eventually(are(to, one, two))
    finally:
        transport.close()
