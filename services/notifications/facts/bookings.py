"""What the topic of bookings tells: a consumer of it (see chassis/writes/consumer.py)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from boxoffice.events.v1 import events_pb2

from services.chassis.store.database import Transaction
from services.chassis.store.rows import columns
from services.notifications.facts import statements as sql
from services.notifications.facts.domain import APART, BookedShow
from services.notifications.facts.shows import facts_of
from services.notifications.mails.operation import write_mails
from services.notifications.notices.domain import Fact, Kind
from services.notifications.notices.operation import write_notices
from services.notifications.notices.statements import ONE_AT_A_TIME
from services.notifications.reminders.operation import late_reminders

CONSUMER = "notices"

_Kind = events_pb2.BookingEvent.Kind

_TOLD = {
    _Kind.CONFIRMED: Kind.CONFIRMED,
    _Kind.EXPIRED: Kind.EXPIRED,
    _Kind.CANCELLED: Kind.CANCELLED,
    _Kind.PARTLY_REFUNDED: Kind.PARTLY_REFUNDED,
    _Kind.REFUNDED: Kind.REFUNDED,
    _Kind.PAYMENT_FAILED: Kind.PAYMENT_FAILED,
    _Kind.TICKET_TRANSFERRED: Kind.TICKET_TRANSFERRED,
    _Kind.TICKET_RETURNED: Kind.TICKET_RETURNED,
    _Kind.OFFER_DECLINED: Kind.OFFER_DECLINED,
    _Kind.OFFER_EXPIRED: Kind.OFFER_EXPIRED,
    _Kind.TICKET_REVOKED: Kind.TICKET_REVOKED,
}
_STATES = {_Kind.CREATED: "PENDING", _Kind.CONFIRMED: "CONFIRMED", _Kind.EXPIRED: "EXPIRED"}
_ENDS = (_Kind.CANCELLED, _Kind.REFUNDED)
_ENDS_OF_TICKETS = (_Kind.TICKET_RETURNED, _Kind.TICKET_REVOKED)


async def tell_of_bookings(tx: Transaction, events: Sequence[events_pb2.BookingEvent], *, reminded: timedelta) -> None:
    """Tell users what has become of their bookings, and what has happened to the shows of those that are confirmed.

    Whoever holds a ticket of a booking is told of its show as the buyer is, and when it is good for nothing any more.
    `reminded`: how long before its start people are reminded of a show.
    """
    await tx.send(ONE_AT_A_TIME)
    left = _as_they_are(events)
    if left:
        names = ("id", "user_id", "show_id", "state", "created_at", "changed_at", "is_held")
        await tx.send(sql.PUT_BOOKINGS, columns(left, *names))
    if ended := [UUID(_ended(event)) for event in events if _ended(event)]:
        await tx.send(sql.DROP_BOOKINGS, {"ids": ended})
    facts = [_fact(event) for event in events if event.kind in _TOLD]
    if confirmed := [booking.id for booking in left if booking.state == "CONFIRMED"]:
        facts += facts_of(await tx.fetch(sql.FACTS_OF_BOOKINGS, {"ids": confirmed, "apart": APART}))
        facts += await late_reminders(tx, confirmed, reminded)
    await write_notices(tx, facts)
    await write_mails(tx, facts)


def _as_they_are(events: Sequence[events_pb2.BookingEvent]) -> list[BookedShow]:
    """Return bookings as these events leave them, but for those that are over."""
    left: dict[str, BookedShow] = {}
    for event in events:
        if ended := _ended(event):
            left.pop(ended, None)
        elif event.kind == _Kind.TICKET_TRANSFERRED and event.holder_id:
            left[event.offer_id] = BookedShow(
                id=UUID(event.offer_id),
                user_id=UUID(event.holder_id),
                show_id=UUID(event.show_id),
                state="CONFIRMED",
                created_at=_time(event),
                changed_at=_time(event),
                is_held=True,
            )
        elif event.kind in _STATES:
            before, now = left.get(event.booking_id), _time(event)
            is_new = event.kind == _Kind.CREATED
            left[event.booking_id] = BookedShow(
                id=UUID(event.booking_id),
                user_id=UUID(event.user_id),
                show_id=UUID(event.show_id),
                state=_STATES[event.kind],
                created_at=now if is_new else before.created_at if before else None,
                changed_at=now,
            )
    return list(left.values())


def _ended(event: events_pb2.BookingEvent) -> str:
    """Return the id of the booking, or the offer of the ticket, that is over by an event; empty: none is."""
    if event.kind in _ENDS_OF_TICKETS:
        return event.offer_id
    return event.booking_id if event.kind in _ENDS else ""


def _fact(event: events_pb2.BookingEvent) -> Fact:
    kind = _TOLD[event.kind]
    is_held = kind is Kind.TICKET_REVOKED
    amount = None
    if kind is Kind.CONFIRMED:
        amount = event.final_amount if event.HasField("final_amount") else event.total_amount
    elif kind in (Kind.PARTLY_REFUNDED, Kind.REFUNDED):
        amount = event.refund_amount
    return Fact(
        user_id=UUID(event.holder_id if is_held else event.user_id),
        kind=kind,
        booking_id=None if is_held else UUID(event.booking_id),
        offer_id=UUID(event.offer_id) if is_held else None,
        show_id=UUID(event.show_id),
        number=event.version,
        amount=amount,
        currency=None if amount is None else event.currency,
        starts_at=None,
        happened_at=_time(event),
    )


def _time(event: events_pb2.BookingEvent) -> datetime:
    return event.time.ToDatetime(tzinfo=UTC)
