"""Those who watch bookings or wait for them: over a real server, beside the one that changes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import grpc
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.booking.v1 import booking_pb2_grpc
from boxoffice.payment.v1 import payment_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from services.booking.clients import PaymentClient
from services.booking.refunds.domain import RefundPolicy
from services.booking.rpc import BookingServicer
from services.booking.viewing.look import Bookings
from services.booking.watching.changes import Changes
from services.chassis.process.server import make_server
from services.chassis.store.database import Database
from services.chassis.wire.calls import channel
from services.chassis.writes.outbox import Outbox
from tests.booking.house import FakePayment
from tests.patience import patient
from tests.servers import served

WAIT_SECONDS = patient(20)
NOBODY: Any = None
"""Those whom nothing here asks."""


@dataclass
class Replica:
    """A process of booking's, as far as watching goes."""

    changes: Changes
    stub: Any
    address: str

    async def get(self, booking_id: str, **fields: Any) -> pb.Booking:
        """Look at a booking, and wait as `fields` say."""
        request = pb.GetBookingRequest(booking_id=booking_id, **fields)
        booking: pb.Booking = await self.stub.GetBooking(request, timeout=patient(40))
        return booking


@asynccontextmanager
async def replica(db: Database, *, heartbeat_seconds: float = 60.0, max_streams: int = 100) -> AsyncIterator[Replica]:
    """Serve bookings as they become."""
    changes = Changes(db, max_waiting=max_streams, heartbeat_seconds=heartbeat_seconds)
    server = make_server(max_streams=max_streams)
    health = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    await health.set("", health_pb2.HealthCheckResponse.SERVING)
    payment = FakePayment()
    async with served(lambda s: payment_pb2_grpc.add_PaymentServiceServicer_to_server(payment, s)) as to_payment:
        servicer = BookingServicer(
            db,
            Bookings(db),
            changes,
            Outbox(db),
            NOBODY,
            NOBODY,
            NOBODY,
            PaymentClient(to_payment),
            RefundPolicy.parse("24:100,2:50"),
        )
        booking_pb2_grpc.add_BookingServiceServicer_to_server(servicer, server)
        address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        await server.start()
        looking = asyncio.create_task(changes.run())
        try:
            async with channel(address) as to_server:
                yield Replica(changes, booking_pb2_grpc.BookingServiceStub(to_server), address)
        finally:
            changes.end()
            await server.stop(1)
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking


class Watcher:
    """Watches a booking."""

    def __init__(self, replica: Replica, booking_id: str, **fields: str) -> None:
        self.call: Any = replica.stub.WatchBooking(pb.WatchBookingRequest(booking_id=booking_id, **fields))

    async def next(self) -> pb.Booking | None:
        """Return the booking of the next message, or None if it has none; raise AioRpcError if the call has failed."""
        async with asyncio.timeout(WAIT_SECONDS):
            message = await self.call.read()
        if message is grpc.aio.EOF:
            raise EOFError
        return message.booking if message.HasField("booking") else None

    async def status(self) -> str:
        """Return the status of the next booking that comes."""
        while (booking := await self.next()) is None:
            pass
        return pb.Booking.Status.Name(booking.status)
