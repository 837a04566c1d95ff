"""The peers: booking."""

from collections.abc import Sequence
from datetime import UTC
from uuid import UUID

import grpc
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc
from boxoffice.events.v1 import events_pb2

from services.chassis.errors import Code, Failure, MethodAway
from services.chassis.wire.calls import call
from services.chassis.wire.status import from_status
from services.chassis.writes.consumer import Events
from services.chassis.writes.lookup import ASKING_LANES, Lookup
from services.payment.domain.payments import Payable
from services.payment.side_by_side import each

PAYABLE_SECONDS = 1.5
"""The deadline of a question to booking about bookings to pay for, which is asked twice at most."""

AT_ONCE = 100
"""Bookings that are asked about by one call, as many as its contract allows."""

BOOKINGS = "bookings"
"""The topic that booking publishes."""

PAGE = 500
"""Events of it that are read at once, as many as its contract allows: a page costs more than an event."""

_Wanted = tuple[UUID, UUID]
"""A booking, and its user."""


class BookingClient:
    """The booking service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = booking_pb2_grpc.BookingServiceStub(channel)
        self._payable: Lookup[_Wanted, Payable] = Lookup(
            self._ask_payable, name="ask-payable", max_keys=AT_ONCE, lanes=ASKING_LANES
        )

    async def payable(self, booking_id: UUID, user_id: UUID) -> Payable:
        """Return a booking that waits for its payment; raise what booking refuses, in its own words."""
        found = await self._payable.get((booking_id, user_id))
        assert found is not None, "booking answers for each"
        return found

    async def _ask_payable(self, wanted: Sequence[_Wanted]) -> dict[_Wanted, Payable | Failure]:
        requests = [_payable_request(booking_id, user_id) for booking_id, user_id in wanted]
        try:
            answer = await self._payables(booking_pb2.BatchGetPayableBookingsRequest(bookings=requests))
        except MethodAway:
            # A booking service of the version before, in a rollout.
            return dict(zip(wanted, await each(requests, self._ask_one), strict=True))
        results = [_payable(r.booking) if r.HasField("booking") else from_status(r.refusal) for r in answer.results]
        return dict(zip(wanted, results, strict=True))

    async def _payables(
        self, request: booking_pb2.BatchGetPayableBookingsRequest
    ) -> booking_pb2.BatchGetPayableBookingsResponse:
        try:
            return await call(self._stub.BatchGetPayableBookings, request, seconds=PAYABLE_SECONDS)
        except Failure as failure:
            if failure.code is not Code.DEADLINE_EXCEEDED:
                raise
            # A replica may hang: the next call goes to another one.
            return await call(self._stub.BatchGetPayableBookings, request, seconds=PAYABLE_SECONDS)

    async def _ask_one(self, request: booking_pb2.GetPayableBookingRequest) -> Payable | Failure:
        try:
            return _payable(await call(self._stub.GetPayableBooking, request))
        except Failure as failure:
            return failure

    async def record_captures(self, payloads: Sequence[bytes]) -> list[Failure | None]:
        """Deliver messages of the topic `captures`."""
        kind = booking_pb2.BatchRecordCapturesRequest.Capture
        request = booking_pb2.BatchRecordCapturesRequest(captures=map(kind.FromString, payloads))
        answer = await call(self._stub.BatchRecordCaptures, request)
        return [from_status(r.refusal) if r.HasField("refusal") else None for r in answer.results]

    async def record_declines(self, payloads: Sequence[bytes]) -> list[Failure | None]:
        """Deliver messages of the topic `declines`."""
        kind = booking_pb2.BatchRecordDeclinesRequest.Decline
        request = booking_pb2.BatchRecordDeclinesRequest(declines=map(kind.FromString, payloads))
        answer = await call(self._stub.BatchRecordDeclines, request)
        return [from_status(r.refusal) if r.HasField("refusal") else None for r in answer.results]

    async def record_undone_refunds(self, payloads: Sequence[bytes]) -> list[Failure | None]:
        """Deliver messages of the topic `undone-refunds`."""
        kind = booking_pb2.BatchRecordUndoneRefundsRequest.Refund
        request = booking_pb2.BatchRecordUndoneRefundsRequest(refunds=map(kind.FromString, payloads))
        answer = await call(self._stub.BatchRecordUndoneRefunds, request)
        return [from_status(r.refusal) if r.HasField("refusal") else None for r in answer.results]

    async def events(self, after: int | None) -> Events[events_pb2.BookingEvent]:
        """Return the events of the topic `bookings` behind a position, or the oldest that are kept."""
        request = booking_pb2.ListBookingEventsRequest(after=after, page_size=PAGE)
        answer = await call(self._stub.ListBookingEvents, request)
        return Events(answer.events, answer.last)


def _payable_request(booking_id: UUID, user_id: UUID) -> booking_pb2.GetPayableBookingRequest:
    return booking_pb2.GetPayableBookingRequest(booking_id=str(booking_id), user_id=str(user_id))


def _payable(booking: booking_pb2.PayableBooking) -> Payable:
    expires_at = booking.expires_at.ToDatetime(tzinfo=UTC)
    return Payable(
        booking_id=UUID(booking.booking_id),
        user_id=UUID(booking.user_id),
        amount=booking.amount,
        currency=booking.currency,
        expires_at=expires_at,
        description=booking.description,
        items=booking.seats,
        # A booking service that does not know of it yet: the reservation ends with sales anyway.
        sales_end_at=booking.sales_end_at.ToDatetime(tzinfo=UTC) if booking.HasField("sales_end_at") else expires_at,
    )
