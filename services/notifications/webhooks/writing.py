"""Messages are written as topics tell: consumers of both (see chassis/writes/consumer.py)."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from boxoffice.events.v1 import events_pb2
from google.protobuf.json_format import MessageToDict

from services.chassis.ids import new_id
from services.chassis.store.database import Transaction
from services.chassis.store.rows import columns
from services.notifications.webhooks import statements as sql
from services.notifications.webhooks.domain import KEPT, MessageType, NewMessage

CONSUMER = "webhooks"

_Booking = events_pb2.BookingEvent
_Show = events_pb2.ShowEvent

_OF_BOOKINGS = {
    _Booking.CREATED: MessageType.BOOKING_CREATED,
    _Booking.CONFIRMED: MessageType.BOOKING_CONFIRMED,
    _Booking.CANCELLED: MessageType.BOOKING_CANCELLED,
    _Booking.EXPIRED: MessageType.BOOKING_EXPIRED,
    _Booking.PARTLY_REFUNDED: MessageType.BOOKING_PARTLY_REFUNDED,
    _Booking.REFUNDED: MessageType.BOOKING_REFUNDED,
    _Booking.REFUND_UNDONE: MessageType.BOOKING_REFUND_UNDONE,
    _Booking.PAYMENT_FAILED: MessageType.BOOKING_PAYMENT_FAILED,
}
_OF_SHOWS = {
    _Show.CREATED: MessageType.SHOW_PUBLISHED,
    _Show.PUBLISHED: MessageType.SHOW_PUBLISHED,
    _Show.UPDATED: MessageType.SHOW_UPDATED,
    _Show.CANCELLED: MessageType.SHOW_CANCELLED,
    _Show.RESCHEDULED: MessageType.SHOW_RESCHEDULED,
    _Show.PRICES: MessageType.SHOW_REPRICED,
}

_TOLD_OF_BOOKINGS = (
    *("bookingId", "version", "showId", "seatCount", "currency", "totalAmount", "finalAmount", "expiresAt"),
    *("paymentId", "refundId", "refundAmount", "seatsLeft"),
)
"""What of an event is told: nothing by which people are known, and nothing that events come to have later."""
_TOLD_OF_SHOWS = (
    *("showId", "version", "eventId", "venueId", "screenId", "startTime", "endTime", "salesStartAt", "salesEndAt"),
    *("currency", "prices", "revision", "pricesVersion"),
)


async def write_of_bookings(tx: Transaction, events: Sequence[events_pb2.BookingEvent]) -> None:
    """Write what has become of bookings to the organizations whose shows they are of."""
    await _write(
        tx,
        [
            NewMessage(
                organization_id=UUID(event.organization_id),
                type=_OF_BOOKINGS[event.kind],
                key=UUID(event.booking_id),
                version=event.version,
                happened_at=event.time.ToDatetime(tzinfo=UTC),
                data=_told(event, _TOLD_OF_BOOKINGS),
            )
            for event in events
            if event.organization_id and event.kind in _OF_BOOKINGS
        ],
    )


async def write_of_shows(tx: Transaction, events: Sequence[events_pb2.ShowEvent]) -> None:
    """Write what has become of shows to the organizations whose they are."""
    await _write(
        tx,
        [
            NewMessage(
                organization_id=UUID(event.organization_id),
                type=_OF_SHOWS[event.kind],
                key=UUID(event.show_id),
                version=event.version,
                happened_at=event.time.ToDatetime(tzinfo=UTC),
                data=_told(event, _TOLD_OF_SHOWS),
            )
            for event in events
            if event.organization_id and event.kind in _OF_SHOWS
        ],
    )


async def _write(tx: Transaction, messages: Sequence[NewMessage]) -> None:
    """Write messages under their organizations' next numbers, in the order that is given.

    Those that are written stay as they are; nobody else writes one meanwhile, as the topic's progress is locked.
    """
    if not messages:
        return
    facts = columns(messages, "key", "version", "happened_at", type=lambda one: str(one.type))
    unwritten = await tx.fetch(sql.UNWRITTEN, facts | {"age": KEPT})
    messages = [messages[row.place - 1] for row in unwritten]
    if not messages:
        return
    counts = Counter(message.organization_id for message in messages)
    given = {"organization_id": list(counts), "count": list(counts.values())}
    last = {row.organization_id: row.last_number for row in await tx.fetch(sql.TAKE_NUMBERS, given)}
    next_ = {organization_id: last[organization_id] - count for organization_id, count in counts.items()}
    numbers = []
    for message in messages:
        next_[message.organization_id] += 1
        numbers.append(next_[message.organization_id])
    contents = [content_of(message, number) for message, number in zip(messages, numbers, strict=True)]
    told = columns(messages, "organization_id", "key", "version", type=lambda one: str(one.type), id=lambda _: new_id())
    await tx.send(sql.WRITE_MESSAGES, told | {"number": numbers, "content": contents})


def content_of(message: NewMessage, number: int) -> str:
    """Return what is posted of a message, as it is signed."""
    content = {
        "type": message.type.dotted,
        "timestamp": _instant(message.happened_at),
        "number": number,
        "data": message.data,
    }
    return json.dumps(content, separators=(",", ":"))


def _instant(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _told(event: Any, names: Iterable[str]) -> dict[str, object]:
    known = MessageToDict(event)
    return {name: known[name] for name in names if name in known}
