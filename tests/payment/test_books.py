"""Payment compares its books with booking's topic: what booking has told, payment has too, or people are told."""

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.events.v1 import events_pb2
from boxoffice.payment.v1 import payment_pb2 as pb

from services.chassis.store.database import Database
from services.chassis.writes.consumer import Consumer, Events
from services.payment.books.operation import compare_books
from services.payment.refunds.statements import FAIL
from tests.payment.world import Payment

Event = events_pb2.BookingEvent
REQUESTED = pb.BatchRefundPaymentsRequest.Refund.REQUESTED


def confirmed(one: pb.Payment, **changes: Any) -> events_pb2.BookingEvent:
    """Return what booking tells of a booking that this payment has bought."""
    event = Event(
        kind=Event.CONFIRMED,
        booking_id=one.booking_id,
        payment_id=one.id,
        total_amount=one.amount + 7,
        final_amount=one.amount,
        currency=one.currency,
    )
    for name, value in changes.items():
        setattr(event, name, value)
    return event


def refunded(one: pb.Payment, amount: int) -> events_pb2.BookingEvent:
    return confirmed(one, kind=Event.REFUNDED, refund_amount=amount)


async def consume(db: Database, *events: events_pb2.BookingEvent) -> list[tuple[int, str]]:
    """Have events consumed as the first of their topic; return the differences that are remembered."""

    async def read(after: int | None) -> Events[events_pb2.BookingEvent]:
        for position, event in enumerate(events, 1):
            event.position = position
        return Events(events[after or 0 :], len(events))

    consumer = Consumer(db, "books", "bookings", read, compare_books)
    while await consumer.consume_once():
        pass
    rows = await db.fetch("SELECT position, difference FROM book_differences ORDER BY position")
    return [(row.position, row.difference) for row in rows]


async def test_books_that_agree_are_left_alone(payment: Payment, payment_db: Database) -> None:
    one, other = await payment.paid(), await payment.paid()
    await payment.refund((other.id, REQUESTED, 20_000))
    pending = Event(kind=Event.CREATED, booking_id=str(uuid4()))
    assert await consume(payment_db, pending, confirmed(one), confirmed(other), refunded(other, 20_000)) == []


async def test_an_event_from_before_it_told_what_was_paid_means_the_total(
    payment: Payment, payment_db: Database
) -> None:
    one = await payment.paid()
    event = confirmed(one, total_amount=one.amount)
    event.ClearField("final_amount")
    assert await consume(payment_db, event) == []


async def test_a_ticket_that_was_refunded_since_was_paid_all_the_same(payment: Payment, payment_db: Database) -> None:
    """The consumer may come late: what it reads of has gone on meanwhile."""
    one = await payment.paid()
    await payment.refund((one.id, REQUESTED, 50_000))
    assert await consume(payment_db, confirmed(one)) == []


async def test_a_refund_that_failed_after_all_was_carried_out_when_booking_told_of_it(
    payment: Payment, payment_db: Database
) -> None:
    one = await payment.paid()
    await payment.refund((one.id, REQUESTED, 20_000))
    [row] = await payment_db.fetch("SELECT id FROM refunds")
    await payment_db.fetch(FAIL, {"id": row.id, "reason": "it failed"})
    undone = refunded(one, 0)
    undone.kind = Event.REFUND_UNDONE
    assert await consume(payment_db, refunded(one, 20_000), undone) == []


DIFFERENT: dict[str, Callable[[pb.Payment], events_pb2.BookingEvent]] = {
    "NO_PAYMENT": lambda one: confirmed(one, payment_id=str(uuid4())),
    "OTHER_PAYMENT, booking": lambda one: confirmed(one, booking_id=str(uuid4())),
    "OTHER_PAYMENT, amount": lambda one: confirmed(one, final_amount=one.amount + 1),
    "OTHER_PAYMENT, currency": lambda one: confirmed(one, currency="USD"),
    "NOT_REFUNDED": lambda one: refunded(one, 20_000),
}


@pytest.mark.parametrize("what", DIFFERENT)
async def test_a_difference_is_remembered_and_told(
    payment: Payment, payment_db: Database, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    one = await payment.paid()
    with caplog.at_level(logging.ERROR):
        found = await consume(payment_db, confirmed(one), DIFFERENT[what](one), confirmed(one))
    assert found == [(2, what.partition(",")[0])]
    assert [record.getMessage() for record in caplog.records] == ["the books differ"]


async def test_a_refund_of_another_amount_differs(payment: Payment, payment_db: Database) -> None:
    one = await payment.paid()
    await payment.refund((one.id, REQUESTED, 20_000))
    assert await consume(payment_db, refunded(one, 20_001)) == [(1, "NOT_REFUNDED")]


async def test_a_ticket_whose_payment_took_no_money_differs(payment: Payment, payment_db: Database) -> None:
    one = await payment.paid()
    await payment_db.execute("UPDATE payments SET state = 'FAILED' WHERE id = %(id)s", {"id": UUID(one.id)})
    assert await consume(payment_db, confirmed(one)) == [(1, "NOT_CAPTURED")]
