"""Test behaviours: what each does to the money, which webhooks come of it, and how refunds fare."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from boxoffice.bank.v1 import bank_pb2 as pb
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode
from grpc.aio import AioRpcError

from services.bank.domain.scenarios import SCENARIOS
from services.bank.domain.sessions import SessionStatus
from services.bank.rpc import Sandbox
from services.bank.sessions import close
from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.wire.calls import DETAILS
from tests.bank.support import Bank, Received, Receiver, refused, sending, served_bank
from tests.databases import move_clock
from tests.patience import eventually

CAPTURED, DECLINED, EXPIRED = "payment.captured", "payment.declined", "payment.expired"
DELAY = timedelta(seconds=600)

TOLD: dict[str, list[tuple[str, int]]] = {
    "pm_succeed": [(CAPTURED, 0)],
    "pm_decline": [(DECLINED, 0)],
    "pm_decline_then_succeed": [(DECLINED, 0)],
    "pm_never_answer": [],
    "pm_duplicate": [(CAPTURED, 0)] * 3 + [(CAPTURED, 1000)],
    "pm_reorder": [(DECLINED, 0), (EXPIRED, 0), (CAPTURED, 500), (DECLINED, 1000), (EXPIRED, 1000)],
    "pm_delay": [(CAPTURED, 600_000)],
    "pm_late": [],
    "pm_tamper_amount": [(CAPTURED, 0)],
    "pm_tamper_payment": [(CAPTURED, 0)] * 3,
    "pm_fail_refund_1": [(CAPTURED, 0)],
    "pm_fail_refund_3": [(CAPTURED, 0)],
    "pm_refund_declined": [(CAPTURED, 0)],
    "card_succeed": [(CAPTURED, 0)],
    "card_3ds": [],
    "card_decline": [(DECLINED, 0)],
    "upi_succeed": [],
    "upi_decline": [],
    "upi_silent": [],
    "netbanking_succeed": [(CAPTURED, 0)],
    "netbanking_decline": [(DECLINED, 0)],
    "netbanking_late": [],
}
"""The webhooks of each test behaviour: what they say, and after how many milliseconds."""


@pytest.fixture
async def bank(bank_db: Database) -> Any:
    async with served_bank(bank_db, sandbox=Sandbox(seed="test", delay=DELAY)) as (bank, _, _):
        yield bank


async def webhooks(bank: Bank, session_id: str) -> list[Any]:
    """Return a session's webhooks as they are stored, in the order in which they are due."""
    return await bank.db.fetch(
        """
        SELECT type, payload, COALESCE(repeats, id) AS event_id, is_lie, delivered_at, last_error,
            (extract(epoch FROM next_attempt_at - created_at) * 1000)::int AS after
        FROM deliveries WHERE session_id = %s ORDER BY next_attempt_at, id
        """,
        (session_id,),
    )


def test_the_webhooks_of_every_method_are_known_here():
    assert set(TOLD) == set(SCENARIOS)


@pytest.mark.parametrize("method", SCENARIOS)
async def test_a_method_brings_its_end_its_money_and_its_webhooks(bank: Bank, method: str):
    opened = await bank.open(order_id="order")
    ended = await bank.simulate(opened.id, method)
    scenario = SCENARIOS[method]
    end = scenario.outcome(declined_before=False)
    if scenario.wait(DELAY) or scenario.asks_code:
        end = SessionStatus.OPEN
    assert (pb.Session.Status.Name(ended.status), ended.payment_method) == (end, method)
    assert await bank.ledger(opened.id) == ([50_000] if end == SessionStatus.CAPTURED else [])
    sent = [(row.type, row.after) for row in await webhooks(bank, opened.id)]
    # One statement stores them all, within a millisecond or so.
    assert [(type_, round(after / 100) * 100) for type_, after in sent] == TOLD[method]
    if not scenario.asks_code:
        assert await bank.simulate(opened.id, "pm_decline") == ended


