"""Payment as it is served, with a real bank, a make-believe booking service, and webhooks that come by HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import grpc
from boxoffice.bank.v1 import bank_pb2
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc
from boxoffice.payment.v1 import payment_pb2 as pb
from boxoffice.payment.v1 import payment_pb2_grpc
from google.api import httpbody_pb2
from standardwebhooks import Webhook

from services.bank.rpc import BankService
from services.chassis.errors import Failure, NotFound, Unavailable
from services.chassis.ids import new_id
from services.chassis.store.database import READ_CLOCK, Database
from services.chassis.wire.status import to_status
from services.chassis.wire.times import to_timestamp
from services.chassis.writes.outbox import Outbox
from services.payment import clients, deliveries
from services.payment.checkout.look import PaymentLookup
from services.payment.checkout.record import RecordReports
from services.payment.checkout.settle import SettleReports
from services.payment.checkout.steps import Checkout, SessionRules
from services.payment.from_razorpay import FromRazorpay
from services.payment.gateways.bank import BANK
from services.payment.gateways.interface import Gateway
from services.payment.refunds.steps import Refunds
from services.payment.rpc import PaymentService
from services.payment.webhooks import Signatures
from tests.bank.support import SECRET, Bank, Received, receiving, sending, served_bank
from tests.payment.at_bank import at_bank
from tests.servers import served

PREVIOUS_SECRET = "whsec_" + base64.b64encode(b"the secret that was good before").decode()
MARGIN = timedelta(seconds=120)
Status = pb.Payment.Status


class Booking(booking_pb2_grpc.BookingServiceServicer):
    """A make-believe booking service."""

    def __init__(self) -> None:
        self.payable: dict[tuple[str, str], booking_pb2.PayableBooking] = {}
        self.asked: list[int] = []
        """How many bookings each call asked about."""
        self.captures: list[Any] = []
        self.calls = 0
        """How many calls told of captures."""
        self.declines: list[Any] = []
        self.undone_refunds: list[Any] = []
        self.refuse: Failure | None = None
        """What every call is refused with."""
        self.hangs = 0
        """How many questions about bookings to pay for are never answered."""

    async def BatchGetPayableBookings(self, request: Any, context: Any) -> booking_pb2.BatchGetPayableBookingsResponse:
        self.asked.append(len(request.bookings))
        if len(self.asked) <= self.hangs:
            await asyncio.Event().wait()
        return booking_pb2.BatchGetPayableBookingsResponse(results=map(self._payable, request.bookings))

    def _payable(self, request: Any) -> Any:
        result = booking_pb2.BatchGetPayableBookingsResponse.Result
        booking = self.payable.get((request.booking_id, request.user_id))
        if self.refuse or booking is None:
            return result(refusal=to_status(self.refuse or _BookingNotFound()))
        return result(booking=booking)

    async def BatchRecordCaptures(self, request: Any, context: Any) -> booking_pb2.BatchRecordCapturesResponse:
        self.calls += 1
        return booking_pb2.BatchRecordCapturesResponse(results=self._take(request.captures, self.captures))

    async def BatchRecordDeclines(self, request: Any, context: Any) -> booking_pb2.BatchRecordDeclinesResponse:
        return booking_pb2.BatchRecordDeclinesResponse(results=self._take(request.declines, self.declines))

    async def BatchRecordUndoneRefunds(
        self, request: Any, context: Any
    ) -> booking_pb2.BatchRecordUndoneRefundsResponse:
        return booking_pb2.BatchRecordUndoneRefundsResponse(results=self._take(request.refunds, self.undone_refunds))

    def _take(self, request: Any, into: list[Any]) -> list[Any]:
        if self.refuse:
            raise self.refuse
        known = {booking_id for booking_id, _ in self.payable}
        results = []
        for message in request:
            if message.booking_id in known:
                into.append(message)
                results.append({})
            else:
                results.append({"refusal": to_status(_BookingNotFound())})
        return results


class _BookingNotFound(NotFound):
    """There is no such booking."""

    reason = "BOOKING_NOT_FOUND"


class MoodyBank(BankService):
    """A bank that can be away, or lose its answers."""

    away: bool = False
    mute: bool = False
    """Do what is asked, and lose the answer."""
    instead: Callable[[str, Any], Awaitable[Any]] | None = None
    """Asked before every call of a merchant; what it gives, if anything, is the answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seconds_given: list[float] = []
        """How long each call of a merchant may take."""

    async def _moody(self, name: str, request: Any, context: Any) -> Any:
        self.seconds_given.append(context.time_remaining())
        if self.away:
            raise Unavailable()
        if self.instead is not None and (answer := await self.instead(name, request)) is not None:
            return answer
        answer = await getattr(super(), name)(request, context)
        if self.mute:
            raise Unavailable()
        return answer

    async def CreateSession(self, request: Any, context: Any) -> Any:
        return await self._moody("CreateSession", request, context)

    async def GetSession(self, request: Any, context: Any) -> Any:
        return await self._moody("GetSession", request, context)

    async def CloseSession(self, request: Any, context: Any) -> Any:
        return await self._moody("CloseSession", request, context)

    async def CreateRefund(self, request: Any, context: Any) -> Any:
        return await self._moody("CreateRefund", request, context)


