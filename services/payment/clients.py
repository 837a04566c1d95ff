"""The peers: booking, and the bank as any payment gateway's adapter would look."""

import logging
from collections.abc import Sequence
from datetime import UTC
from enum import StrEnum
from uuid import UUID

import grpc
from boxoffice.bank.v1 import bank_pb2, bank_pb2_grpc
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc
from boxoffice.events.v1 import events_pb2

from services.chassis.errors import Code, Failure, MethodAway, PeerFailure, Unavailable, is_transient
from services.chassis.sight.vocabulary import unknown
from services.chassis.wire.calls import call
from services.chassis.wire.status import from_status
from services.chassis.wire.times import to_timestamp
from services.chassis.writes.consumer import Events
from services.chassis.writes.lookup import ASKING_LANES, Lookup
from services.payment.domain.payments import Outcome, Payable, Payment, SessionReport
from services.payment.domain.refunds import Refund
from services.payment.side_by_side import each

log = logging.getLogger(__name__)

BANK_SECONDS = 3.0

PAYABLE_SECONDS = 1.5
"""The deadline of a question to booking about bookings to pay for, which is asked twice at most."""

AT_ONCE = 100
"""Bookings that are asked about by one call, as many as its contract allows."""

BOOKINGS = "bookings"
"""The topic that booking publishes."""

_OUTCOMES = {
    bank_pb2.Session.OPEN: None,
    bank_pb2.Session.CAPTURED: Outcome.CAPTURED,
    bank_pb2.Session.DECLINED: Outcome.DECLINED,
    bank_pb2.Session.EXPIRED: Outcome.EXPIRED,
    bank_pb2.Session.CLOSED: Outcome.CLOSED,
}


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

    async def events(self, after: int | None) -> Events[events_pb2.BookingEvent]:
        """Return the events of the topic `bookings` behind a position, or the oldest that are kept."""
        answer = await call(self._stub.ListBookingEvents, booking_pb2.ListBookingEventsRequest(after=after))
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


class RefundAnswer(StrEnum):
    """What the bank says to a refund."""

    SUCCEEDED = "SUCCEEDED"
    PENDING = "PENDING"


class RefundDeclined(Exception):
    """The bank will not carry this refund out."""


class BankClient:
    """The payment gateway. Every call may be repeated; what came of one that fails is not known.

    Unavailable also stands for refusals that can only be a defect of ours, which are logged as errors: customers
    have no use for what the bank said to us.
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = bank_pb2_grpc.BankServiceStub(channel)

    async def create_session(self, payment: Payment, booking: Payable) -> SessionReport:
        """Open the session of a payment, or look at it if it was opened before."""
        request = bank_pb2.CreateSessionRequest(
            session_id=payment.session_id,
            payment_id=str(payment.id),
            amount=payment.amount,
            currency=payment.currency,
            expires_at=to_timestamp(payment.expires_at),
            description=booking.description[:500],
            items=[item[:100] for item in booking.items[:100]],
            order_id=str(payment.booking_id),
        )
        try:
            return _report(await call(self._stub.CreateSession, request, seconds=BANK_SECONDS))
        except PeerFailure as refusal:
            raise _defect(refusal) from refusal

    async def get_session(self, session_id: str) -> SessionReport | None:
        """Look at a session; return None if the bank does not know it."""
        request = bank_pb2.GetSessionRequest(session_id=session_id)
        try:
            return _report(await call(self._stub.GetSession, request, seconds=BANK_SECONDS))
        except PeerFailure as refusal:
            if refusal.code == Code.NOT_FOUND:
                return None
            raise _defect(refusal) from refusal

    async def close_session(self, session_id: str, seconds: float = BANK_SECONDS) -> SessionReport | None:
        """Close a session if it is open, and look at it; return None if the bank does not know it."""
        request = bank_pb2.CloseSessionRequest(session_id=session_id)
        try:
            return _report(await call(self._stub.CloseSession, request, seconds=seconds))
        except PeerFailure as refusal:
            if refusal.code == Code.NOT_FOUND:
                return None
            raise _defect(refusal) from refusal

    async def refund(self, refund: Refund, seconds: float = BANK_SECONDS) -> RefundAnswer:
        """Have a refund carried out; raise RefundDeclined if the bank never will."""
        request = bank_pb2.CreateRefundRequest(
            refund_id=str(refund.id), session_id=refund.session_id, amount=refund.amount
        )
        try:
            answer = await call(self._stub.CreateRefund, request, seconds=seconds)
        except PeerFailure as refusal:
            if refusal.reason not in _FINAL_REFUSALS:
                raise _defect(refusal) from refusal
            raise RefundDeclined(f"{refusal.reason}: {refusal.message}") from refusal
        if answer.status == bank_pb2.Refund.DECLINED:
            raise RefundDeclined("declined")
        if answer.status not in _REFUND_ANSWERS:
            raise _not_understood("refund status", answer.status)
        return _REFUND_ANSWERS[answer.status]


_FINAL_REFUSALS = ("SESSION_NOT_CAPTURED", "REFUND_EXCEEDS_CAPTURE", "REFUND_MISMATCH")
"""What the bank will say of a refund however often it is asked."""


_REFUND_ANSWERS = {bank_pb2.Refund.PENDING: RefundAnswer.PENDING, bank_pb2.Refund.SUCCEEDED: RefundAnswer.SUCCEEDED}


def _report(session: bank_pb2.Session) -> SessionReport:
    if session.status not in _OUTCOMES:
        raise _not_understood("session status", session.status)
    return SessionReport(
        payment_id=UUID(session.payment_id),
        session_id=session.id,
        amount=session.amount,
        currency=session.currency,
        outcome=_OUTCOMES[session.status],
    )


def _not_understood(kind: str, word: object) -> Failure:
    """Return what is told where the bank uses a word that is not known here: it is asked again, as if it were away."""
    unknown(kind, word)
    return Unavailable()


def _defect(refusal: PeerFailure) -> Failure:
    if is_transient(refusal):
        return refusal
    log.error("the bank refused us: %s: %s", refusal.reason, refusal)
    return Unavailable()
