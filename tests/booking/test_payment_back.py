"""A booking is shown with its payment from the moment on that payment is back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import grpc
from boxoffice.payment.v1 import payment_pb2 as pb
from boxoffice.payment.v1 import payment_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from services.booking.clients import Payments
from services.chassis.wire.calls import channel
from stack import ports
from tests.patience import eventually

BOOKING = uuid4()


class Payment(payment_pb2_grpc.PaymentServiceServicer):
    async def GetPaymentStatus(self, request: pb.GetPaymentStatusRequest, context: object) -> pb.PaymentStatus:
        return pb.PaymentStatus(payments=[pb.Payment(booking_id=request.booking_id)])


@asynccontextmanager
async def payment(address: str) -> AsyncIterator[None]:
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    health = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    payment_pb2_grpc.add_PaymentServiceServicer_to_server(Payment(), server)
    await health.set("", health_pb2.HealthCheckResponse.SERVING)
    server.add_insecure_port(address)
    await server.start()
    try:
        yield
    finally:
        await server.stop(0)


async def test_a_booking_has_its_payment_at_the_first_look_after_payment_is_back() -> None:
    [port] = ports.choose(1)
    address = f"127.0.0.1:{port}"
    async with channel(address, "payment") as to_payment:
        payments = Payments(to_payment)

        async def is_shown() -> bool:
            found = await payments.newest(BOOKING)
            return found is not None and UUID(found.booking_id) == BOOKING

        async with payment(address):
            await eventually(is_shown)
        for looks in (1, 3, 6):
            # Each look while payment is away makes the pauses between the tries of a connection longer.
            assert [await payments.newest(BOOKING) for _ in range(looks)] == [None] * looks
            async with payment(address):
                assert await is_shown()
