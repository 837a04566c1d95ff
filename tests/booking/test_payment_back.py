"""A booking is shown with its payment from the moment on that payment is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import grpc
from boxoffice.payment.v1 import payment_pb2 as pb
from boxoffice.payment.v1 import payment_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer

from services.booking.clients import PaymentClient, RefundState
from services.booking.messages import Refund
from services.chassis.errors import Code, NotFound, PeerFailure
from services.chassis.wire.calls import channel
from services.chassis.wire.status import to_status
from stack import ports
from tests.patience import eventually
from tests.servers import served

BOOKING, UNPAID = uuid4(), uuid4()


class Payment(payment_pb2_grpc.PaymentServiceServicer):
    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.refunds: list[int] = []
        """How many refunds each call asked for."""

    async def BatchRefundPayments(
        self, request: pb.BatchRefundPaymentsRequest, context: object
    ) -> pb.BatchRefundPaymentsResponse:
        self.refunds.append(len(request.refunds))
        result = pb.BatchRefundPaymentsResponse.Result
        return pb.BatchRefundPaymentsResponse(
            results=[
                result(refusal=to_status(NotFound())) if refund.amount == 1 else result(state=result.SUCCEEDED)
                for refund in request.refunds
            ]
        )

    async def BatchGetPaymentStatus(
        self, request: pb.BatchGetPaymentStatusRequest, context: object
    ) -> pb.BatchGetPaymentStatusResponse:
        self.asked.append(list(request.booking_ids))
        return pb.BatchGetPaymentStatusResponse(statuses=map(status, request.booking_ids))


def status(booking_id: str) -> pb.PaymentStatus:
    """Return a status with one payment, but of bookings that nobody pays for."""
    payments = [] if booking_id == str(UNPAID) else [pb.Payment(booking_id=booking_id)]
    return pb.PaymentStatus(booking_id=booking_id, payments=payments)


async def status_alone(request: pb.GetPaymentStatusRequest, context: object) -> pb.PaymentStatus:
    """Answer as a payment service of the version before does."""
    if request.booking_id == str(UNPAID):
        raise NotFound()
    return status(request.booking_id)


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
        payments = PaymentClient(to_payment)

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


async def test_payments_of_bookings_that_are_looked_at_at_once_are_asked_for_together() -> None:
    servicer = Payment()
    async with served(lambda s: payment_pb2_grpc.add_PaymentServiceServicer_to_server(servicer, s)) as to_payment:
        payments, bookings = PaymentClient(to_payment), [BOOKING, UNPAID, *(uuid4() for _ in range(30))]
        found = await asyncio.gather(*map(payments.newest, bookings))
    assert [one and one.booking_id for one in found] == [str(BOOKING), None, *map(str, bookings[2:])]
    assert len(servicer.asked) < len(bookings) / 4


async def test_a_payment_service_of_the_version_before_is_asked_one_by_one() -> None:
    method = grpc.unary_unary_rpc_method_handler(
        status_alone,
        request_deserializer=pb.GetPaymentStatusRequest.FromString,
        response_serializer=pb.PaymentStatus.SerializeToString,
    )
    old = grpc.method_handlers_generic_handler("boxoffice.payment.v1.PaymentService", {"GetPaymentStatus": method})
    async with served(lambda server: server.add_generic_rpc_handlers([old])) as to_payment:
        found = await asyncio.gather(*map(PaymentClient(to_payment).newest, [BOOKING, UNPAID]))
    assert [one and one.booking_id for one in found] == [str(BOOKING), None]


async def test_refunds_that_are_asked_for_at_once_go_together_and_each_has_its_answer() -> None:
    servicer = Payment()
    async with served(lambda s: payment_pb2_grpc.add_PaymentServiceServicer_to_server(servicer, s)) as to_payment:
        payments = PaymentClient(to_payment)
        refunds = [Refund(payment_id=str(uuid4()), cause=Refund.REQUESTED, amount=amount) for amount in range(1, 9)]
        told = await asyncio.gather(*map(payments.refund, refunds), return_exceptions=True)
    assert servicer.refunds == [len(refunds)]
    assert told[1:] == [RefundState.SUCCEEDED] * 7
    assert isinstance(told[0], PeerFailure) and told[0].code == Code.NOT_FOUND
