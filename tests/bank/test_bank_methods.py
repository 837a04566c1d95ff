"""Card, UPI and netbanking: the step that each takes, whom it waits for, and what may happen meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.bank.v1 import bank_pb2 as pb
from grpc import StatusCode

from services.bank.domain.scenarios import APP_SECONDS, CODE, COLLECT_SECONDS, SCENARIOS
from services.bank.rpc import Sandbox
from services.bank.sessions import close
from services.bank.sessions.pay import Pay, PaySessions
from services.bank.webhooks.deliveries import Deliveries
from services.chassis.store.database import Database
from tests.bank.support import Bank, refused, served_bank
from tests.databases import move_clock

DELAY = timedelta(minutes=20)
OPEN, CAPTURED, DECLINED, EXPIRED = pb.Session.OPEN, pb.Session.CAPTURED, pb.Session.DECLINED, pb.Session.EXPIRED
WRONG = (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


@pytest.fixture
async def bank(bank_db: Database) -> Any:
    async with served_bank(bank_db, sandbox=Sandbox(seed="test", delay=DELAY)) as (bank, _, _):
        yield bank


async def later(bank: Bank, seconds: float) -> None:
    """Let that time be over since the test began, and do what is due."""
    await move_clock(bank.db, f"{seconds} s")
    while await close.end_due(bank.db, bank.deliveries):
        pass


@pytest.mark.parametrize("behaviour", SCENARIOS)
async def test_a_behaviour_says_what_is_paid_with_or_leaves_it_as_chosen(bank: Bank, behaviour: str) -> None:
    opened = await bank.open(method=pb.Session.NETBANKING)
    began = await bank.simulate(opened.id, behaviour)
    named = behaviour.partition("_")[0].upper()
    assert pb.Session.Method.Name(began.method) == ("NETBANKING" if named == "PM" else named)
    assert (began.gateway_order_id, began.gateway_payment_id[:4]) == (opened.gateway_order_id, "pay_")
    assert await bank.get(opened.id) == began


async def test_a_card_may_ask_for_a_code_and_pays_with_it(bank: Bank) -> None:
    opened = await bank.open()
    asked = await bank.simulate(opened.id, "card_3ds")
    assert (asked.status, asked.awaits) == (OPEN, pb.Session.CODE)
    assert await bank.ledger(opened.id) == [] == await bank.events(opened.id)
    assert await bank.simulate(opened.id, "card_3ds") == asked, "asked again, it is the same payment"
    paid = await bank.simulate(opened.id, "card_3ds", CODE)
    assert (paid.status, paid.gateway_payment_id) == (CAPTURED, asked.gateway_payment_id)
    assert not paid.HasField("awaits")
    assert await bank.ledger(opened.id) == [50_000]
    assert await bank.events(opened.id) == ["payment.captured"]


@pytest.mark.parametrize("behaviour", ["card_3ds", "card_succeed", "pm_succeed", "upi_succeed"])
async def test_a_code_that_is_wrong_or_not_asked_for_is_refused_and_nothing_changes(bank: Bank, behaviour: str) -> None:
    opened = await bank.open()
    before = await bank.simulate(opened.id, "card_3ds")
    code = "654321" if behaviour == "card_3ds" else CODE
    assert await refused(bank.simulate(opened.id, behaviour, code)) == WRONG
    for broken in ("12345", "1234567", "12345x", "१२३४५६"):
        assert await refused(bank.simulate(opened.id, "card_3ds", broken)) == WRONG
    assert await bank.get(opened.id) == before


@pytest.mark.parametrize("way", ["pm_succeed", "card_succeed", "netbanking_succeed"])
async def test_a_session_that_waits_for_a_code_may_be_paid_in_another_way(bank: Bank, way: str) -> None:
    opened = await bank.open()
    asked = await bank.simulate(opened.id, "card_3ds")
    paid = await bank.simulate(opened.id, way)
    assert paid.status == CAPTURED
    assert paid.gateway_payment_id != asked.gateway_payment_id, "it is another payment"
    assert (await bank.simulate(opened.id, "card_3ds", CODE)) == paid
    assert await bank.ledger(opened.id) == [50_000]


async def test_a_session_that_waits_for_a_code_may_be_closed_or_lapse(bank: Bank) -> None:
    closed, lapsed = await bank.open(), await bank.open(minutes=5)
    for one in (closed, lapsed):
        await bank.simulate(one.id, "card_3ds")
    assert (await bank.close(closed.id)).status == pb.Session.CLOSED
    await later(bank, 301)
    assert (await bank.get(lapsed.id)).status == EXPIRED
    for one in (closed, lapsed):
        assert (await bank.simulate(one.id, "card_3ds", CODE)).status in (pb.Session.CLOSED, EXPIRED)
        assert await bank.ledger(one.id) == []
    assert await bank.events(lapsed.id) == ["payment.expired"]


@pytest.mark.parametrize(
    ("behaviour", "seconds", "end"),
    [
        ("upi_succeed", APP_SECONDS, CAPTURED),
        ("upi_decline", APP_SECONDS, DECLINED),
        ("upi_silent", COLLECT_SECONDS, DECLINED),
        ("netbanking_late", DELAY.total_seconds(), CAPTURED),
    ],
)
async def test_a_payment_waits_for_the_app_or_the_bank_whoever_closes_it_and_then_ends_once(
    bank: Bank, behaviour: str, seconds: float, end: pb.Session.Status.ValueType
) -> None:
    opened = await bank.open(minutes=seconds / 120)
    began = await bank.simulate(opened.id, behaviour)
    waits_for = pb.Session.APPROVAL if behaviour.startswith("upi") else pb.Session.BANK
    assert (began.status, began.awaits) == (OPEN, waits_for)
    await later(bank, seconds * 0.9)  # past the session's time
    for other in (bank.close(opened.id), bank.pay(opened.id), bank.decline(opened.id), bank.get(opened.id)):
        assert await other == began
    assert await bank.events(opened.id) == []
    await move_clock(bank.db, f"{seconds + 1} s")
    assert sum(await asyncio.gather(*(close.end_due(bank.db, bank.deliveries) for _ in range(4)))) == 1
    ended = await bank.get(opened.id)
    assert (ended.status, ended.gateway_payment_id) == (end, began.gateway_payment_id)
    assert await bank.ledger(opened.id) == ([50_000] if end == CAPTURED else [])
    assert await bank.events(opened.id) == [f"payment.{pb.Session.Status.Name(end).lower()}"]


async def test_in_one_batch_a_step_and_the_next_are_two_steps(bank: Bank) -> None:
    opened = [await bank.open(order_id=f"order {number}") for number in range(3)]
    batch = [
        Pay(opened[0].id, "card_3ds"),
        Pay(opened[0].id, "card_3ds", has_code=True),
        Pay(opened[1].id, "card_3ds"),
        Pay(opened[1].id, "pm_tamper_payment"),
        Pay(opened[2].id, "upi_succeed"),
        Pay(opened[2].id, "pm_succeed"),
    ]
    await PaySessions(bank.db, Deliveries(bank.db), DELAY)(batch, wait=False)
    paid, tampered, waits = [await bank.get(one.id) for one in opened]
    assert (paid.status, paid.payment_method) == (CAPTURED, "card_3ds")
    assert (tampered.status, tampered.payment_method) == (CAPTURED, "pm_tamper_payment")
    assert (waits.status, waits.awaits) == (OPEN, pb.Session.APPROVAL)
    named = await bank.db.fetch("SELECT convert_from(payload, 'UTF8') AS body FROM deliveries WHERE is_lie")
    assert any(waits.id in row.body for row in named), "what a lie names is read for the second, too"


async def test_a_behaviour_of_a_later_version_waits_for_the_bank(bank: Bank) -> None:
    opened = await bank.open()
    await bank.simulate(opened.id, "netbanking_late")
    await bank.db.execute("UPDATE sessions SET payment_method = 'wallet_silent'")
    assert (await bank.get(opened.id)).awaits == pb.Session.BANK
