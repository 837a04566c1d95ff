"""What booking publishes in its topic: every state of a booking that callers see, in the transaction of the move."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from boxoffice.events.v1 import events_pb2

from services.booking.bookings.domain import Booking, State
from services.booking.bookings.statements import PASS_VERSIONS
from services.chassis.store.database import Transaction
from services.chassis.store.rows import columns
from services.chassis.wire.times import to_timestamp
from services.chassis.writes import topics
from services.chassis.writes.topics import Positioned, TopicEvent

TOPIC = "bookings"

_Kind = events_pb2.BookingEvent.Kind
_KINDS = {
    State.PENDING: _Kind.CREATED,
    State.CONFIRMED: _Kind.CONFIRMED,
    State.CANCELLED: _Kind.CANCELLED,
    State.EXPIRED: _Kind.EXPIRED,
    State.REFUNDED: _Kind.REFUNDED,
}
_NAMES = {number: name for name, number in _Kind.items()}

PAGE = 100
"""Events that are read at once where it is not said how many."""


async def publish(tx: Transaction, bookings: Iterable[Booking]) -> None:
    """Tell that bookings have come to their states by this transaction, which has their locks."""
    await topics.append(tx, TOPIC, [_event(booking) for booking in bookings])


@dataclass(frozen=True, slots=True)
class PartRefund:
    """A refund that was carried out, and was not its booking's last; or one that failed after all."""

    booking: Booking
    refund_id: UUID
    refunded_amount: int
    """What has gone back so far, by all refunds."""
    seats_left: int
    is_undone: bool = False


@dataclass(frozen=True, slots=True)
class FailedPayment:
    """A payment that was declined, and its booking as it is since then."""

    booking: Booking
    payment_id: UUID


@dataclass(frozen=True, slots=True)
class TicketNews:
    """What became of an offer of a ticket, and the booking as it is since then."""

    booking: Booking
    kind: "events_pb2.BookingEvent.Kind.ValueType"
    ticket_id: UUID
    offer_id: UUID
    holder_id: UUID | None
    """Who has accepted the offer, where somebody has."""


async def publish_tickets(tx: Transaction, news: Iterable[TicketNews]) -> None:
    """Tell what became of offers and tickets, whose bookings, which this transaction has locked, get the versions."""
    news = list(news)
    await tx.send(PASS_VERSIONS, columns(news, id="booking.id", version="booking.version"))
    await topics.append(tx, TOPIC, [_of_ticket(each) for each in news])


async def publish_failures(tx: Transaction, failures: Iterable[FailedPayment]) -> None:
    """Tell of payments that were declined for bookings of which this transaction has the locks."""
    await topics.append(tx, TOPIC, [_failure(failure) for failure in failures])


async def publish_parts(tx: Transaction, parts: Iterable[PartRefund]) -> None:
    """Tell of refunds that this transaction finishes or begins again, which has the locks of their bookings."""
    await topics.append(tx, TOPIC, [_part(part) for part in parts])


def created(bookings: Iterable[Booking]) -> dict[str, Any]:
    """Return the parameters of topics.APPEND that tell of bookings which its statement makes PENDING."""
    return topics.parameters(TOPIC, [_event(booking) for booking in bookings])


def positioned(event: Positioned) -> events_pb2.BookingEvent:
    """Return an event as consumers read it."""
    event_ = events_pb2.BookingEvent.FromString(event.payload)
    event_.position = event.position
    event_.time.CopyFrom(to_timestamp(event.written_at))
    return event_


def _event(booking: Booking) -> TopicEvent:
    return _written(booking, _message(booking, _KINDS[booking.recorded_state]))


def _part(part: PartRefund) -> TopicEvent:
    event = _message(part.booking, _Kind.REFUND_UNDONE if part.is_undone else _Kind.PARTLY_REFUNDED)
    event.refund_amount, event.refund_percentage = part.refunded_amount, 0
    event.refund_id, event.seats_left = str(part.refund_id), part.seats_left
    return _written(part.booking, event)


def _failure(failure: FailedPayment) -> TopicEvent:
    event = _message(failure.booking, _Kind.PAYMENT_FAILED)
    event.payment_id = str(failure.payment_id)
    return _written(failure.booking, event)


def _of_ticket(news: TicketNews) -> TopicEvent:
    event = _message(news.booking, news.kind)
    event.ticket_id, event.offer_id, event.holder_id = (
        str(news.ticket_id),
        str(news.offer_id),
        str(news.holder_id or ""),
    )
    return _written(news.booking, event)


def _message(booking: Booking, kind: "_Kind.ValueType") -> events_pb2.BookingEvent:
    is_paid = booking.recorded_state in (State.CONFIRMED, State.REFUNDED)
    return events_pb2.BookingEvent(
        kind=kind,
        booking_id=str(booking.id),
        version=booking.version,
        user_id=str(booking.user_id),
        show_id=str(booking.show.show_id),
        seat_count=len(booking.seat_labels),
        total_amount=booking.total_amount,
        final_amount=booking.amounts.final_amount,
        currency=booking.currency,
        expires_at=to_timestamp(booking.expires_at) if booking.expires_at is not None else None,
        payment_id=str(booking.payment_id) if is_paid and booking.payment_id else "",
        refund_amount=booking.refund_amount or 0,
        refund_percentage=booking.refund_percentage or 0,
        organization_id=str(booking.show.organization_id or ""),
    )


def _written(booking: Booking, event: events_pb2.BookingEvent) -> TopicEvent:
    return TopicEvent(booking.id, booking.version, _NAMES[event.kind], event.SerializeToString())
