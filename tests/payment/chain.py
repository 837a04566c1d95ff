"""The whole chain in one process: inventory, booking, payment and the bank, with their relays, pollers and webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc, inventory_pb2, inventory_pb2_grpc, seat_pb2
from boxoffice.payment.v1 import payment_pb2, payment_pb2_grpc
from google.api import httpbody_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.process.server import make_server
from services.chassis.store.database import Database
from services.chassis.wire.calls import channel
from services.chassis.writes.outbox import Deliver, Outbox
from services.payment import clients, deliveries
from services.payment.checkout import look
from services.payment.checkout.steps import Checkout, SessionRules
from services.payment.refunds.steps import Refunds
from services.payment.rpc import PaymentService
from services.payment.webhooks import Signatures
from tests.bank.support import SECRET, Bank, Received, receiving, sending, served_bank
from tests.booking.wiring import WiredBooking, wired_booking
from tests.databases import Databases, opened
from tests.inventory.served import served_inventory
from tests.patience import eventually, patient
from tests.payment.at_bank import at_bank

Status = booking_pb2.Booking.Status
ROWS, SEATS_PER_ROW = "ABCDEFGHIJ", 20

WITHIN_SECONDS = patient(60)
"""How long anything may take on a machine that is busy with other things: longer than every lease and back-off."""


@dataclass
class Chain:
    """Everything, and short ways to use it as a customer does."""

    inventory_db: Database
    booking_db: Database
    payment_db: Database
    bank: Bank
    bookings: booking_pb2_grpc.BookingServiceAsyncStub
    payments: payment_pb2_grpc.PaymentServiceAsyncStub
    seats: inventory_pb2_grpc.InventoryServiceAsyncStub
    show_id: str
    seat_ids: list[str]
    checkout: Checkout

    async def book(self, *numbers: int) -> booking_pb2.Booking:
        """Book seats for a new user."""
        seats = [self.seat_ids[number] for number in numbers]
        request = booking_pb2.CreateBookingRequest(user_id=str(uuid4()), show_id=self.show_id, show_seat_ids=seats)
        return await self.bookings.CreateBooking(request)

    async def session(self, booking: booking_pb2.Booking) -> payment_pb2.InitiatePaymentResponse:
        request = payment_pb2.InitiatePaymentRequest(booking_id=booking.id, user_id=booking.user_id)
        return await self.payments.InitiatePayment(request)

    async def cancel(self, booking: booking_pb2.Booking) -> booking_pb2.Booking:
        request = booking_pb2.CancelBookingRequest(booking_id=booking.id, user_id=booking.user_id)
        return await self.bookings.CancelBooking(request)

    async def refund(self, booking: booking_pb2.Booking) -> booking_pb2.RefundBookingResponse:
        request = booking_pb2.RefundBookingRequest(booking_id=booking.id, user_id=booking.user_id)
        return await self.bookings.RefundBooking(request)

    async def status(self, booking: booking_pb2.Booking) -> str:
        found = await self.bookings.GetBooking(booking_pb2.GetBookingRequest(booking_id=booking.id))
        return Status.Name(found.status)

    async def until(self, booking: booking_pb2.Booking, status: str) -> None:
        async def look() -> bool:
            return await self.status(booking) == status

        await eventually(look, WITHIN_SECONDS)

    async def confirmed(self, *numbers: int) -> booking_pb2.Booking:
        """Book and pay."""
        booking = await self.book(*numbers)
        await self.bank.pay((await self.session(booking)).session_id)
        await self.until(booking, "CONFIRMED")
        return booking

    async def ledger(self, booking: booking_pb2.Booking) -> list[int]:
        """Return what the bank took for a booking and gave back, session by session."""
        rows = await self.payment_db.fetch("SELECT session_id FROM payments WHERE booking_id = %s", (booking.id,))
        return [amount for row in rows for amount in await self.bank.ledger(row.session_id)]

    async def seat_status(self, number: int) -> str:
        seats = await self.seats.GetSeatMap(inventory_pb2.GetSeatMapRequest(show_id=self.show_id))
        return seat_pb2.ShowSeat.Status.Name(seats.seats[number].status)

    async def hook(self, body: bytes, headers: dict[str, str]) -> None:
        """Deliver a webhook as the gateway does."""
        await self.payments.ReceiveWebhook(
            httpbody_pb2.HttpBody(content_type="application/json", data=body), metadata=tuple(headers.items())
        )

    async def at_rest(self) -> None:
        """Wait until nothing is under way."""
        questions = (
            (self.booking_db, "SELECT 1 FROM outbox"),
            (self.booking_db, "SELECT 1 FROM bookings WHERE state IN ('RESERVING', 'CONFIRMING', 'REFUNDING')"),
            (self.booking_db, "SELECT 1 FROM booking_refunds WHERE state = 'PROCESSING'"),
            (self.payment_db, "SELECT 1 FROM outbox"),
            (self.payment_db, "SELECT 1 FROM refunds WHERE state = 'REQUESTED'"),
            (self.bank.db, "SELECT 1 FROM deliveries WHERE delivered_at IS NULL"),
        )

        async def nothing() -> bool:
            return not [1 for db, question in questions if await db.fetch(f"{question} LIMIT 1")]

        await eventually(nothing, WITHIN_SECONDS)


@dataclass
class _WiredPayment:
    servicer: PaymentService
    checkout: Checkout
    refunds: Refunds
    outbox: Outbox
    peers: Mapping[str, Deliver]


def _wired_payment(db: Database, to_booking: grpc.aio.Channel, to_bank: grpc.aio.Channel) -> _WiredPayment:
    """Put payment's parts together as its process does."""
    outbox, booking, gateways = Outbox(db), clients.BookingClient(to_booking), at_bank(to_bank)
    rules = SessionRules(timedelta(minutes=2), poll_first_seconds=5, poll_max_seconds=30)
    checkout, refunds = Checkout(db, outbox, booking, gateways, rules), Refunds(db, gateways)
    servicer = PaymentService(
        look.PaymentLookup(db), checkout, refunds, Signatures([SECRET]), booking, "http://127.0.0.1:8001"
    )
    peers = deliveries.peers(booking)
    return _WiredPayment(servicer, checkout, refunds, outbox, peers)