@dataclass
class Payment:
    """Payment and what is around it."""

    db: Database
    stub: payment_pb2_grpc.PaymentServiceAsyncStub
    outbox: Outbox
    checkout: Checkout
    refunds: Refunds
    booking: Booking
    bank: Bank
    mood: MoodyBank
    peers: dict[str, Any]
    booked: dict[str, str] = field(default_factory=dict)
    from_razorpay: FromRazorpay | None = None

    async def book(
        self, *, user_id: str = "", amount: int = 50_000, minutes: float = 15, sales_minutes: float = 1_000
    ) -> tuple[str, str]:
        """Make a booking that waits for its payment, of a show on sale for so long; return its id and its user's."""
        booking_id, user_id = str(new_id()), user_id or str(new_id())
        [clock] = await self.db.fetch(READ_CLOCK)
        self.booking.payable[booking_id, user_id] = booking_pb2.PayableBooking(
            booking_id=booking_id,
            user_id=user_id,
            amount=amount,
            currency="INR",
            expires_at=to_timestamp(clock.now + timedelta(minutes=minutes)),
            description="Monsoon Letters, Sat 21 Nov 18:30 UTC",
            seats=["Stalls C7", "Stalls C8"],
            sales_end_at=to_timestamp(clock.now + timedelta(minutes=sales_minutes)),
        )
        self.booked[booking_id] = user_id
        return booking_id, user_id

    async def initiate(self, booking_id: str = "", *, key: str = "") -> pb.InitiatePaymentResponse:
        """Initiate a payment, of a new booking where none is named."""
        if not booking_id:
            booking_id, _ = await self.book()
        request = pb.InitiatePaymentRequest(booking_id=booking_id, user_id=self.booked[booking_id], idempotency_key=key)
        return await self.stub.InitiatePayment(request)

    def lie(self, status: bank_pb2.Session.Status.ValueType) -> None:
        """Let the bank say, until it is told otherwise, that every session has come to `status`."""

        async def instead(name: str, request: Any) -> Any:
            asked = bank_pb2.GetSessionRequest(session_id=request.session_id)
            answer = await BankService.GetSession(self.mood, asked, None)  # type: ignore[arg-type]
            answer.status = status
            return answer

        self.mood.instead = instead

    async def paid(self, amount: int = 50_000) -> pb.Payment:
        """Make a booking, pay for it, and return its payment."""
        booking_id, _ = await self.book(amount=amount)
        begun = await self.initiate(booking_id)
        await self.bank.pay(begun.session_id)
        await self.hook(event(begun))
        [payment] = await self.payments(booking_id)
        return payment

    async def payments(self, booking_id: str, user_id: str = "") -> list[pb.Payment]:
        request = pb.GetPaymentStatusRequest(booking_id=booking_id, user_id=user_id)
        return list((await self.stub.GetPaymentStatus(request)).payments)

    async def statuses(self, booking_id: str) -> list[str]:
        """Return the statuses of a booking's payments, newest first."""
        return [Status.Name(payment.status) for payment in await self.payments(booking_id)]

    async def hook(self, body: bytes, headers: Mapping[str, str] | None = None) -> str:
        """Deliver a webhook as the gateway does, well signed where no headers are given; return what became of it."""
        metadata = tuple((signed(body) if headers is None else headers).items())
        answer = await self.stub.ReceiveWebhook(
            httpbody_pb2.HttpBody(content_type="application/json", data=body), metadata=metadata
        )
        return str(answer.status)

    async def refund(self, *asked: tuple[str, int, int]) -> list[pb.BatchRefundPaymentsResponse.Result]:
        """Ask for refunds: (payment, cause, amount)."""
        kind = pb.BatchRefundPaymentsRequest.Refund
        refunds = [kind(payment_id=payment, cause=cause, amount=amount) for payment, cause, amount in asked]
        answer = await self.stub.BatchRefundPayments(pb.BatchRefundPaymentsRequest(refunds=refunds))
        return list(answer.results)

    async def close(self, *booking_ids: str) -> None:
        await self.stub.BatchClosePayments(pb.BatchClosePaymentsRequest(booking_ids=booking_ids))

    @property
    def settle(self) -> SettleReports:
        """What a desk carries webhooks out by."""
        return SettleReports(self.db, self.checkout._gateways, RecordReports(self.db, self.outbox))

    async def relay(self) -> None:
        """Deliver every message that is due."""
        while await self.outbox.deliver_once(self.peers):
            pass

    async def poll(self) -> int:
        """Let every live payment be due, and poll once."""
        await self.db.execute(
            "UPDATE payments SET next_poll_at = clock_timestamp() - interval '1 s' WHERE next_poll_at IS NOT NULL"
        )
        return await self.checkout.poll()

    async def recover_refunds(self) -> int:
        await self.db.execute("UPDATE refunds SET next_attempt_at = clock_timestamp() - interval '1 s'")
        return await self.refunds.recover()

    @property
    def transactions(self) -> int:
        """How many transactions there were until now, those that only read too."""
        return int(self.db._pool.get_stats()["requests_num"])

    async def count(self, table: str) -> int:
        [row] = await self.db.fetch(f"SELECT count(*) AS n FROM {table}")
        return int(row.n)

    async def everything(self) -> dict[str, list[Any]]:
        """Return all that is stored, but for marks of transactions, to see that nothing changed.

        When the bank is asked next is a matter of time alone.
        """
        tables = ("booking_accounts", "payments", "refunds", "webhook_events", "outbox", "idempotency_keys")
        query = "SELECT (to_jsonb(t) - '{{polls,next_poll_at}}'::text[])::text AS row FROM {} t"
        return {table: sorted(row.row for row in await self.db.fetch(query.format(table))) for table in tables}

    def service(self) -> PaymentService:
        """Make another replica."""
        signatures = Signatures([SECRET, PREVIOUS_SECRET])
        return PaymentService(
            PaymentLookup(self.db),
            self.checkout,
            self.refunds,
            signatures,
            self.checkout._booking,
            "http://127.0.0.1:8001",
            self.from_razorpay,
        )

    @asynccontextmanager
    async def webhooks(self, *, before: Callable[[Received], Awaitable[None]] | None = None) -> AsyncIterator[None]:
        """Let the bank's webhooks come in, through an HTTP server that does what the gateway does."""

        async def pass_on(request: Received) -> int:
            if before is not None:
                await before(request)
            try:
                await self.hook(request.body, {k: v for k, v in request.headers.items() if k.startswith("webhook-")})
            except grpc.aio.AioRpcError as error:
                return {grpc.StatusCode.UNAVAILABLE: 503, grpc.StatusCode.INTERNAL: 500}.get(error.code(), 400)
            return 200

        async with receiving() as receiver:
            receiver.answer = pass_on
            async with sending(self.bank.deliveries, receiver.url):
                yield


