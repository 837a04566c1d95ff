"""Webhooks on their way: at least once, signed, under one id, whatever the merchant does."""

import asyncio
import json
from datetime import datetime

import pytest
from standardwebhooks import Webhook

from services.bank.webhooks import sender as jobs
from services.bank.webhooks.deliveries import Deliveries
from tests.bank.support import SECRET, Bank, Received, Receiver, refused, sending
from tests.patience import eventually


async def delivered(bank: Bank, count: int = 1) -> bool:
    rows = await bank.db.fetch("SELECT count(*) AS n FROM deliveries WHERE delivered_at IS NOT NULL")
    return bool(rows[0].n >= count)


async def test_an_event_says_what_happened_and_is_signed(bank: Bank, receiver: Receiver):
    opened = await bank.open()
    await bank.pay(opened.id)
    async with sending(bank.deliveries, receiver.url):
        await eventually(lambda: delivered(bank))
    [request] = receiver.received
    event = Webhook(SECRET).verify(request.body, dict(request.headers))
    assert event["type"] == "payment.captured"
    assert datetime.fromisoformat(event["timestamp"]).tzinfo is not None
    assert event["data"] == {
        "payment_id": opened.payment_id,
        "session_id": opened.id,
        "amount": 50_000,
        "currency": "INR",
    }
    assert request.headers["webhook-id"].startswith("evt_")
    assert request.headers["content-type"] == "application/json"


async def test_a_refund_is_told_with_its_own_amount(bank: Bank, receiver: Receiver):
    opened = await bank.open()
    await bank.pay(opened.id)
    refund = await bank.refund(opened.id, 20_000)
    async with sending(bank.deliveries, receiver.url):
        await eventually(lambda: delivered(bank, 2))
    received = {event["type"]: event["data"] for event in (json.loads(request.body) for request in receiver.received)}
    assert received["refund.succeeded"]["refund_id"] == refund.id
    assert received["refund.succeeded"]["amount"] == 20_000


@pytest.mark.parametrize("status", [302, 400, 404, 429, 500, 503])
async def test_an_event_is_sent_until_it_is_taken_under_the_same_id_and_to_the_byte(
    bank: Bank, receiver: Receiver, status: int
):
    async def third_time_lucky(_: Received) -> int:
        return 204 if len(receiver.received) == 3 else status

    receiver.answer = third_time_lucky
    opened = await bank.open()
    await bank.pay(opened.id)
    async with sending(bank.deliveries, receiver.url):
        await eventually(lambda: delivered(bank))
    assert len(receiver.received) == 3
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1
    assert len({request.body for request in receiver.received}) == 1
    for request in receiver.received:
        Webhook(SECRET).verify(request.body, dict(request.headers))


async def test_a_webhook_goes_out_the_moment_it_is_committed(
    bank: Bank, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs, "POLL_SECONDS", 3600)  # it does not wait for the sender's own look
    async with sending(bank.deliveries, receiver.url):
        opened = await bank.open()
        await bank.pay(opened.id)
        await eventually(lambda: delivered(bank))


async def test_a_bank_that_was_stopped_goes_on_where_it_was(bank: Bank, receiver: Receiver):
    opened = await bank.open()
    await bank.pay(opened.id)
    async with sending(bank.deliveries, "http://127.0.0.1:9/nobody"):
        await eventually(lambda: tried(bank))
    async with sending(Deliveries(bank.db), receiver.url):
        await eventually(lambda: delivered(bank))
    assert len(receiver.received) == 1


async def tried(bank: Bank) -> bool:
    rows = await bank.db.fetch("SELECT last_error FROM deliveries WHERE last_error LIKE 'ClientConnectorError%%'", {})
    return bool(rows)


async def test_a_slow_answer_holds_up_nobody_else(bank: Bank, receiver: Receiver):
    first, second = await bank.open(), await bank.open()
    released = asyncio.Event()

    async def stall(request: Received) -> int:
        if json.loads(request.body)["data"]["session_id"] == first.id:
            await released.wait()
        return 200

    receiver.answer = stall
    async with sending(bank.deliveries, receiver.url):
        await bank.pay(first.id)
        await eventually(lambda: _true(len(receiver.received) == 1))
        await bank.pay(second.id)
        await eventually(lambda: delivered(bank))
        released.set()
        await eventually(lambda: delivered(bank, 2))


async def test_more_webhooks_than_there_is_room_for_all_arrive_once(bank: Bank, receiver: Receiver):
    opened = [await bank.open() for _ in range(50)]
    await asyncio.gather(*(bank.pay(session.id) for session in opened))
    async with sending(bank.deliveries, receiver.url):
        await eventually(lambda: delivered(bank, 50))
    received = [json.loads(request.body)["data"]["session_id"] for request in receiver.received]
    assert sorted(received) == sorted(session.id for session in opened)


async def test_two_senders_share_the_work(bank: Bank, receiver: Receiver):
    opened = [await bank.open() for _ in range(40)]
    for session in opened:
        await bank.pay(session.id)
    other = Deliveries(bank.db)
    async with sending(bank.deliveries, receiver.url), sending(other, receiver.url):
        await eventually(lambda: delivered(bank, 40))
    assert len({request.headers["webhook-id"] for request in receiver.received}) == len(receiver.received) == 40


async def test_what_nobody_takes_for_three_days_is_given_up_and_stays_visible(bank: Bank, receiver: Receiver):
    async def never(_: Received) -> int:
        return 500

    receiver.answer = never
    opened = await bank.open()
    await bank.pay(opened.id)
    await bank.db.execute("UPDATE deliveries SET created_at = created_at - interval '73 hours'")

    async def given_up() -> bool:
        rows = await bank.db.fetch("SELECT last_error FROM deliveries WHERE dead_at IS NOT NULL")
        return [row.last_error for row in rows] == ["HTTP 500"]

    async with sending(bank.deliveries, receiver.url):
        await eventually(given_up)
    assert len(receiver.received) == 1


async def _true(value: bool) -> bool:
    return value


async def test_a_refused_payment_sends_nothing(bank: Bank):
    opened = await bank.open()
    await refused(bank.refund(opened.id, 1))
    assert await bank.events(opened.id) == []
