"""Whoever changes what another is changing waits for him, and decides by what he left."""

import asyncio

from tests.bank.support import refused
from tests.patience import eventually
from tests.payment.test_payment_webhooks import MISMATCH, begun, paid
from tests.payment.world import Payment, event

WAITING = (
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE %s"
)


async def until_waiting_for(payment: Payment, table: str) -> None:
    await eventually(lambda: payment.db.fetch(WAITING, (f"%{table}%",)))


async def test_openings_of_a_booking_take_turns(payment: Payment):
    booking_id, one = await begun(payment)
    async with payment.db.transaction() as other:
        await other.fetch("SELECT FROM booking_accounts WHERE booking_id = %s FOR UPDATE", (booking_id,))
        opening = asyncio.create_task(payment.initiate(booking_id))
        await until_waiting_for(payment, "booking_accounts")
        assert not opening.done()
    assert (await opening).session_id == one.session_id


async def test_an_opening_that_waited_for_the_tombstone_sees_it(payment: Payment):
    booking_id, _ = await begun(payment)
    async with payment.db.transaction() as closing:
        await closing.fetch(
            "UPDATE booking_accounts SET closed_at = clock_timestamp() WHERE booking_id = %s RETURNING 1", (booking_id,)
        )
        opening = asyncio.create_task(refused(payment.initiate(booking_id)))
        await until_waiting_for(payment, "booking_accounts")
    assert (await opening)[1] == "BOOKING_NOT_PENDING"
    assert await payment.statuses(booking_id) == ["PENDING"]


async def test_of_two_words_about_a_payment_the_second_is_judged_by_the_first(payment: Payment):
    """Money that comes while its session is noted as closed is told to booking and noted as well, or neither."""
    booking_id, one = await paid(payment)
    async with payment.db.transaction() as first:
        close = "UPDATE payments SET state = 'FAILED', next_poll_at = NULL WHERE id = %s RETURNING 1"
        await first.fetch(close, (one.payment_id,))
        second = asyncio.create_task(payment.hook(event(one)))
        await until_waiting_for(payment, "payments")
    await second
    messages = await payment.db.fetch("SELECT topic FROM outbox")
    assert (await payment.statuses(booking_id), [row.topic for row in messages]) == (["SUCCESS"], ["captures"])


async def test_the_word_of_a_refund_is_kept(payment: Payment):
    _, one = await paid(payment)
    await payment.hook(event(one))
    payment.mood.mute = True
    await payment.refund((one.payment_id, 1, 20_000))
    payment.mood.mute = False
    [row] = await payment.db.fetch("SELECT id FROM refunds")
    body = event(one, "refund.succeeded", amount=20_000, refund_id=str(row.id))
    await payment.hook(body)
    kept = await payment.db.fetch("SELECT payment_id FROM webhook_events WHERE type = 'refund.succeeded'")
    assert [str(row.payment_id) for row in kept] == [one.payment_id]


async def test_the_word_of_a_refund_is_not_believed_if_the_bank_says_otherwise(payment: Payment):
    booking_id, one = await begun(payment)
    await payment.bank.simulate(one.session_id, "pm_refund_declined")
    await payment.hook(event(one))
    payment.mood.away = True
    await payment.refund((one.payment_id, 1, 20_000))
    payment.mood.away = False
    [row] = await payment.db.fetch("SELECT id FROM refunds")
    body = event(one, "refund.succeeded", amount=20_000, refund_id=str(row.id))
    assert await refused(payment.hook(body)) == MISMATCH
    [shown] = await payment.payments(booking_id)
    assert shown.refunded_amount == 0
