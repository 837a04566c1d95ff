"""Refunds: accepted once, carried out once, never dropped, never more than was taken."""

import asyncio
import logging
from typing import Any

import psycopg
import pytest
from boxoffice.bank.v1 import bank_pb2
from boxoffice.payment.v1 import payment_pb2 as pb
from google.rpc import error_details_pb2
from grpc import StatusCode

from services.chassis.ids import new_id
from tests.bank.support import refused
from tests.payment.world import Payment

State = pb.BatchRefundPaymentsResponse.Result.State
Result = pb.BatchRefundPaymentsResponse.Result
REQUESTED = pb.BatchRefundPaymentsRequest.Refund.REQUESTED
NO_TICKET = pb.BatchRefundPaymentsRequest.Refund.NO_TICKET
DUPLICATE = pb.BatchRefundPaymentsRequest.Refund.DUPLICATE


def reason(result: Result) -> str:
    """Return the reason of a refusal, or the state."""
    if not result.HasField("refusal"):
        return State.Name(result.state)
    info = error_details_pb2.ErrorInfo()
    result.refusal.details[0].Unpack(info)
    return info.reason


async def reasons(payment: Payment, *asked: tuple[str, int, int]) -> list[str]:
    return [reason(result) for result in await payment.refund(*asked)]


async def shown(payment: Payment, one: pb.Payment) -> tuple[str, int]:
    [now] = await payment.payments(one.booking_id)
    return pb.Payment.Status.Name(now.status), now.refunded_amount


async def test_a_whole_refund_goes_through_at_once(payment: Payment):
    one = await payment.paid()
    assert await reasons(payment, (one.id, NO_TICKET, 50_000)) == ["SUCCEEDED"]
    assert await shown(payment, one) == ("REFUNDED", 50_000)
    assert await payment.bank.ledger(one.session_id) == [50_000, -50_000]


async def test_parts_come_back_until_the_whole_did(payment: Payment):
    one = await payment.paid()
    assert await reasons(payment, (one.id, REQUESTED, 20_000)) == ["SUCCEEDED"]
    assert await shown(payment, one) == ("PARTIALLY_REFUNDED", 20_000)
    assert await reasons(payment, (one.id, DUPLICATE, 30_000)) == ["SUCCEEDED"]
    assert await shown(payment, one) == ("REFUNDED", 50_000)


async def test_asking_again_is_the_same_refund(payment: Payment):
    one = await payment.paid()
    for _ in range(3):
        assert await reasons(payment, (one.id, REQUESTED, 20_000)) == ["SUCCEEDED"]
    assert await shown(payment, one) == ("PARTIALLY_REFUNDED", 20_000)
    assert await payment.bank.ledger(one.session_id) == [50_000, -20_000]


async def test_twenty_at_once_are_one_refund(payment: Payment):
    one = await payment.paid()
    answers = await asyncio.gather(*(reasons(payment, (one.id, REQUESTED, 20_000)) for _ in range(20)))
    assert all(answer == ["SUCCEEDED"] for answer in answers)
    assert await shown(payment, one) == ("PARTIALLY_REFUNDED", 20_000)
    assert await payment.bank.ledger(one.session_id) == [50_000, -20_000]


async def test_different_causes_at_once_never_exceed_the_capture(payment: Payment):
    one = await payment.paid()
    causes = pb.BatchRefundPaymentsRequest.Refund.Cause.values()[1:]
    answers = await asyncio.gather(*(reasons(payment, (one.id, cause, 20_000)) for cause in causes))
    assert sorted(answer for [answer] in answers) == ["REFUND_MISMATCH"] * 2 + ["SUCCEEDED"] * 2
    assert await shown(payment, one) == ("PARTIALLY_REFUNDED", 40_000)


async def test_each_item_of_a_batch_fares_for_itself(payment: Payment):
    one, two = await payment.paid(), await payment.paid()
    booking_id, _ = await payment.book()
    unpaid = await payment.initiate(booking_id)
    answers = await reasons(
        payment,
        (one.id, REQUESTED, 50_000),
        (str(new_id()), REQUESTED, 1),
        (unpaid.payment_id, NO_TICKET, 1),
        (two.id, REQUESTED, 50_001),
        (one.id, REQUESTED, 50_000),
        (one.id, REQUESTED, 49_999),
        (one.id, DUPLICATE, 1),
        (two.id, REQUESTED, 10_000),
    )
    assert answers == [
        "SUCCEEDED",
        "PAYMENT_NOT_FOUND",
        "PAYMENT_NOT_CAPTURED",
        "REFUND_MISMATCH",
        "SUCCEEDED",
        "REFUND_MISMATCH",
        "REFUND_MISMATCH",
        "SUCCEEDED",
    ]
    assert await payment.bank.ledger(one.session_id) == [50_000, -50_000]
    assert await payment.bank.ledger(two.session_id) == [50_000, -10_000]


async def test_a_bank_that_is_away_carries_it_out_when_it_is_back(payment: Payment):
    one = await payment.paid()
    payment.mood.away = True
    assert await reasons(payment, (one.id, REQUESTED, 50_000)) == ["REQUESTED"]
    assert await payment.recover_refunds() == 1
    assert await reasons(payment, (one.id, REQUESTED, 50_000)) == ["REQUESTED"]
    assert await shown(payment, one) == ("SUCCESS", 0)
    payment.mood.away = False
    assert await payment.recover_refunds() == 1
    assert await reasons(payment, (one.id, REQUESTED, 50_000)) == ["SUCCEEDED"]
    assert await shown(payment, one) == ("REFUNDED", 50_000)
    assert await payment.recover_refunds() == 0


