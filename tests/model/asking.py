"""What users and organizers ask of Boxoffice as it really is, with the answers as the model would give them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import grpc
import psycopg
from boxoffice.bank.v1 import bank_pb2, bank_pb2_grpc
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc, cancellations_pb2, cancellations_pb2_grpc
from boxoffice.inventory.v1 import catalog_pb2, catalog_pb2_grpc, inventory_pb2, inventory_pb2_grpc, seat_pb2
from boxoffice.payment.v1 import payment_pb2, payment_pb2_grpc

from services.bank.domain import events
from services.bank.domain.scenarios import Notification
from services.bank.domain.sessions import Session, SessionStatus
from services.bank.sessions.statements import WAIT_FOR_SESSIONS
from services.bank.webhooks.deliveries import Deliveries
from services.chassis.store.database import READ_CLOCK, Database
from services.chassis.store.rows import read
from services.chassis.wire.times import to_timestamp
from tests.model import calls, sight
from tests.model.calls import PATIENT
from tests.model.facts import SEATS, Answer, Chosen, Request

USERS = [UUID(int=number + 1) for number in range(3)]

BLOCKED_FOR = "A camera"


class Asking:
    """Requests to replicas about the show. Who makes one says where these are."""

    to: Mapping[tuple[str, int], grpc.aio.Channel]
    to_bank: grpc.aio.Channel
    bank_db: Database
    deliveries: Deliveries
    admin: Mapping[str, psycopg.AsyncConnection[Any]]
    show_id: str
    seat_ids: list[str]
    area_id: str
    code_id: str
    """Of the access code."""
    sessions: dict[str, str]
    """The session of each payment."""

    async def ask(self, request: Request, replica: int) -> Answer:
        """Send a request to a replica, and return the answer as the model would give it."""
        do: Callable[[Request, int], Awaitable[Answer]] = getattr(self, f"_{request.name}")
        try:
            return await do(request, replica)
        except grpc.aio.AioRpcError as error:
            refusal = error
        return await calls.failed(refusal)

    async def _hold(self, ask: Request, replica: int) -> Answer:
        held = await self._stub("inventory", replica).HoldSeats(
            inventory_pb2.HoldSeatsRequest(
                show_id=self.show_id,
                user_id=str(USERS[ask.user]),
                show_seat_ids=self._ids(ask),
                access_code=ask.code,
                areas=self._areas(ask),
            ),
            **PATIENT,
        )
        return ("held", sight.seconds(held.expires_at), *self._chosen(ask, held.seats))

    async def _release_holds(self, ask: Request, replica: int) -> Answer:
        some = {"show_id": self.show_id, "show_seat_ids": self._ids(ask)} if ask.seats else {}
        request = inventory_pb2.ReleaseHoldsRequest(user_id=str(USERS[ask.user]), **some)
        return ("released", (await self._stub("inventory", replica).ReleaseHolds(request, **PATIENT)).released)

    async def _extend_holds(self, ask: Request, replica: int) -> Answer:
        request = inventory_pb2.ExtendHoldsRequest(
            show_id=self.show_id, user_id=str(USERS[ask.user]), show_seat_ids=self._ids(ask)
        )
        extended = await self._stub("inventory", replica).ExtendHolds(request, **PATIENT)
        return ("extended", sight.seconds(extended.expires_at))

    async def _list_holds(self, ask: Request, replica: int) -> Answer:
        request = inventory_pb2.ListHoldsRequest(user_id=str(USERS[ask.user]))
        shows = (await self._stub("inventory", replica).ListHolds(request, **PATIENT)).holds
        held = [(self.seat_ids.index(seat.id), seat.seconds_left) for show in shows for seat in show.seats]
        return ("holds", tuple(sorted(held)))

    async def _book(self, ask: Request, replica: int) -> Answer:
        booked = await self._stub("booking", replica).CreateBooking(
            booking_pb2.CreateBookingRequest(
                show_id=self.show_id,
                user_id=str(USERS[ask.user]),
                show_seat_ids=self._ids(ask),
                idempotency_key=ask.key,
                coupon_code=ask.coupon,
                kinds=["CHILD", *["ADULT"] * (len(ask.seats) - 1)] if ask.child else [],
                expected_total=ask.amount,
                access_code=ask.code,
                areas=self._areas(ask),
            ),
            **PATIENT,
        )
        return (*_booked(booked), *self._chosen(ask, booked.seats))

    async def _book_guests(self, ask: Request, replica: int) -> Answer:
        request = booking_pb2.BookGuestsRequest(
            show_id=self.show_id, guest_user_id=str(USERS[ask.user]), show_seat_ids=self._ids(ask), guest_name="Asha"
        )
        return _booked(await self._stub("booking", replica).BookGuests(request, **PATIENT))

    async def _revoke_code(self, ask: Request, replica: int) -> Answer:
        request = inventory_pb2.RevokeAccessCodeRequest(show_id=self.show_id, access_code_id=self.code_id)
        await self._stub("inventory", replica).RevokeAccessCode(request, **PATIENT)
        return ("revoked",)

    async def _initiate(self, ask: Request, replica: int) -> Answer:
        request = payment_pb2.InitiatePaymentRequest(booking_id=ask.about, user_id=str(USERS[ask.user]))
        opened = await self._stub("payment", replica).InitiatePayment(request, **PATIENT)
        return ("opened", opened.payment_id, opened.amount, sight.seconds(opened.expires_at))

    async def _pay(self, ask: Request, replica: int) -> Answer:
        request = bank_pb2.SimulatePaymentRequest(session_id=await self._session(ask.about), payment_method=ask.method)
        paid = await bank_pb2_grpc.BankServiceStub(self.to_bank).SimulatePayment(request, **PATIENT)
        return ("session", bank_pb2.Session.Status.Name(paid.status))

    async def _capture_after_all(self, ask: Request, replica: int) -> Answer:
        session_id = await self._session(ask.about)
        async with self.bank_db.transaction() as tx:
            locked, [clock] = await tx.fetch_all((WAIT_FOR_SESSIONS, {"ids": [session_id]}), (READ_CLOCK, ()))
            [session], now = read(Session, locked), clock.now
            captured = replace(session, status=SessionStatus.CAPTURED)
            await tx.send("UPDATE sessions SET status = 'CAPTURED', ended_at = %s WHERE id = %s", (now, session_id))
            await tx.send(
                "INSERT INTO ledger (session_id, kind, amount, currency) VALUES (%s, 'CAPTURE', %s, %s)",
                (session_id, session.amount, session.currency),
            )
            event = events.of_session(captured, now)
            assert event is not None
            await self.deliveries.append(tx, [Notification(event)])
        return ()

    async def _cancel(self, ask: Request, replica: int) -> Answer:
        request = booking_pb2.CancelBookingRequest(booking_id=ask.about, user_id=str(USERS[ask.user]))
        cancelled = await self._stub("booking", replica).CancelBooking(request, **PATIENT)
        return (booking_pb2.Booking.Status.Name(cancelled.status).lower(),)

    async def _refund(self, ask: Request, replica: int) -> Answer:
        request = booking_pb2.RefundBookingRequest(
            booking_id=ask.about,
            user_id=str(USERS[ask.user]),
            show_seat_ids=self._ids(ask),
            idempotency_key=ask.key,
        )
        refund = await self._stub("booking", replica).RefundBooking(request, **PATIENT)
        return ("refunding", refund.refund_amount, refund.refund_percentage)

    async def _grant(self, ask: Request, replica: int) -> Answer:
        request = booking_pb2.GrantRefundRequest(
            booking_id=ask.about, show_seat_ids=self._ids(ask), percentage=ask.per_cent, reason="A pillar"
        )
        refund = await self._stub("booking", replica).GrantRefund(request, **PATIENT)
        return ("refunding", refund.refund_amount, refund.refund_percentage)

    async def _set_prices(self, ask: Request, replica: int) -> Answer:
        prices = [catalog_pb2.TierPrice(tier=seat_pb2.Seat.REGULAR, price=ask.amount)]
        stub = catalog_pb2_grpc.CatalogServiceStub(self.to["inventory", replica])
        request = catalog_pb2.SetShowPricesRequest(show_id=self.show_id, prices=prices)
        [listed] = (await stub.SetShowPrices(request, **PATIENT)).prices
        return ("listed", listed.price)

    async def _reschedule(self, ask: Request, replica: int) -> Answer:
        assert ask.amount is not None
        start = to_timestamp(sight.NOON + timedelta(seconds=ask.amount))
        stub = catalog_pb2_grpc.CatalogServiceStub(self.to["inventory", replica])
        request = catalog_pb2.RescheduleShowRequest(show_id=self.show_id, start_time=start)
        moved = await stub.RescheduleShow(request, **PATIENT)
        return ("rescheduled", sight.seconds(moved.start_time), sight.seconds(moved.sales_end_at), moved.revision)

    async def _block(self, ask: Request, replica: int) -> Answer:
        request = inventory_pb2.BlockSeatsRequest(
            show_id=self.show_id, show_seat_ids=self._ids(ask), areas=self._areas(ask), reason=BLOCKED_FOR
        )
        return ("blocked", (await self._stub("inventory", replica).BlockSeats(request, **PATIENT)).blocked)

    async def _unblock(self, ask: Request, replica: int) -> Answer:
        request = inventory_pb2.UnblockSeatsRequest(
            show_id=self.show_id, show_seat_ids=self._ids(ask), areas=self._areas(ask)
        )
        return ("unblocked", (await self._stub("inventory", replica).UnblockSeats(request, **PATIENT)).unblocked)

    async def _cancel_show(self, ask: Request, replica: int) -> Answer:
        stub = cancellations_pb2_grpc.CancellationServiceStub(self.to["booking", replica])
        asked = cancellations_pb2.PreviewShowCancellationRequest(show_id=self.show_id)
        token = (await stub.PreviewShowCancellation(asked, **PATIENT)).token
        request = cancellations_pb2.CancelShowRequest(show_id=self.show_id, token=token, reason="Ill")
        await stub.CancelShow(request, **PATIENT)
        return ("show cancelled",)

    def _stub(self, name: str, replica: int) -> Any:
        kind: Any = {
            "inventory": inventory_pb2_grpc.InventoryServiceStub,
            "booking": booking_pb2_grpc.BookingServiceStub,
            "payment": payment_pb2_grpc.PaymentServiceStub,
        }[name]
        return kind(self.to[name, replica])

    def _ids(self, ask: Request) -> list[str]:
        return [self.seat_ids[seat] for seat in sorted(ask.seats)]

    def _areas(self, ask: Request) -> list[seat_pb2.AreaPlaces]:
        return [seat_pb2.AreaPlaces(area_id=self.area_id, quantity=ask.places)] if ask.places else []

    def _chosen(self, ask: Request, seats: Iterable[Any]) -> list[Chosen]:
        """Return the places of the area that an answer names, where some were asked for."""
        found = (self.seat_ids.index(seat.id) for seat in seats)
        return [Chosen(tuple(seat for seat in found if seat >= SEATS))] if ask.places else []

    async def _session(self, payment: str) -> str:
        if payment not in self.sessions:
            found = await self.admin["payment"].execute("SELECT session_id FROM payments WHERE id = %s", (payment,))
            [(self.sessions[payment],)] = await found.fetchall()
        return self.sessions[payment]


def _booked(booked: booking_pb2.Booking) -> Answer:
    status = booking_pb2.Booking.Status.Name(booked.status)
    word = "booked" if status == "PENDING" else status.lower()
    return (word, booked.id, booked.final_amount, sight.seconds(booked.expires_at))
