"""Booking on a real database, with a real inventory behind it and a payment service that tests speak for."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from inspect import isasyncgenfunction
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.booking.v1 import (
    admissions_pb2_grpc,
    booking_pb2,
    booking_pb2_grpc,
    cancellations_pb2_grpc,
    coupon_pb2,
    coupon_pb2_grpc,
    gates_pb2_grpc,
    invoices_pb2_grpc,
    office_pb2,
    office_pb2_grpc,
    tariffs_pb2_grpc,
    taxes_pb2_grpc,
    tickets_pb2_grpc,
    transfers_pb2_grpc,
)
from boxoffice.identity.v1 import identity_pb2, identity_pb2_grpc
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc, inventory_pb2, inventory_pb2_grpc, seat_pb2
from boxoffice.payment.v1 import payment_pb2, payment_pb2_grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2

from services.booking.saga import Saga
from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.chassis.wire.calls import DETAILS
from services.chassis.wire.identity import Caller, caller
from services.chassis.wire.status import to_status
from services.chassis.writes.outbox import Outbox
from tests.booking.wiring import WiredBooking, wired_booking
from tests.databases import move_clock
from tests.inventory.served import served_inventory
from tests.servers import served

UNTOLD = """
    SELECT b.id, b.state, e.kind FROM bookings b
    LEFT JOIN LATERAL (
        SELECT kind FROM topic_events WHERE key = b.id AND kind NOT IN ('PAYMENT_FAILED', 'TICKET_TRANSFERRED',
            'TICKET_RETURNED', 'TICKET_REVOKED', 'OFFER_DECLINED', 'OFFER_EXPIRED') ORDER BY id DESC LIMIT 1
    ) AS e ON true
    WHERE b.state <> 'RESERVING' AND coalesce(e.kind, '') NOT IN ('PARTLY_REFUNDED', 'REFUND_UNDONE')
        AND b.updated_at > (SELECT whole_since FROM topics) AND e.kind IS DISTINCT FROM
        CASE coalesce(b.confirming_from, b.state) WHEN 'PENDING' THEN 'CREATED' WHEN 'REFUNDING' THEN 'CONFIRMED'
            ELSE coalesce(b.confirming_from, b.state) END
