"""Parts of a payment go back under names of booking's: each once, in its own time, never more than was taken in all."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import psycopg
import pytest
from boxoffice.bank.v1 import bank_pb2
from boxoffice.events.v1 import events_pb2
from boxoffice.payment.v1 import payment_pb2 as pb
from grpc import StatusCode

from services.chassis.ids import new_id
from services.chassis.store.database import Database
from tests.bank.support import refused
from tests.payment.test_books import consume
from tests.payment.test_payment_refunds import reason, reasons, shown
from tests.payment.world import Payment

DUPLICATE = pb.BatchRefundPaymentsRequest.Refund.DUPLICATE


async def parts(payment: Payment, *asked: tuple[UUID, str, int]) -> list[str]:
    """Ask for parts: (id, payment, amount); return the state of each, or why it was refused."""
    kind = pb.BatchRefundPartsRequest.Part
    wanted = [kind(refund_id=str(id_), payment_id=of, amount=amount) for id_, of, amount in asked]
    answer = await payment.stub.BatchRefundParts(pb.BatchRefundPartsRequest(parts=wanted))
    return [reason(result) for result in answer.results]


async def test_parts_come_back_one_by_one_each_once(payment: Payment) -> None:
    one = await payment.paid()
    first, second, third = new_id(), new_id(), new_id()
    for _ in range(2):
        assert await parts(payment, (first, one.id, 20_000)) == ["SUCCEEDED"]
    assert await shown(payment, one) == ("PARTIALLY_REFUNDED", 20_000)
    assert await parts(payment, (second, one.id, 20_000), (first, one.id, 20_000)) == ["SUCCEEDED"] * 2
    assert await parts(payment, (third, one.id, 10_001), (first, one.id, 1)) == ["REFUND_MISMATCH"] * 2
    assert await parts(payment, (third, one.id, 10_000)) == ["SUCCEEDED"]
    assert await shown(payment, one) == ("REFUNDED", 50_000)
    assert await payment.bank.ledger(one.session_id) == [50_000, -20_000, -20_000, -10_000]
    [row] = await payment.db.fetch("SELECT array_agg(id ORDER BY id) AS ids FROM refunds")
    assert row.ids == sorted([first, second, third])


async def test_parts_at_once_never_exceed_the_capture_and_go_twice_as_one(payment: Payment) -> None:
    one = await payment.paid()
    ids = [new_id() for _ in range(4)]
    answers = await asyncio.gather(*(parts(payment, (id_, one.id, 20_000)) for id_ in ids * 5))
    states = {id_: {answer for [answer] in answers[number::4]} for number, id_ in enumerate(ids)}
    assert sorted(state for [state] in states.values()) == ["REFUND_MISMATCH"] * 2 + ["SUCCEEDED"] * 2
    assert await shown(payment, one) == ("PARTIALLY_REFUNDED", 40_000)


async def test_a_stuck_part_holds_up_no_other_and_counts_as_promised(payment: Payment) -> None:
    one = await payment.paid()

    async def decline(name: str, request: object) -> bank_pb2.Refund:
        return bank_pb2.Refund(status=bank_pb2.Refund.DECLINED)

    payment.mood.instead = decline
    stuck = new_id()
    assert await parts(payment, (stuck, one.id, 20_000)) == ["STUCK"]
    payment.mood.instead = None
    assert await parts(payment, (new_id(), one.id, 30_001)) == ["REFUND_MISMATCH"]
    assert await parts(payment, (new_id(), one.id, 30_000), (stuck, one.id, 20_000)) == ["SUCCEEDED", "STUCK"]
    assert await shown(payment, one) == ("PARTIALLY_REFUNDED", 30_000)


async def test_other_causes_go_beside_parts_once_each(payment: Payment) -> None:
    one = await payment.paid()
    assert await parts(payment, (new_id(), one.id, 10_000)) == ["SUCCEEDED"]
    for _ in range(2):
        assert await reasons(payment, (one.id, DUPLICATE, 20_000)) == ["SUCCEEDED"]
    assert await shown(payment, one) == ("PARTIALLY_REFUNDED", 30_000)
    with pytest.raises(psycopg.errors.UniqueViolation):
        await payment.db.execute(
            "INSERT INTO refunds (id, payment_id, cause, amount, state, next_attempt_at)"
            " SELECT gen_random_uuid(), payment_id, cause, 1, state, next_attempt_at FROM refunds"
            " WHERE cause = 'DUPLICATE'"
        )


async def test_malformed_parts_are_refused(payment: Payment) -> None:
    expected = (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    good = (new_id(), str(new_id()), 1)
    wrong: Sequence[Sequence[tuple[UUID, str, int]]] = ([], [(good[0], "x", 1)], [(*good[:2], 0)], [good] * 257)
    for asked in wrong:
        assert await refused(parts(payment, *asked)) == expected
    assert await parts(payment, good) == ["PAYMENT_NOT_FOUND"]


async def test_the_books_agree_on_parts_and_differ_where_one_is_missing(payment: Payment, payment_db: Database) -> None:
    one = await payment.paid()

    def told(kind: "events_pb2.BookingEvent.Kind.ValueType", amount: int) -> events_pb2.BookingEvent:
        return events_pb2.BookingEvent(
            kind=kind,
            booking_id=one.booking_id,
            payment_id=one.id,
            total_amount=one.amount,
            currency=one.currency,
            refund_amount=amount,
        )

    event = events_pb2.BookingEvent
    await parts(payment, (new_id(), one.id, 10_000), (new_id(), one.id, 15_000))
    agreed = [told(event.PARTLY_REFUNDED, amount) for amount in (10_000, 15_000, 25_000)]
    differing = [told(event.PARTLY_REFUNDED, 25_001), told(event.REFUNDED, 10_000)]
    found = await consume(payment_db, *agreed, told(event.REFUNDED, 25_000), *differing)
    assert found == [(5, "NOT_REFUNDED"), (6, "NOT_REFUNDED")]
