"""Those who watch a show: over a real server, with what they know of its seats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import grpc
from boxoffice.inventory.v1 import inventory_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2_grpc
from boxoffice.inventory.v1.seat_pb2 import ShowSeat
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from services.chassis.process.server import make_server
from services.chassis.store.database import Database
from services.chassis.wire.calls import channel
from services.inventory.rpc import InventoryServicer
from services.inventory.viewing.availability import Availability
from services.inventory.viewing.watching import Watching
from tests.patience import patient

WAIT_SECONDS = patient(20)
HEARTBEAT_SECONDS = 60.0


@dataclass
class Replica:
    """A process of inventory's, as far as watching goes."""

    watching: Watching
    server: grpc.aio.Server
    stub: inventory_pb2_grpc.InventoryServiceAsyncStub
    address: str
    reading: asyncio.Task[None]


@asynccontextmanager
async def replica(
    db: Database, *, heartbeat_seconds: float = HEARTBEAT_SECONDS, max_streams: int = 100
) -> AsyncIterator[Replica]:
    """Serve seat maps and their changes."""
    watching = Watching(db, Availability(db), heartbeat_seconds=heartbeat_seconds)
    server = make_server(max_streams=max_streams)
    desk: Any = None
    servicer = InventoryServicer(db, desk, Availability(db), watching)
    inventory_pb2_grpc.add_InventoryServiceServicer_to_server(servicer, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    health = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    await health.set("", health_pb2.HealthCheckResponse.SERVING)
    await server.start()
    reading = asyncio.create_task(watching.run())
    try:
        async with channel(address) as to_server:
            stub: Any = inventory_pb2_grpc.InventoryServiceStub(to_server)
            yield Replica(watching, server, stub, address, reading)
    finally:
        watching.end()
        await server.stop(1)
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


class Watcher:
    """Watches a show; numbers that came, and seats as they were told of last."""

    def __init__(self, stub: inventory_pb2_grpc.InventoryServiceAsyncStub, show_id: UUID, after: int = 0) -> None:
        self.call: Any = stub.WatchSeats(pb.WatchSeatsRequest(show_id=str(show_id), after_sequence=after))
        self.number = after
        self.messages = 0
        self.changes: list[pb.SeatChange] = []

    async def next(self) -> pb.WatchSeatsResponse:
        """Return the next message; raise AioRpcError where the call has failed."""
        async with asyncio.timeout(WAIT_SECONDS):
            message = await self.call.read()
        if message is grpc.aio.EOF:
            raise AssertionError("it ended without a word")
        self.messages += 1
        for change in message.changes:
            assert change.sequence == self.number + 1
            self.number = change.sequence
            self.changes.append(change)
        response: pb.WatchSeatsResponse = message
        return response

    async def until(self, number: int) -> None:
        """Read up to a number."""
        while self.number < number:
            await self.next()

    async def failure(self) -> tuple[grpc.StatusCode, str]:
        """Read to the end, which must be a refusal; return its code and reason."""
        try:
            while True:
                await self.next()
        except grpc.aio.AioRpcError as error:
            return error.code(), reason(error)


def reason(error: grpc.aio.AioRpcError) -> str:
    """Return the reason in the details of an error."""
    info = error_details_pb2.ErrorInfo()
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            for detail in status_pb2.Status.FromString(value).details:
                detail.Unpack(info)
    return str(info.reason)


Told = tuple[int, datetime | None, int]
"""A seat as it is told of: its status, when that ends, what it costs."""


@dataclass
class Picture:
    """What somebody knows of a show's seats who read the map once and was told of changes since."""

    number: int
    seats: dict[str, Told]
    tiers: dict[str, int]
    prices: dict[int, int]

    @classmethod
    def from_seat_map(cls, seat_map: pb.SeatMap) -> Picture:
        return cls(
            seat_map.sequence,
            {seat.id: (seat.status, _time(seat), seat.price) for seat in seat_map.seats},
            {seat.id: seat.tier for seat in seat_map.seats},
            {listed.tier: listed.price for listed in seat_map.prices},
        )

    def take(self, change: pb.SeatChange) -> None:
        assert change.sequence == self.number + 1
        self.number = change.sequence
        for seat in change.seats:
            assert seat.id in self.seats
            self.seats[seat.id] = (seat.status, _time(seat), seat.price)
        self.prices.update((listed.tier, listed.price) for listed in change.prices)

    def at(self, now: datetime) -> dict[str, Told]:
        """Return what is what at an instant: claims lapse by themselves, and what is free costs what the list says."""
        return {
            id_: (int(ShowSeat.AVAILABLE), None, self.prices[self.tiers[id_]])
            if status == ShowSeat.AVAILABLE or (expires_at is not None and expires_at <= now)
            else (status, expires_at, price)
            for id_, (status, expires_at, price) in self.seats.items()
        }


def _time(seat: Any) -> datetime | None:
    return seat.expires_at.ToDatetime(UTC) if seat.HasField("expires_at") else None