"""
ORPHANS = "SELECT e.kind FROM topic_events e WHERE NOT EXISTS (SELECT FROM bookings b WHERE b.id = e.key)"
ANN, BOB = uuid4(), uuid4()
Refund = payment_pb2.BatchRefundPaymentsRequest.Refund
RefundState = payment_pb2.BatchRefundPaymentsResponse.Result


@dataclass
class FakePayment(payment_pb2_grpc.PaymentServiceServicer):
    """A payment service that remembers what it was told and answers as the test says."""

    refunds: list[Any] = field(default_factory=list)
    parts: list[Any] = field(default_factory=list)
    """Refunds of seats."""
    stuck: set[int] = field(default_factory=set)
    """Amounts of parts that the bank declines for good."""
    closed: list[str] = field(default_factory=list)
    refund_state: "payment_pb2.BatchRefundPaymentsResponse.Result.State.ValueType" = RefundState.SUCCEEDED
    refund_refusal: Failure | None = None
    away: bool = False
    under_way: int = 0
    """Payments of every user."""

    async def CountOpenPayments(self, request: Any, context: Any) -> Any:
        if self.away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        return payment_pb2.CountOpenPaymentsResponse(payments=self.under_way)

    async def BatchRefundPayments(self, request: Any, context: Any) -> Any:
        if self.away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        self.refunds += request.refunds
        if self.refund_refusal is not None:
            refusal = to_status(self.refund_refusal)
            return payment_pb2.BatchRefundPaymentsResponse(
                results=[RefundState(refusal=refusal) for _ in request.refunds]
            )
        return payment_pb2.BatchRefundPaymentsResponse(
            results=[RefundState(state=self.refund_state) for _ in request.refunds]
        )

    async def BatchRefundParts(self, request: Any, context: Any) -> Any:
        if self.away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        self.parts += request.parts
        if self.refund_refusal is not None:
            results = [RefundState(refusal=to_status(self.refund_refusal)) for _ in request.parts]
        else:
            states = [RefundState.STUCK if it.amount in self.stuck else self.refund_state for it in request.parts]
            results = [RefundState(state=state) for state in states]
        return payment_pb2.BatchRefundPartsResponse(results=results)

    async def BatchClosePayments(self, request: Any, context: Any) -> Any:
        if self.away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        self.closed += request.booking_ids
        return payment_pb2.BatchClosePaymentsResponse()

    async def BatchGetPaymentStatus(self, request: Any, context: Any) -> Any:
        if self.away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        statuses = [
            payment_pb2.PaymentStatus(booking_id=each, payments=[payment_pb2.Payment(id=str(uuid4()), booking_id=each)])
            for each in request.booking_ids
        ]
        return payment_pb2.BatchGetPaymentStatusResponse(statuses=statuses)


@dataclass
class FakeIdentity(identity_pb2_grpc.IdentityServiceServicer):
    """An identity service that knows whom the test says: name, e-mail address and phone of users."""

    known: dict[UUID, tuple[str, str, str]] = field(default_factory=dict)
    unverified: set[UUID] = field(default_factory=set)
    away: bool = False

    async def BatchGetContacts(self, request: Any, context: Any) -> Any:
        if self.away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "away")
        answer = identity_pb2.BatchGetContactsResponse()
        for user_id in request.user_ids:
            if found := self.known.get(UUID(user_id)):
                name, email, phone = found
                verified = UUID(user_id) not in self.unverified
                answer.contacts.add(user_id=user_id, name=name, email=email, phone=phone, email_verified=verified)
        return answer


@dataclass
class House:
    """Everything that a test of booking needs, and short ways to use it."""

    db: Database
    inventory_db: Database
    outbox: Outbox
    saga: Saga
    peers: Any
    payment: FakePayment
    bookings: booking_pb2_grpc.BookingServiceStub
    coupons: coupon_pb2_grpc.CouponServiceStub
    callers: list[Caller]
    """The last of them calls for coupons, and books; nobody who is known where there is none."""
    seats: inventory_pb2_grpc.InventoryServiceStub
    show_id: str
    seat_ids: list[str]
    taxes: taxes_pb2_grpc.TaxServiceStub
    invoices: invoices_pb2_grpc.InvoiceServiceStub
    tariffs: tariffs_pb2_grpc.TariffServiceStub
    cancellations: cancellations_pb2_grpc.CancellationServiceStub
    tickets: tickets_pb2_grpc.TicketServiceStub
    office: office_pb2_grpc.OfficeServiceStub
    people: FakeIdentity
    to_identity: grpc.aio.Channel
    to_inventory: grpc.aio.Channel
    gates: gates_pb2_grpc.GateServiceStub
    admissions: admissions_pb2_grpc.AdmissionServiceStub
    transfers: transfers_pb2_grpc.TransferServiceStub

    async def book(self, user: UUID, *numbers: int, key: str = "", coupon: str = "") -> booking_pb2.Booking:
        request = booking_pb2.CreateBookingRequest(
            user_id=str(user),
            show_id=self.show_id,
            show_seat_ids=[self.seat_ids[number] for number in numbers],
            idempotency_key=key,
            coupon_code=coupon,
        )
        return await self.bookings.CreateBooking(request)

    async def get(self, booking_id: str) -> booking_pb2.Booking:
        return await self.bookings.GetBooking(booking_pb2.GetBookingRequest(booking_id=booking_id))

    async def status(self, booking_id: str) -> str:
        return booking_pb2.Booking.Status.Name((await self.get(booking_id)).status)

    async def capture(self, booking: booking_pb2.Booking, *, payment: UUID | None = None, amount: int = 0) -> Any:
        """Tell booking of captured money; return the result."""
        capture = booking_pb2.BatchRecordCapturesRequest.Capture(
            payment_id=str(payment or uuid4()),
            booking_id=booking.id,
            session_id=f"sess_{uuid4()}",
            amount=amount or booking.final_amount,
            currency=booking.currency,
        )
        if payment is not None:
            capture.session_id = f"sess_{payment}"
        request = booking_pb2.BatchRecordCapturesRequest(captures=[capture])
        return (await self.bookings.BatchRecordCaptures(request)).results[0]

    async def confirmed(self, user: UUID, *numbers: int, coupon: str = "") -> booking_pb2.Booking:
        booking = await self.book(user, *numbers, coupon=coupon)
        await self.capture(booking)
        return await self.get(booking.id)

    async def relay(self) -> None:
        """Deliver what the outbox holds."""
        await self.outbox.deliver_once(self.peers)

    async def seat_statuses(self) -> list[str]:
        seats = await self.seats.GetSeatMap(inventory_pb2.GetSeatMapRequest(show_id=self.show_id))
        return [seat_pb2.ShowSeat.Status.Name(seat.status) for seat in seats.seats]


async def make_show(catalog: catalog_pb2_grpc.CatalogServiceStub, *, in_: timedelta, closes: timedelta) -> str:
    """Create a show of twelve seats through the contract; its sales end so long before."""
    movie = await catalog.CreateMovie(catalog_pb2.CreateMovieRequest(title="Monsoon Letters", duration_minutes=120))
    venue = await catalog.CreateVenue(catalog_pb2.CreateVenueRequest(name="Regal", city="Pune"))
    row = catalog_pb2.CreateScreenRequest.Row(label="A", seat_count=12, tier=seat_pb2.Seat.REGULAR)
    screen = await catalog.CreateScreen(
        catalog_pb2.CreateScreenRequest(
            venue_id=venue.id,
            name="Screen 1",
            sections=[catalog_pb2.CreateScreenRequest.Section(name="Stalls", rows=[row])],
        )
    )
    start = Timestamp()
    start.GetCurrentTime()
    start.seconds += int(in_.total_seconds())
    end = Timestamp(seconds=start.seconds - int(closes.total_seconds()), nanos=start.nanos)
    show = await catalog.CreateShow(
        catalog_pb2.CreateShowRequest(
            movie_id=movie.id,
            screen_id=screen.id,
            start_time=start,
            sales_end_at=end if closes else None,
            prices=[catalog_pb2.TierPrice(tier=seat_pb2.Seat.REGULAR, price=25_001)],
        )
    )
    return show.id


@asynccontextmanager
async def opened_house(
    inventory_db: Database,
    booking_db: Database,
    *,
    starts_in: timedelta,
    closes: timedelta,
    free_per_day: int = 0,
    free_takes_email: bool = False,
) -> AsyncIterator[House]:
    """Serve booking beside inventory and a FakePayment, with one show to book."""
    async with AsyncExitStack() as stack:
        payment = FakePayment()
        to_inventory = await stack.enter_async_context(served_inventory(inventory_db))
        to_payment = await stack.enter_async_context(
            served(lambda server: payment_pb2_grpc.add_PaymentServiceServicer_to_server(payment, server))
        )
        people, to_identity = await _served_identity(stack)
        free: dict[str, Any] = {"free_per_day": free_per_day, "free_takes_email": free_takes_email}
        booking = wired_booking(booking_db, to_inventory, to_payment, to_identity, gathers=False, **free)
        callers: list[Caller] = []
        to_booking = await stack.enter_async_context(served(lambda server: _add(booking, callers, server)))
        show_id = await make_show(catalog_pb2_grpc.CatalogServiceStub(to_inventory), in_=starts_in, closes=closes)
        seats = inventory_pb2_grpc.InventoryServiceStub(to_inventory)
        seat_map = await seats.GetSeatMap(inventory_pb2.GetSeatMapRequest(show_id=show_id))
        yield House(
            booking_db,
            inventory_db,
            booking.outbox,
            booking.saga,
            booking.peers,
            payment,
            booking_pb2_grpc.BookingServiceStub(to_booking),
            coupon_pb2_grpc.CouponServiceStub(to_booking),
            callers,
            seats,
            show_id,
            [seat.id for seat in seat_map.seats],
            taxes_pb2_grpc.TaxServiceStub(to_booking),
            invoices_pb2_grpc.InvoiceServiceStub(to_booking),
            tariffs_pb2_grpc.TariffServiceStub(to_booking),
            cancellations_pb2_grpc.CancellationServiceStub(to_booking),
            tickets_pb2_grpc.TicketServiceStub(to_booking),
            office_pb2_grpc.OfficeServiceStub(to_booking),
            people,
            to_identity,
            to_inventory,
            *_doors(to_booking),
        )
        await booking.close()
        await _check_events(booking_db)


def _doors(
    to_booking: grpc.aio.Channel,
) -> tuple[
    gates_pb2_grpc.GateServiceStub, admissions_pb2_grpc.AdmissionServiceStub, transfers_pb2_grpc.TransferServiceStub
]:
    gates, admissions = gates_pb2_grpc.GateServiceStub(to_booking), admissions_pb2_grpc.AdmissionServiceStub(to_booking)
    return gates, admissions, transfers_pb2_grpc.TransferServiceStub(to_booking)


async def _check_events(booking_db: Database) -> None:
    assert await booking_db.fetch(UNTOLD) == [], "the last event of a booking is the state that callers see"
    assert await booking_db.fetch(ORPHANS) == [], "every event is of a booking"


async def _served_identity(stack: AsyncExitStack) -> tuple[FakeIdentity, grpc.aio.Channel]:
    """Serve a FakeIdentity; return it, and a channel to it."""
    people = FakeIdentity()
    add = identity_pb2_grpc.add_IdentityServiceServicer_to_server
    return people, await stack.enter_async_context(served(lambda server: add(people, server)))


def _add(booking: WiredBooking, callers: list[Caller], server: grpc.aio.Server) -> None:
    """Have a server serve booking's services."""
    servicer, coupons = booking.servicer, coupon_pb2.DESCRIPTOR.services_by_name["CouponService"]
    servicer = _called_by(servicer, ["CreateBooking", "GrantRefund"], callers)
    booking_pb2_grpc.add_BookingServiceServicer_to_server(servicer, server)
    of_coupons = _called_by(booking.coupons, coupons.methods_by_name, callers)
    coupon_pb2_grpc.add_CouponServiceServicer_to_server(of_coupons, server)
    taxes_pb2_grpc.add_TaxServiceServicer_to_server(booking.taxes, server)
    invoices_pb2_grpc.add_InvoiceServiceServicer_to_server(booking.invoices, server)
    tariffs_pb2_grpc.add_TariffServiceServicer_to_server(booking.tariffs, server)
    cancellations_pb2_grpc.add_CancellationServiceServicer_to_server(booking.cancellations, server)
    of_tickets = _called_by(booking.tickets, ["ListTickets"], callers)
    tickets_pb2_grpc.add_TicketServiceServicer_to_server(of_tickets, server)
    gates_pb2_grpc.add_GateServiceServicer_to_server(booking.gates, server)
    transfers_pb2_grpc.add_TransferServiceServicer_to_server(booking.transfers, server)
    admissions_pb2_grpc.add_AdmissionServiceServicer_to_server(booking.admissions, server)
    office = _called_by(
        booking.office, office_pb2.DESCRIPTOR.services_by_name["OfficeService"].methods_by_name, callers
    )
    office_pb2_grpc.add_OfficeServiceServicer_to_server(office, server)