async def test_a_lost_answer_of_the_bank_pays_back_once(payment: Payment):
    one = await payment.paid()
    payment.mood.mute = True
    assert await reasons(payment, (one.id, REQUESTED, 20_000)) == ["REQUESTED"]
    payment.mood.mute = False
    await asyncio.gather(*(payment.recover_refunds() for _ in range(4)))
    assert await shown(payment, one) == ("PARTIALLY_REFUNDED", 20_000)
    assert await payment.bank.ledger(one.session_id) == [50_000, -20_000]


async def test_a_bank_that_hangs_holds_the_caller_up_for_a_second_at_most(payment: Payment):
    one = await payment.paid()
    released = asyncio.Event()

    async def hang(name: str, request: Any) -> None:
        await released.wait()

    payment.mood.instead = hang
    assert await reasons(payment, (one.id, REQUESTED, 20_000)) == ["REQUESTED"]
    assert payment.mood.seconds_given[-1] < 1.1, "clocks that are read at two ends differ by a little"
    released.set()
    payment.mood.instead = None
    await payment.recover_refunds()
    assert await shown(payment, one) == ("PARTIALLY_REFUNDED", 20_000)


async def test_a_refund_under_way_at_the_bank_is_asked_for_again(payment: Payment):
    one = await payment.paid()

    async def pending(name: str, request: Any) -> bank_pb2.Refund:
        return bank_pb2.Refund(status=bank_pb2.Refund.PENDING)

    payment.mood.instead = pending
    assert await reasons(payment, (one.id, REQUESTED, 20_000)) == ["REQUESTED"]
    payment.mood.instead = None
    await payment.recover_refunds()
    assert await shown(payment, one) == ("PARTIALLY_REFUNDED", 20_000)


async def test_a_refund_that_the_bank_declines_for_good_is_stuck_and_alarmed(
    payment: Payment, caplog: pytest.LogCaptureFixture
):
    one = await payment.paid()

    async def decline(name: str, request: Any) -> bank_pb2.Refund:
        return bank_pb2.Refund(status=bank_pb2.Refund.DECLINED)

    payment.mood.instead = decline
    with caplog.at_level(logging.ERROR):
        assert await reasons(payment, (one.id, REQUESTED, 20_000)) == ["STUCK"]
    assert [record.message for record in caplog.records] == ["refund stuck"]
    payment.mood.instead = None
    assert await reasons(payment, (one.id, REQUESTED, 20_000)) == ["STUCK"]
    assert await payment.recover_refunds() == 0
    assert await shown(payment, one) == ("SUCCESS", 0)


async def test_a_refund_that_the_bank_refuses_is_stuck_with_its_reason(payment: Payment):
    one = await payment.paid()
    await payment.bank.refund(one.session_id, 50_000)  # somebody was there before us
    assert await reasons(payment, (one.id, REQUESTED, 20_000)) == ["STUCK"]
    [row] = await payment.db.fetch("SELECT stuck_reason FROM refunds")
    assert row.stuck_reason.startswith("REFUND_EXCEEDS_CAPTURE")


async def test_one_refund_that_cannot_be_tried_holds_up_no_other(payment: Payment):
    one, two = await payment.paid(), await payment.paid()
    payment.mood.away = True
    await payment.refund((one.id, REQUESTED, 1), (two.id, REQUESTED, 1))
    payment.mood.away = False
    failed = iter([True])

    async def fail_once(name: str, request: Any) -> None:
        if next(failed, False):
            raise RuntimeError("a defect of the bank")

    payment.mood.instead = fail_once
    await payment.recover_refunds()
    states = sorted([await shown(payment, one), await shown(payment, two)])
    assert states == [("PARTIALLY_REFUNDED", 1), ("SUCCESS", 0)]
    await payment.recover_refunds()
    assert (await shown(payment, one), await shown(payment, two)) == (("PARTIALLY_REFUNDED", 1),) * 2


async def test_the_database_itself_refuses_more_than_was_taken(payment: Payment):
    one = await payment.paid()
    with pytest.raises(psycopg.errors.CheckViolation):
        await payment.db.execute("UPDATE payments SET refunded_amount = 50001, state = 'REFUNDED'")
    with pytest.raises(psycopg.errors.CheckViolation):
        await payment.db.execute("UPDATE payments SET refunded_amount = 1")
    assert await shown(payment, one) == ("SUCCESS", 0)


async def test_malformed_refunds_are_refused(payment: Payment):
    expected = (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    for asked in ([], [("x", REQUESTED, 1)], [(str(new_id()), 0, 1)], [(str(new_id()), REQUESTED, 0)]):
        assert await refused(payment.refund(*asked)) == expected


async def test_a_bank_that_has_lost_a_session_is_asked_again_and_the_refund_is_not_stuck(payment: Payment):
    one = await payment.paid()
    await payment.db.execute("UPDATE payments SET session_id = %s WHERE id = %s", (f"sess_{new_id()}", one.id))
    assert await reasons(payment, (one.id, NO_TICKET, 50_000)) == ["REQUESTED"]
    await payment.db.execute("UPDATE payments SET session_id = %s WHERE id = %s", (one.session_id, one.id))
    assert await reasons(payment, (one.id, NO_TICKET, 50_000)) == ["SUCCEEDED"]