@asynccontextmanager
async def opened_payment(
    payment_db: Database,
    bank_db: Database,
    others: Mapping[str, Gateway] | None = None,
    current: str = BANK,
    wired: Callable[[Payment], None] = lambda payment: None,
) -> AsyncIterator[Payment]:
    """Serve payment between a make-believe booking service and a real bank, with other gateways beside it."""
    async with AsyncExitStack() as stack:
        booking = Booking()
        to_booking = await stack.enter_async_context(
            served(lambda server: booking_pb2_grpc.add_BookingServiceServicer_to_server(booking, server))
        )
        bank, mood, to_bank = await stack.enter_async_context(served_bank(bank_db, MoodyBank))
        assert isinstance(mood, MoodyBank)
        outbox, gateways, booking_client = (
            Outbox(payment_db),
            at_bank(to_bank, others, current),
            clients.BookingClient(to_booking),
        )
        rules = SessionRules(MARGIN, poll_first_seconds=10, poll_max_seconds=30)
        checkout = Checkout(payment_db, outbox, booking_client, gateways, rules)
        refunds = Refunds(payment_db, gateways)
        peers = deliveries.peers(booking_client)
        world = Payment(payment_db, None, outbox, checkout, refunds, booking, bank, mood, peers)  # type: ignore[arg-type]
        wired(world)
        to_payment = await stack.enter_async_context(
            served(lambda server: payment_pb2_grpc.add_PaymentServiceServicer_to_server(world.service(), server))
        )
        world.stub = payment_pb2_grpc.PaymentServiceStub(to_payment)
        yield world


def event(begun: pb.InitiatePaymentResponse, type_: str = "payment.captured", **other: Any) -> bytes:
    """Make the body of an event about a payment, as the bank does; `other` replaces facts."""
    data = {
        "payment_id": begun.payment_id,
        "session_id": begun.session_id,
        "amount": begun.amount,
        "currency": begun.currency,
    }
    return json.dumps({"type": type_, "timestamp": datetime.now(UTC).isoformat(), "data": data | other}).encode()


def signed(body: bytes, *, secret: str = SECRET, id_: str = "", at: datetime | None = None) -> dict[str, str]:
    """Return the headers of a webhook, signed as the specification says."""
    at, id_ = at or datetime.now(UTC), id_ or f"evt_{new_id()}"
    return {
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(id_, at, body.decode()),
    }


def is_uuid(text: str) -> bool:
    return str(UUID(text)) == text


async def begun(payment: Payment) -> tuple[str, pb.InitiatePaymentResponse]:
    """Book, and begin to pay; return the booking's id and the answer."""
    booking_id, _ = await payment.book()
    return booking_id, await payment.initiate(booking_id)


async def paid(payment: Payment) -> tuple[str, pb.InitiatePaymentResponse]:
    """Book, and pay at the bank, which nobody has been told yet; return the booking's id and what began it."""
    booking_id, one = await begun(payment)
    await payment.bank.pay(one.session_id)
    return booking_id, one