@pytest.mark.parametrize("method", ["pm_x", "succeed", "PM_SUCCEED", "pm_succeed ", "\0"])
async def test_an_unknown_method_is_refused_by_its_fields_name(bank: Bank, method: str):
    opened = await bank.open()
    with pytest.raises(AioRpcError) as refusal:
        await bank.simulate(opened.id, method)
    assert refusal.value.code() == StatusCode.INVALID_ARGUMENT
    status = status_pb2.Status.FromString(dict(refusal.value.trailing_metadata() or ())[DETAILS])  # type: ignore[arg-type]
    bad = error_details_pb2.BadRequest()
    status.details[1].Unpack(bad)
    [violation] = bad.field_violations
    assert violation.field == "paymentMethod"
    assert "pm_duplicate" in violation.description
    assert (await bank.get(opened.id)).status == pb.Session.OPEN


async def test_a_method_and_a_result_are_one_too_many(bank: Bank):
    opened = await bank.open()
    both = pb.SimulatePaymentRequest(session_id=opened.id, result=1, payment_method="pm_succeed")
    assert await refused(bank.stub.SimulatePayment(both)) == (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_what_is_drawn_is_of_the_mix_that_the_settings_name(bank_db: Database):
    async with served_bank(bank_db, sandbox=Sandbox(seed="s", mix="mixed")) as (bank, _, _):
        drawn = Counter[str]()
        for _ in range(60):
            opened = await bank.open()
            ended = await bank.stub.SimulatePayment(pb.SimulatePaymentRequest(session_id=opened.id))
            drawn[ended.payment_method] += 1
            chosen = await bank.open()
            assert (await bank.pay(chosen.id)).payment_method == "pm_succeed"
        assert len(drawn) > 2


async def test_the_first_payment_for_an_order_is_declined_and_the_next_goes_through(bank: Bank):
    first, other, second = [await bank.open(order_id=order) for order in ("a", "b", "a")]
    ends = [(await bank.simulate(one.id, "pm_decline_then_succeed")).status for one in (first, other, second)]
    assert ends == [pb.Session.DECLINED, pb.Session.DECLINED, pb.Session.CAPTURED]
    assert await bank.ledger(second.id) == [50_000]


async def test_duplicates_carry_one_id_and_come_at_once_too(bank: Bank, receiver: Receiver):
    here, all_here = 0, asyncio.Event()

    async def wait_for_the_others(_: Received) -> int:
        nonlocal here
        here += 1
        if here == 3:
            all_here.set()
        await all_here.wait()
        return 200

    receiver.answer = wait_for_the_others
    opened = await bank.open()
    await bank.simulate(opened.id, "pm_duplicate")
    async with sending(bank.deliveries, receiver.url):
        await eventually(lambda: _all_done(bank, opened.id))
    assert len(receiver.received) == 4
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 1
    assert len({request.body for request in receiver.received}) == 1


async def _all_done(bank: Bank, session_id: str) -> bool:
    return all(row.delivered_at for row in await webhooks(bank, session_id))


async def test_events_out_of_order_carry_ids_of_their_own(bank: Bank):
    opened = await bank.open()
    await bank.simulate(opened.id, "pm_reorder")
    sent = await webhooks(bank, opened.id)
    assert len({row.event_id for row in sent}) == len({row.type for row in sent}) == 3


async def test_lies_name_less_money_and_other_peoples_payments(bank: Bank):
    victim = await bank.open(amount=70_000, order_id="victim")
    less, other = [await bank.open(order_id=order) for order in ("a", "b")]
    await bank.simulate(less.id, "pm_tamper_amount")
    await bank.simulate(other.id, "pm_tamper_payment")
    [sent] = [json.loads(row.payload)["data"] for row in await webhooks(bank, less.id)]
    assert (sent["session_id"], sent["payment_id"], sent["amount"]) == (less.id, less.payment_id, 25_000)
    sent = [json.loads(row.payload)["data"] for row in await webhooks(bank, other.id)]
    named = {(one["session_id"], one["payment_id"], one["amount"]) for one in sent}
    assert named == {
        (other.id, victim.payment_id, 50_000),
        (victim.id, other.payment_id, 50_000),
        (victim.id, victim.payment_id, 70_000),
    }


@pytest.mark.parametrize(("answers", "tries"), [([400], 1), ([404], 1), ([500, 503, 429, 400], 4), ([200], 1)])
async def test_a_lie_is_told_until_it_is_answered_and_no_longer(
    bank: Bank, receiver: Receiver, answers: list[int], tries: int
):
    async def in_turn(_: Received) -> int:
        return answers[len(receiver.received) - 1]

    receiver.answer = in_turn
    opened = await bank.open()
    await bank.simulate(opened.id, "pm_tamper_amount")
    async with sending(bank.deliveries, receiver.url):
        await eventually(lambda: _all_done(bank, opened.id))
    [sent] = await webhooks(bank, opened.id)
    assert len(receiver.received) == tries
    assert sent.last_error == (None if answers == [200] else f"HTTP {answers[-1]}")


async def test_a_late_payment_stays_open_past_its_time_and_is_decided_after_the_delay(bank: Bank):
    opened = await bank.open(minutes=5)
    assert (await bank.simulate(opened.id, "pm_late")).status == pb.Session.OPEN
    await move_clock(bank.db, "9 minutes")
    assert await close.end_due(bank.db, bank.deliveries) == 0
    assert (await bank.get(opened.id)).status == pb.Session.OPEN
    assert (await bank.close(opened.id)).status == pb.Session.OPEN
    assert (await bank.pay(opened.id)).status == pb.Session.OPEN
    assert await bank.ledger(opened.id) == []
    await move_clock(bank.db, "11 minutes")
    assert sum(await asyncio.gather(*(close.end_due(bank.db, bank.deliveries) for _ in range(4)))) == 1
    assert (await bank.get(opened.id)).status == pb.Session.CAPTURED
    assert await bank.ledger(opened.id) == [50_000]
    assert await bank.events(opened.id) == [CAPTURED]


@pytest.mark.parametrize("failures", [1, 3])
async def test_a_refund_fails_as_often_as_its_method_says_and_then_works(bank: Bank, failures: int):
    opened = await bank.open()
    await bank.simulate(opened.id, f"pm_fail_refund_{failures}")
    for amount in (20_000, 30_000):
        refund_id = str(new_id())
        for _ in range(failures):
            assert await refused(bank.refund(opened.id, amount, refund_id)) == (
                StatusCode.UNAVAILABLE,
                "REFUND_FAILED",
            )
        for _ in range(2):
            assert (await bank.refund(opened.id, amount, refund_id)).status == pb.Refund.SUCCEEDED
    assert await bank.ledger(opened.id) == [50_000, -20_000, -30_000]
    assert (await bank.events(opened.id)).count("refund.succeeded") == 2


async def test_a_failing_refund_asked_for_at_once_is_one_refund(bank: Bank):
    opened = await bank.open()
    await bank.simulate(opened.id, "pm_fail_refund_3")
    refund_id = str(new_id())
    asked = (bank.refund(opened.id, 20_000, refund_id) for _ in range(10))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, AioRpcError) for answer in answers) == 3
    assert await bank.ledger(opened.id) == [50_000, -20_000]