@asynccontextmanager
async def running(databases: Databases) -> AsyncIterator[Chain]:
    """Run the whole chain."""
    async with AsyncExitStack() as stack:
        urls = [
            await stack.enter_async_context(databases.made(service))
            for service in ("inventory", "booking", "payment", "bank")
        ]
        inventory_db, booking_db, payment_db, bank_db = [await stack.enter_async_context(opened(url)) for url in urls]
        # Booking and payment call each other, so their addresses are chosen before either is there.
        booking_server, payment_server = make_server(), make_server()
        to_booking, to_payment = [
            await stack.enter_async_context(channel(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"))
            for server in (booking_server, payment_server)
        ]

        to_inventory = await stack.enter_async_context(served_inventory(inventory_db))
        bank, _, to_bank = await stack.enter_async_context(served_bank(bank_db))
        booking = wired_booking(booking_db, to_inventory, to_payment)
        stack.push_async_callback(booking.desk.close)
        booking_pb2_grpc.add_BookingServiceServicer_to_server(booking.servicer, booking_server)
        payment = _wired_payment(payment_db, to_booking, to_bank)
        payment_pb2_grpc.add_PaymentServiceServicer_to_server(payment.servicer, payment_server)
        for server in (booking_server, payment_server):
            await server.start()
            stack.push_async_callback(server.stop, 1)

        seats = inventory_pb2_grpc.InventoryServiceStub(to_inventory)
        show_id = await _make_show(catalog_pb2_grpc.CatalogServiceStub(to_inventory))
        seat_map = await seats.GetSeatMap(inventory_pb2.GetSeatMapRequest(show_id=show_id))
        chain = Chain(
            inventory_db,
            booking_db,
            payment_db,
            bank,
            booking_pb2_grpc.BookingServiceStub(to_booking),
            payment_pb2_grpc.PaymentServiceStub(to_payment),
            seats,
            show_id,
            [seat.id for seat in seat_map.seats],
            payment.checkout,
        )
        await stack.enter_async_context(_at_work(booking, payment))
        await stack.enter_async_context(_webhooks(chain))
        yield chain


@asynccontextmanager
async def _at_work(booking: WiredBooking, payment: _WiredPayment) -> AsyncIterator[None]:
    """Run what works beside calls: relays, recovery, jobs."""
    work: list[Coroutine[Any, Any, None]] = [
        booking.outbox.relay(booking.peers),
        payment.outbox.relay(payment.peers),
        booking.saga.recover(),
        _ticking(payment.checkout.poll),
        _ticking(payment.refunds.recover),
    ]
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
        assert not [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _ticking(job: Any) -> None:
    while True:
        await job()
        await asyncio.sleep(0.2)


@asynccontextmanager
async def _webhooks(chain: Chain) -> AsyncIterator[None]:
    """Let the bank's webhooks come in as through the gateway."""

    async def pass_on(request: Received) -> int:
        try:
            await chain.hook(request.body, {k: v for k, v in request.headers.items() if k.startswith("webhook-")})
        except grpc.aio.AioRpcError as error:
            return {grpc.StatusCode.UNAVAILABLE: 503, grpc.StatusCode.INTERNAL: 500}.get(error.code(), 400)
        return 200

    async with receiving() as receiver:
        receiver.answer = pass_on
        async with sending(chain.bank.deliveries, receiver.url):
            yield


async def _make_show(catalog: catalog_pb2_grpc.CatalogServiceStub) -> str:
    """Create a show of two hundred seats in three days."""
    movie = await catalog.CreateMovie(catalog_pb2.CreateMovieRequest(title="Monsoon Letters", duration_minutes=120))
    venue = await catalog.CreateVenue(catalog_pb2.CreateVenueRequest(name="Regal", city="Pune"))
    rows = [
        catalog_pb2.CreateScreenRequest.Row(label=label, seat_count=SEATS_PER_ROW, tier=seat_pb2.Seat.REGULAR)
        for label in ROWS
    ]
    section = catalog_pb2.CreateScreenRequest.Section(name="Stalls", rows=rows)
    screen = await catalog.CreateScreen(
        catalog_pb2.CreateScreenRequest(venue_id=venue.id, name="Screen 1", sections=[section])
    )
    start = Timestamp()
    start.GetCurrentTime()
    start.seconds += 3 * 24 * 3600
    show = await catalog.CreateShow(
        catalog_pb2.CreateShowRequest(
            movie_id=movie.id,
            screen_id=screen.id,
            start_time=start,
            prices=[catalog_pb2.TierPrice(tier=seat_pb2.Seat.REGULAR, price=25_001)],
        )
    )
    return show.id
