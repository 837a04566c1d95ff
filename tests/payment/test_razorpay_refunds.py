"""Refunds through Razorpay: never twice, whatever is lost or forgotten; and those that fail late are seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from boxoffice.payment.v1 import payment_pb2 as pb

from services.chassis.store.database import Database
from services.payment.refunds.steps import redrive
from tests.payment.razorpay_world import RazorpayWorld, opened_razorpay

Cause = pb.BatchRefundPaymentsRequest.Refund.Cause
State = pb.BatchRefundPaymentsResponse.Result.State


@pytest.fixture
async def world(payment_db: Database, bank_db: Database) -> AsyncIterator[RazorpayWorld]:
    async with opened_razorpay(payment_db, bank_db) as world:
        yield world


async def refund(world: RazorpayWorld, payment_id: str, amount: int = 50_000) -> str:
    """Ask for a refund as booking does; return how far it is."""
    [result] = await world.payment.refund((payment_id, Cause.REQUESTED, amount))
    return State.Name(result.state)


async def part(world: RazorpayWorld, payment_id: str, refund_id: str, amount: int = 30_000) -> str:
    """Ask for a refund of seats as booking does; return how far it is."""
    wish = pb.BatchRefundPartsRequest.Part(refund_id=refund_id, payment_id=payment_id, amount=amount)
    answer = await world.payment.stub.BatchRefundParts(pb.BatchRefundPartsRequest(parts=[wish]))
    return State.Name(answer.results[0].state)


async def stored(world: RazorpayWorld) -> tuple[Any, ...]:
    [row] = await world.payment.db.fetch(
        "SELECT r.state, r.stuck_reason, p.state AS payment, p.refunded_amount FROM refunds r"
        " JOIN payments p ON p.id = r.payment_id"
    )
    return row.state, row.stuck_reason, row.payment, row.refunded_amount


def its(world: RazorpayWorld) -> dict[str, Any]:
    [made] = world.razorpay.refunds.values()
    return made


async def test_a_refund_is_carried_out_once_however_often_it_is_asked_for(world: RazorpayWorld) -> None:
    begun = await world.paid()
    assert [await refund(world, begun.payment_id) for _ in range(3)] == ["SUCCEEDED"] * 3
    assert its(world)["amount"] == 50_000
    assert await stored(world) == ("SUCCEEDED", None, "REFUNDED", 50_000)


async def test_a_refund_whose_answer_was_lost_is_found_when_its_key_is_forgotten(world: RazorpayWorld) -> None:
    begun = await world.paid()
    world.razorpay.moods.lose_answers = 1
    assert await refund(world, begun.payment_id, 20_000) == "REQUESTED"
    world.razorpay.forget_keys()
    await world.payment.recover_refunds()
    assert its(world)["amount"] == 20_000
    assert await stored(world) == ("SUCCEEDED", None, "PARTIALLY_REFUNDED", 20_000)


async def test_a_refund_that_is_pending_is_asked_about_until_it_is_processed(world: RazorpayWorld) -> None:
    begun = await world.paid()
    world.razorpay.moods.refunds = "pending"
    assert await refund(world, begun.payment_id) == "REQUESTED"
    await world.payment.recover_refunds()
    assert await stored(world) == ("REQUESTED", None, "SUCCESS", 0)
    its(world)["status"] = "processed"
    assert await world.razorpay.tell(world.razorpay.event("refund.processed", refund=its(world))) == 200
    assert await stored(world) == ("SUCCEEDED", None, "REFUNDED", 50_000)


async def test_a_refund_that_fails_after_it_succeeded_is_stuck_and_counted_no_more(world: RazorpayWorld) -> None:
    begun = await world.paid()
    assert await refund(world, begun.payment_id) == "SUCCEEDED"
    failed = its(world)
    world.razorpay.fail_refund(failed)
    body = world.razorpay.event("refund.failed", refund=failed)
    assert [await world.razorpay.tell(body) for _ in range(2)] == [200, 200]
    stuck = ("STUCK", "Razorpay could not carry it out", "SUCCESS", 0)
    assert await stored(world) == stuck
    # Asked for again, and told of what was before: it stays what it is.
    assert await refund(world, begun.payment_id) == "STUCK"
    assert await world.razorpay.tell(world.razorpay.event("refund.processed", refund=failed)) == 200
    assert await stored(world) == stuck


async def test_booking_is_told_of_a_refund_that_fails_after_it_succeeded_once_each_time(world: RazorpayWorld) -> None:
    begun = await world.paid()
    booking_id = world.booking_of(begun)
    await world.payment.refund((begun.payment_id, Cause.DUPLICATE, 20_000))
    name = str(uuid4())
    assert await part(world, begun.payment_id, name) == "SUCCEEDED"
    [row] = [one for one in world.razorpay.refunds.values() if one["receipt"] == name]
    for failed in list(world.razorpay.refunds.values()):
        world.razorpay.fail_refund(failed)
        body = world.razorpay.event("refund.failed", refund=failed)
        assert [await world.razorpay.tell(body) for _ in range(2)] == [200, 200]
    await world.payment.relay()
    told = [(one.refund_id, one.booking_id) for one in world.payment.booking.undone_refunds]
    assert told == [(name, booking_id)], "not of money that bought nothing: booking has no refund of that"
    assert await part(world, begun.payment_id, name) == "STUCK"

    # It is paid by hand, and that fails, too.
    by_hand = row | {"id": "rfnd_byHand", "status": "processed", "receipt": None}
    world.razorpay.refunds["rfnd_byHand"] = by_hand
    assert await world.razorpay.tell(world.razorpay.event("refund.processed", refund=by_hand)) == 200
    assert await part(world, begun.payment_id, name) == "SUCCEEDED"
    by_hand["status"] = "failed"
    assert await world.razorpay.tell(world.razorpay.event("refund.failed", refund=by_hand)) == 200
    await world.payment.relay()
    assert len(world.payment.booking.undone_refunds) == 2


async def test_a_refund_that_is_stuck_is_tried_again_as_often_as_somebody_says_so(world: RazorpayWorld) -> None:
    begun = await world.paid()
    world.razorpay.moods.refunds = "failed"
    assert await refund(world, begun.payment_id) == "STUCK"
    await world.payment.recover_refunds()
    assert len(world.razorpay.refunds) == 1, "nobody has said so"
    assert await redrive(world.payment.db) == 1
    await world.payment.recover_refunds()
    assert (await stored(world))[0] == "STUCK"
    world.razorpay.moods.refunds = "processed"
    world.razorpay.moods.lose_answers = 1
    assert [await redrive(world.payment.db), await redrive(world.payment.db)] == [1, 0]
    for _ in range(3):
        world.razorpay.forget_keys()
        await world.payment.recover_refunds()
    assert await stored(world) == ("SUCCEEDED", None, "REFUNDED", 50_000)
    receipts = [one["receipt"] for one in world.razorpay.refunds.values()]
    assert len(set(receipts)) == len(receipts) == 3
    assert all(len(receipt) <= 40 for receipt in receipts)


async def test_a_refund_that_failed_may_be_made_again_by_hand(world: RazorpayWorld) -> None:
    begun = await world.paid()
    world.razorpay.moods.refunds = "failed"
    assert await refund(world, begun.payment_id) == "STUCK"
    by_hand = its(world) | {"id": "rfnd_byHand", "status": "processed", "receipt": None}
    world.razorpay.refunds["rfnd_byHand"] = by_hand
    assert await world.razorpay.tell(world.razorpay.event("refund.processed", refund=by_hand)) == 200
    assert await stored(world) == ("SUCCEEDED", None, "REFUNDED", 50_000)


async def test_a_part_of_several_that_fails_late_leaves_the_others_counted(world: RazorpayWorld) -> None:
    begun = await world.paid()
    await world.payment.refund((begun.payment_id, Cause.DUPLICATE, 20_000))
    await world.payment.refund((begun.payment_id, Cause.REQUESTED, 30_000))
    first = next(iter(world.razorpay.refunds.values()))
    world.razorpay.fail_refund(first)
    assert await world.razorpay.tell(world.razorpay.event("refund.failed", refund=first)) == 200
    [payment] = await world.payment.db.fetch("SELECT state, refunded_amount FROM payments")
    assert (payment.state, payment.refunded_amount) == ("PARTIALLY_REFUNDED", 30_000)


async def test_a_refund_that_razorpay_refuses_is_stuck_with_its_words(world: RazorpayWorld) -> None:
    begun = await world.paid()
    world.razorpay.moods.refusal = "The payment has been fully refunded already"
    assert await refund(world, begun.payment_id) == "STUCK"
    assert await stored(world) == ("STUCK", "The payment has been fully refunded already", "SUCCESS", 0)


async def test_a_refund_waits_while_the_account_is_empty(world: RazorpayWorld) -> None:
    begun = await world.paid()
    world.razorpay.moods.refusal = "Your account does not have enough balance to carry out the refund operation."
    assert await refund(world, begun.payment_id) == "REQUESTED"
    world.razorpay.moods.refusal = ""
    await world.payment.recover_refunds()
    assert await stored(world) == ("SUCCEEDED", None, "REFUNDED", 50_000)


async def test_a_refund_goes_to_the_gateway_that_took_the_money(world: RazorpayWorld) -> None:
    begun = await world.paid()
    world.switch("bank")
    assert await refund(world, begun.payment_id) == "SUCCEEDED"
    assert len(world.razorpay.refunds) == 1


async def test_a_refund_of_an_amount_that_razorpay_does_not_have_is_stuck(world: RazorpayWorld) -> None:
    booking_id, user_id = await world.payment.book(amount=1230)
    world.payment.booking.payable[booking_id, user_id].currency = "KWD"
    begun = await world.payment.initiate(booking_id)
    world.razorpay.pay(begun.payment_id)
    await world.payment.poll()
    assert await refund(world, begun.payment_id, 615) == "STUCK"
    assert not world.razorpay.refunds