async def test_a_declined_refund_stays_declined_and_moves_no_money(bank: Bank):
    opened = await bank.open()
    await bank.simulate(opened.id, "pm_refund_declined")
    refund_id = str(new_id())
    for _ in range(2):
        assert (await bank.refund(opened.id, 20_000, refund_id)).status == pb.Refund.DECLINED
    assert await bank.ledger(opened.id) == [50_000]
    assert await bank.events(opened.id) == [CAPTURED]


async def test_webhooks_that_were_given_up_are_redriven_for_another_three_days(bank: Bank, receiver: Receiver):
    async def never(_: Received) -> int:
        return 500

    receiver.answer = never
    opened = await bank.open()
    await bank.pay(opened.id)
    await bank.db.execute("UPDATE deliveries SET created_at = created_at - interval '73 hours'")

    async def dead() -> bool:
        return bool(await bank.db.fetch("SELECT 1 FROM deliveries WHERE dead_at IS NOT NULL"))

    async with sending(bank.deliveries, receiver.url):
        await eventually(dead)
    assert await bank.deliveries.redrive() == 1
    assert await bank.deliveries.redrive() == 0
    async with sending(bank.deliveries, receiver.url):
        await eventually(lambda: _true(len(receiver.received) == 3))
        assert not await dead()

        async def take(_: Received) -> int:
            return 200

        receiver.answer = take
        await eventually(lambda: _all_done(bank, opened.id))


async def _true(value: bool) -> bool:
    return value
