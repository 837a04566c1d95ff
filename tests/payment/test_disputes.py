"""Payments that customers' banks take back, and what Razorpay keeps: written down, shown, booked; never paid twice."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from boxoffice.payment.v1 import payment_pb2 as pb

from services.chassis.store.database import Database
from services.payment.fees.steps import Fees
from services.payment.measures import MEASURES
from services.payment.refunds.steps import redrive
from tests.payment.razorpay_world import RazorpayWorld, opened_razorpay
from tests.payment.test_razorpay_refunds import part

LEDGER = """
    SELECT account, sum(amount)::int AS amount FROM ledger GROUP BY account HAVING sum(amount) <> 0
"""
UNBALANCED = "SELECT movement_id FROM ledger GROUP BY movement_id HAVING sum(amount) <> 0"


@pytest.fixture
async def world(payment_db: Database, bank_db: Database) -> AsyncIterator[RazorpayWorld]:
    async with opened_razorpay(payment_db, bank_db) as world:
        yield world
        assert not await payment_db.fetch(UNBALANCED)


async def ledger(world: RazorpayWorld) -> dict[str, int]:
    return {row.account: row.amount for row in await world.payment.db.fetch(LEDGER)}


async def shown(world: RazorpayWorld, begun: Any) -> pb.Payment:
    request = pb.GetPaymentStatusRequest(booking_id=world.booking_of(begun))
    [payment] = (await world.payment.stub.GetPaymentStatus(request)).payments
    assert isinstance(payment, pb.Payment)
    return payment


async def disputed(world: RazorpayWorld, amount: int = 0) -> tuple[Any, dict[str, Any]]:
    """Return a payment that was taken, and a dispute of it that payment has been told of."""
    begun = await world.paid()
    payment = next(reversed(world.razorpay.payments.values()))
    dispute = world.razorpay.dispute(payment, amount)
    assert await tell(world, "created", dispute) == 200
    return begun, dispute


async def tell(world: RazorpayWorld, what: str, dispute: dict[str, Any]) -> int:
    return await world.razorpay.tell(world.razorpay.dispute_event(what, dispute))


async def lose(world: RazorpayWorld, dispute: dict[str, Any]) -> None:
    world.razorpay.decide(dispute, "lost")
    assert [await tell(world, "lost", dispute) for _ in range(2)] == [200, 200]


async def measured(world: RazorpayWorld, name: str) -> float:
    [measure] = [one for one in MEASURES if name in one.sql]
    await measure.take(world.payment.db)
    [sample] = next(iter(measure.gauge.collect())).samples
    return sample.value


# --- Disputes


async def test_a_dispute_is_shown_on_its_payment_and_told_until_it_is_won(
    world: RazorpayWorld, caplog: pytest.LogCaptureFixture
) -> None:
    begun, dispute = await disputed(world, 20_000)
    payment = await shown(world, begun)
    assert (payment.status, payment.disputed_amount, payment.lost_amount) == (pb.Payment.SUCCESS, 20_000, 0)
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == ["dispute open"]
    assert await measured(world, "state = 'OPEN'") == 1
    world.razorpay.decide(dispute, "won")
    assert await tell(world, "won", dispute) == 200
    payment = await shown(world, begun)
    assert (payment.disputed_amount, payment.lost_amount) == (0, 0)
    assert await measured(world, "state = 'OPEN'") == 0
    assert await ledger(world) == {"BALANCE": 50_000, "CUSTOMERS": -50_000}


async def test_a_lost_dispute_is_money_gone_once_and_told(
    world: RazorpayWorld, caplog: pytest.LogCaptureFixture
) -> None:
    begun, dispute = await disputed(world)
    await lose(world, dispute)
    payment = await shown(world, begun)
    assert (payment.status, payment.disputed_amount, payment.lost_amount) == (pb.Payment.SUCCESS, 0, 50_000)
    assert await ledger(world) == {"CUSTOMERS": -50_000, "DISPUTES": 50_000}
    assert await measured(world, "state = 'LOST'") == 1
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert errors == ["dispute open", "dispute lost"]


async def test_what_has_ended_stays_as_it_ended_in_whatever_order_it_is_told(world: RazorpayWorld) -> None:
    begun, dispute = await disputed(world)
    await lose(world, dispute)
    for status in ("open", "under_review", "won", "closed"):
        world.razorpay.decide(dispute, status)
        assert await tell(world, "created" if status == "open" else status, dispute) == 200
    assert (await shown(world, begun)).lost_amount == 50_000
    assert await ledger(world) == {"CUSTOMERS": -50_000, "DISPUTES": 50_000}


async def test_a_dispute_that_comes_before_its_payment_is_known_waits_for_nothing(world: RazorpayWorld) -> None:
    begun = await world.payment.initiate()
    dispute = world.razorpay.dispute(world.razorpay.pay(begun.payment_id))
    assert await tell(world, "created", dispute) == 200
    payment = await shown(world, begun)
    assert (payment.status, payment.disputed_amount) == (pb.Payment.SUCCESS, 50_000)
    await world.payment.relay()
    assert [capture.payment_id for capture in world.payment.booking.captures] == [begun.payment_id]


async def test_disputes_that_no_webhook_told_of_are_found_by_asking(world: RazorpayWorld) -> None:
    assert world.payment.from_razorpay is not None
    begun, open_ = await disputed(world)
    world.razorpay.decide(open_, "lost")
    other = await world.paid()
    world.razorpay.dispute(next(reversed(world.razorpay.payments.values())))
    assert [await world.payment.from_razorpay.ask_for_disputes() for _ in range(2)] == [2, 0]
    assert (await shown(world, begun)).lost_amount == 50_000
    assert (await shown(world, other)).disputed_amount == 50_000


async def test_what_is_not_ours_or_cannot_be_is_taken_and_left_alone(world: RazorpayWorld) -> None:
    begun = await world.paid()
    [payment] = world.razorpay.payments.values()
    before = await ledger(world)
    for other in (payment | {"id": "pay_others"}, payment | {"currency": "USD"}, payment | {"amount": 50_001}):
        world.razorpay.payments[other["id"]] = other
        dispute = world.razorpay.dispute(other)
        assert await tell(world, "created", dispute) == 200
    unknown = world.razorpay.event("payment.dispute.created", dispute={"id": "disp/../x"})
    assert await world.razorpay.tell(unknown) == 200
    payment_ = await shown(world, begun)
    assert (payment_.disputed_amount, await ledger(world)) == (0, before)


# --- Refunds beside disputes


async def test_a_refund_waits_while_the_payment_is_disputed(world: RazorpayWorld) -> None:
    begun, dispute = await disputed(world)
    assert await part(world, begun.payment_id, str(uuid4())) == "REQUESTED"
    await world.payment.recover_refunds()
    assert not world.razorpay.refunds
    world.razorpay.decide(dispute, "won")
    assert await tell(world, "won", dispute) == 200
    await world.payment.refunds.recover()
    assert [one["amount"] for one in world.razorpay.refunds.values()] == [30_000]


async def test_a_refund_after_a_lost_dispute_is_not_paid_again(world: RazorpayWorld) -> None:
    begun, dispute = await disputed(world)
    await lose(world, dispute)
    names = [str(uuid4()), str(uuid4())]
    assert await part(world, begun.payment_id, names[0], 30_000) == "SUCCEEDED"
    assert await part(world, begun.payment_id, names[1], 20_000) == "SUCCEEDED"
    assert await part(world, begun.payment_id, names[0], 30_000) == "SUCCEEDED"
    assert not world.razorpay.refunds
    payment = await shown(world, begun)
    assert (payment.status, payment.refunded_amount, payment.lost_amount) == (pb.Payment.REFUNDED, 50_000, 50_000)
    assert await ledger(world) == {}


async def test_a_refund_that_waited_is_settled_by_the_dispute_that_was_lost(world: RazorpayWorld) -> None:
    begun, dispute = await disputed(world)
    assert await part(world, begun.payment_id, str(uuid4()), 50_000) == "REQUESTED"
    await lose(world, dispute)
    await world.payment.refunds.recover()
    assert not world.razorpay.refunds
    assert (await shown(world, begun)).status == pb.Payment.REFUNDED


async def test_a_refund_that_was_paid_before_the_dispute_is_found_and_not_settled_twice(world: RazorpayWorld) -> None:
    begun = await world.paid()
    world.razorpay.moods.lose_answers = 1
    name = str(uuid4())
    assert await part(world, begun.payment_id, name, 50_000) == "REQUESTED"
    [payment] = world.razorpay.payments.values()
    await lose(world, world.razorpay.dispute(payment))
    await world.payment.refunds.recover()
    assert await part(world, begun.payment_id, name, 50_000) == "SUCCEEDED"
    assert await ledger(world) == {"BALANCE": -50_000, "DISPUTES": 50_000}


async def test_what_a_lost_dispute_has_left_is_paid_and_no_more(world: RazorpayWorld) -> None:
    begun, dispute = await disputed(world, 20_000)
    await lose(world, dispute)
    first, second = str(uuid4()), str(uuid4())
    # The first is more than the dispute has given, and as much as is left: it is paid.
    assert await part(world, begun.payment_id, first, 30_000) == "SUCCEEDED"
    assert [one["amount"] for one in world.razorpay.refunds.values()] == [30_000]
    assert await part(world, begun.payment_id, second, 20_000) == "SUCCEEDED"
    assert [one["amount"] for one in world.razorpay.refunds.values()] == [30_000]
    assert await ledger(world) == {}


async def test_a_refund_of_more_than_a_lost_dispute_has_left_is_stuck(world: RazorpayWorld) -> None:
    begun, dispute = await disputed(world, 20_000)
    await lose(world, dispute)
    name = str(uuid4())
    assert await part(world, begun.payment_id, name, 50_000) == "STUCK"
    assert await redrive(world.payment.db) == 1
    await world.payment.recover_refunds()
    assert await part(world, begun.payment_id, name, 50_000) == "STUCK"
    assert not world.razorpay.refunds


async def test_money_that_was_refunded_and_lost_is_gone_twice_and_seen_so(world: RazorpayWorld) -> None:
    begun = await world.paid()
    assert await part(world, begun.payment_id, str(uuid4()), 50_000) == "SUCCEEDED"
    [payment] = world.razorpay.payments.values()
    await lose(world, world.razorpay.dispute(payment))
    seen = await shown(world, begun)
    assert (seen.status, seen.refunded_amount, seen.lost_amount) == (pb.Payment.REFUNDED, 50_000, 50_000)
    assert await ledger(world) == {"BALANCE": -50_000, "DISPUTES": 50_000}


# --- What Razorpay keeps


async def test_what_razorpay_keeps_is_booked_once_it_is_known(world: RazorpayWorld) -> None:
    begun = await world.paid()
    fees = Fees(world.payment.db, world.payment.checkout._gateways)
    [payment] = world.razorpay.payments.values()
    kept = payment["fee"], payment["tax"]
    payment["fee"] = payment["tax"] = None
    assert await fees.ask() == 1
    assert (await ledger(world)).keys() == {"BALANCE", "CUSTOMERS"}
    payment["fee"], payment["tax"] = kept
    assert await fees.ask() == 0, "not due yet"
    for _ in range(2):
        await world.payment.db.execute("UPDATE payments SET next_fee_at = clock_timestamp() WHERE next_fee_at > now()")
        await fees.ask()
    assert await ledger(world) == {"BALANCE": 48_820, "CUSTOMERS": -50_000, "FEES": 1_000, "TAXES": 180}
    assert await part(world, begun.payment_id, str(uuid4()), 30_000) == "SUCCEEDED"
    assert (await ledger(world))["BALANCE"] == world.razorpay.balance == 18_820


async def test_what_the_bank_takes_is_in_its_own_ledger_alone(world: RazorpayWorld) -> None:
    world.switch("bank")
    begun = await world.payment.initiate()
    await world.payment.bank.pay(begun.session_id)
    await world.payment.poll()
    assert await world.status(begun) == "SUCCESS"
    assert await ledger(world) == {}
    assert await Fees(world.payment.db, world.payment.checkout._gateways).ask() == 0
