"""Payment between a make-believe booking service and Razorpay's stand-in, with the bank beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from boxoffice.payment.v1 import payment_pb2 as pb
from boxoffice.payment.v1 import payment_pb2_grpc
from google.api import httpbody_pb2
from pydantic import SecretStr

from services.chassis.errors import FailedPrecondition, Unavailable
from services.chassis.store.database import Database
from services.payment.checkout.look import PaymentLookup
from services.payment.from_razorpay import FromRazorpay
from services.payment.gateways.razorpay import RAZORPAY, Razorpay
from services.payment.gateways.razorpay_events import RazorpaySignatures
from services.payment.refunds.words import RefundWords
from storm.razorpay import KEY_ID, KEY_SECRET, WEBHOOK_SECRET, StandIn
from storm.razorpay_server import razorpay
from tests.payment.world import Payment, opened_payment
from tests.servers import served

PREVIOUS_SECRET = "the-secret-before-this-24"
PUBLIC_URL = "http://127.0.0.1:8001"

_HTTP = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.UNAVAILABLE: 503,
}


class _BookingNotPending(FailedPrecondition):
    """The booking has ended."""

    reason = "BOOKING_NOT_PENDING"


@dataclass
class RazorpayWorld:
    """Payment, and Razorpay."""

    payment: Payment
    razorpay: StandIn

    async def status(self, begun: pb.InitiatePaymentResponse) -> str:
        [row] = await self.payment.db.fetch("SELECT state FROM payments WHERE id = %s", (begun.payment_id,))
        return str(row.state)

    def booking_of(self, begun: pb.InitiatePaymentResponse) -> str:
        return self._bookings[begun.payment_id]

    @property
    def _bookings(self) -> dict[str, str]:
        return {link["reference_id"]: link["notes"]["booking_id"] for link in self.razorpay.links.values()}

    async def paid(self, amount: int = 50_000) -> pb.InitiatePaymentResponse:
        """Make a booking whose payment has been taken."""
        booking_id, _ = await self.payment.book(amount=amount)
        begun = await self.payment.initiate(booking_id)
        self.razorpay.pay(begun.payment_id)
        await self.payment.poll()
        return begun

    async def time_is_up(self) -> None:
        """Let every session's time be up."""
        await self.payment.db.execute("UPDATE payments SET expires_at = boxoffice_clock() - interval '1 s'")

    def switch(self, gateway: str) -> None:
        """Begin payments elsewhere from now on, as a replica does that was told so."""
        checkout: Any = self.payment.checkout
        checkout._gateways.current = gateway
        checkout._begin._run._gateway = gateway

    def booking_says(self, status: str) -> None:
        self.payment.booking.refuse = None if status == "PENDING" else _BookingNotPending(status=status)

    def booking_is_away(self) -> None:
        self.payment.booking.refuse = Unavailable()

    async def hook(self, body: bytes, headers: dict[str, str]) -> int:
        """Deliver a webhook as the gateway does; return the HTTP status."""
        try:
            await self.receive(self.payment.stub, body, headers)
        except grpc.aio.AioRpcError as error:
            return _HTTP[error.code()]
        return 200

    async def receive(self, stub: Any, body: bytes, headers: dict[str, str] | None = None) -> Any:
        message = httpbody_pb2.HttpBody(content_type="application/json", data=body)
        return await stub.ReceiveRazorpayWebhook(message, metadata=tuple((headers or {}).items()))

    async def come_back(self, payment_id: str, query: dict[str, str]) -> str:
        """Return from Razorpay's page; return where the customer is sent on to."""
        call = self.payment.stub.ReturnFromRazorpay(pb.ReturnFromRazorpayRequest(payment_id=payment_id, **query))
        await call
        return str(dict(await call.initial_metadata())["location"])

    async def page(self, payment_id: str) -> str:
        request = pb.GetPaymentResultPageRequest(payment_id=payment_id)
        return (await self.payment.stub.GetPaymentResultPage(request)).data.decode()

    @asynccontextmanager
    async def another(self) -> AsyncIterator[Any]:
        """Serve another replica, as the world is now."""
        service = self.payment.service()
        async with served(
            lambda server: payment_pb2_grpc.add_PaymentServiceServicer_to_server(service, server)
        ) as to_it:
            yield payment_pb2_grpc.PaymentServiceStub(to_it)


@asynccontextmanager
async def opened_razorpay(payment_db: Database, bank_db: Database) -> AsyncIterator[RazorpayWorld]:
    """Serve payment with Razorpay as the gateway of new payments."""
    async with razorpay() as stand_in:
        client = Razorpay(KEY_ID, SecretStr(KEY_SECRET), PUBLIC_URL, stand_in.url)
        signatures = RazorpaySignatures(SecretStr(KEY_SECRET), [SecretStr(WEBHOOK_SECRET), SecretStr(PREVIOUS_SECRET)])

        def wired(payment: Payment) -> None:
            words = RefundWords(payment_db, payment.outbox, payment.checkout._gateways)
            payment.from_razorpay = FromRazorpay(
                client, signatures, PaymentLookup(payment_db), payment.checkout, words, payment_db
            )

        try:
            async with opened_payment(payment_db, bank_db, {RAZORPAY: client}, RAZORPAY, wired) as payment:
                world = RazorpayWorld(payment, stand_in)
                stand_in.post = world.hook
                yield world
        finally:
            await client.close()
