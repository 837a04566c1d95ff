"""Comparing payment's books with the topic of bookings: a consumer of it (see chassis/writes/consumer.py)."""

import logging
from collections.abc import Sequence
from uuid import UUID

from boxoffice.events.v1 import events_pb2

from services.chassis.store.database import Transaction
from services.chassis.store.rows import read
from services.payment.books import statements as sql
from services.payment.books.domain import SoldBooking, compare
from services.payment.checkout import statements as payments
from services.payment.domain.payments import Payment
from services.payment.domain.refunds import Refund
from services.payment.refunds import statements as refunds

log = logging.getLogger(__name__)

CONSUMER = "books"

_Kind = events_pb2.BookingEvent.Kind

_OF_TICKETS = (_Kind.CONFIRMED, _Kind.PARTLY_REFUNDED, _Kind.REFUNDED)


async def compare_books(tx: Transaction, events: Sequence[events_pb2.BookingEvent]) -> None:
    """Remember what payment has otherwise than these events tell; an alert tells people. Nothing is mended."""
    sold = [_sold(event) for event in events if event.kind in _OF_TICKETS and not _is_free(event)]
    if not sold:
        return
    ids = sorted({one.payment_id for one in sold})
    known, returned = await tx.fetch_all(
        (payments.PAYMENTS, {"ids": ids}), (refunds.REFUNDS_OF_PAYMENTS, {"payment_ids": ids})
    )
    of_id = {payment.id: payment for payment in read(Payment, known)}
    of_seats: dict[UUID, list[Refund]] = {id_: [] for id_ in ids}
    for refund in read(Refund, returned):
        if refund.cause == "REQUESTED":
            of_seats[refund.payment_id].append(refund)
    compared = [(one, compare(one, of_id.get(one.payment_id), of_seats[one.payment_id])) for one in sold]
    differing = [(one, difference) for one, difference in compared if difference is not None]
    if not differing:
        return
    for one, difference in differing:
        log.error("the books differ", extra={"booking_id": str(one.booking_id), "difference": str(difference)})
    given = {
        "position": [one.position for one, _ in differing],
        "booking_id": [one.booking_id for one, _ in differing],
        "payment_id": [one.payment_id for one, _ in differing],
        "difference": [difference for _, difference in differing],
    }
    await tx.send(sql.REMEMBER_DIFFERENCES, given)


def _is_free(event: events_pb2.BookingEvent) -> bool:
    """Tell whether nothing was paid for a booking: payment knows nothing of it."""
    return event.HasField("final_amount") and not event.final_amount and not event.payment_id


def _sold(event: events_pb2.BookingEvent) -> SoldBooking:
    return SoldBooking(
        position=event.position,
        booking_id=UUID(event.booking_id),
        payment_id=UUID(event.payment_id),
        final_amount=event.final_amount if event.HasField("final_amount") else event.total_amount,
        currency=event.currency,
        refund_amount=event.refund_amount,
        is_refunded=event.kind == _Kind.REFUNDED,
    )
