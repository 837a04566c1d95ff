"""Webhooks that are settled in one batch: one look, a question to the bank each, one record, one call of booking."""

import asyncio
from dataclasses import replace
from typing import Any

from boxoffice.payment.v1 import payment_pb2 as pb

from services.chassis.errors import Code, PeerFailure, Unavailable
from services.chassis.ids import new_id
from services.chassis.writes.desk import BUSY, Desk
from services.payment.checkout.settle import LANES, Settle
from services.payment.domain.payments import BankEvent, Outcome
from services.payment.errors import EventMismatch, PaymentNotFound
from tests.payment.test_payment_batches import move_on, report
from tests.payment.test_payment_webhooks import begun, paid
from tests.payment.world import Payment

SOME = 8


def captured(one: pb.InitiatePaymentResponse, id_: str = "") -> Settle:
    return Settle(report(one, Outcome.CAPTURED), BankEvent(id_ or f"evt_{new_id()}", "payment.captured"))


async def test_a_batch_of_webhooks_takes_two_transactions_and_one_call_of_booking(payment: Payment):
    payments = [await paid(payment) for _ in range(SOME)]
    before = payment.transactions
    assert await payment.settle([captured(one) for _, one in payments], wait=False) == [None] * SOME
    assert payment.transactions - before == 2
    await payment.relay()
    assert payment.booking.calls == 1
    assert sorted(capture.booking_id for capture in payment.booking.captures) == sorted(id_ for id_, _ in payments)


async def test_in_one_batch_each_webhook_fares_for_itself(payment: Payment):
    (good_id, good), (late_id, late), (open_id, open_) = await paid(payment), await begun(payment), await begun(payment)
    await move_on(payment, late)
    false = replace(captured(good), report=replace(report(good, Outcome.CAPTURED), amount=1))
    unknown = replace(captured(good), report=replace(report(good, Outcome.CAPTURED), payment_id=new_id()))
    batch = [captured(open_), captured(good, "evt_1"), false, captured(good, "evt_1"), unknown, captured(late)]
    nothing, one, wrong, again, nobody, other = await payment.settle(batch, wait=False)
    assert isinstance(nothing, EventMismatch) and isinstance(wrong, EventMismatch)
    assert isinstance(nobody, PaymentNotFound)
    assert [one, again, other] == [None] * 3
    statuses = [await payment.statuses(booking_id) for booking_id in (good_id, late_id, open_id)]
    assert statuses == [["SUCCESS"], ["SUCCESS"], ["PENDING"]]
    assert await payment.count("webhook_events") == 2
    await payment.relay()
    assert sorted(capture.booking_id for capture in payment.booking.captures) == sorted([good_id, late_id])


async def test_a_session_that_the_bank_cannot_tell_of_holds_up_no_other_of_its_batch(payment: Payment):
    (_, good), (_, away) = await paid(payment), await paid(payment)

    async def instead(name: str, request: Any) -> None:
        if request.session_id == away.session_id:
            raise Unavailable()

    payment.mood.instead = instead
    refusal, done = await payment.settle([captured(away), captured(good)], wait=False)
    assert isinstance(refusal, PeerFailure) and refusal.code == Code.UNAVAILABLE and done is None
    payment.mood.instead = None
    assert await payment.settle([captured(away)], wait=False) == [None]


async def test_a_bank_that_is_slow_about_one_session_holds_up_no_later_webhook(payment: Payment):
    (_, slow), *others = [await paid(payment) for _ in range(LANES - 1)]
    asked, told = asyncio.Event(), asyncio.Event()

    async def instead(name: str, request: Any) -> None:
        if request.session_id == slow.session_id:
            asked.set()
            await told.wait()

    payment.mood.instead = instead
    desk = Desk(payment.settle, lanes=LANES)
    waiting = asyncio.ensure_future(desk.submit(captured(slow)))
    await asked.wait()
    await asyncio.gather(*(desk.submit(captured(one)) for _, one in others))
    assert not waiting.done()
    told.set()
    await waiting
    await desk.close()


async def test_a_webhook_whose_payment_somebody_else_has_stays_queued(payment: Payment):
    (booking_id, one), (_, other) = await paid(payment), await paid(payment)
    async with payment.db.transaction() as first:
        await first.fetch("SELECT FROM payments WHERE id = %s FOR UPDATE", (one.payment_id,))
        assert await payment.settle([captured(one), captured(other)], wait=False) == [BUSY, None]
    assert await payment.statuses(booking_id) == ["PENDING"]
    assert await payment.settle([captured(one)], wait=True) == [None]
    assert await payment.statuses(booking_id) == ["SUCCESS"]