def _called_by(servicer: Any, names: Iterable[str], callers: list[Caller]) -> Any:
    """Have some of a servicer's methods called by the last of the callers, as the chassis finds out who calls."""

    def by_caller(method: Any) -> Any:
        async def called(request: Any, context: Any) -> Any:
            caller.set(callers[-1] if callers else None)
            return await method(request, context)

        return called

    def streamed_by_caller(method: Any) -> Any:
        async def called(request: Any, context: Any) -> AsyncIterator[Any]:
            caller.set(callers[-1] if callers else None)
            async for message in method(request, context):
                yield message

        return called

    for name in names:
        method = getattr(servicer, name)
        setattr(servicer, name, streamed_by_caller(method) if isasyncgenfunction(method) else by_caller(method))
    return servicer


def reason(error: grpc.aio.AioRpcError) -> error_details_pb2.ErrorInfo:
    """Read why a call was refused."""
    details = dict(error.trailing_metadata() or ())[DETAILS]
    status = status_pb2.Status.FromString(details)  # type: ignore[arg-type]
    info = error_details_pb2.ErrorInfo()
    status.details[0].Unpack(info)
    return info


async def refused(call: Any) -> error_details_pb2.ErrorInfo:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return reason(error.value)


async def move_clocks(house: House, interval: str) -> None:
    await move_clock(house.db, interval)
    await move_clock(house.inventory_db, interval)
