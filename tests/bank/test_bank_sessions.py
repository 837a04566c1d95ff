"""Sessions and money, through the contract, in a real database."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from boxoffice.bank.v1 import bank_pb2 as pb
from google.protobuf import timestamp_pb2
from grpc import StatusCode

from services.bank.domain.scenarios import SCENARIOS, draw
from services.bank.rpc import Sandbox
from services.bank.sessions import close
from services.chassis.ids import new_id
from services.chassis.store.database import READ_CLOCK, Database
from services.chassis.wire.times import to_timestamp
from tests.bank.support import Bank, new_session, refused, served_bank
from tests.databases import move_clock

Status = pb.Session.Status


async def test_creating_a_session_again_returns_it_as_it_is(bank: Bank):
    [clock] = await bank.db.fetch(READ_CLOCK)
    request = new_session(clock.now)
    made = await bank.stub.CreateSession(request)
    assert (made.id, made.payment_id, made.amount, made.currency, made.status) == (
        request.session_id,
        request.payment_id,
        50_000,
        "INR",
        Status.OPEN,
    )
    assert made.expires_at == request.expires_at
    assert await bank.stub.CreateSession(request) == made
    await bank.pay(made.id)
    assert (await bank.stub.CreateSession(request)).status == Status.CAPTURED
    assert await bank.ledger(made.id) == [50_000]


@pytest.mark.parametrize("other", [{"amount": 1}, {"currency": "EUR"}, {"payment_id": str(new_id())}, {"minutes": 11}])
async def test_a_session_is_not_created_again_with_other_facts(bank: Bank, other: dict[str, object]):
    [clock] = await bank.db.fetch(READ_CLOCK)
    request = new_session(clock.now)
    await bank.stub.CreateSession(request)
    other = {"session_id": request.session_id, "payment_id": request.payment_id} | other
    again = bank.stub.CreateSession(new_session(clock.now, **other))
    assert await refused(again) == (StatusCode.ALREADY_EXISTS, "SESSION_MISMATCH")


async def test_one_session_created_twenty_times_at_once_is_one_session(bank: Bank):
    [clock] = await bank.db.fetch(READ_CLOCK)
    request = new_session(clock.now)
    made = await asyncio.gather(*(bank.stub.CreateSession(request) for _ in range(20)))
    assert all(session == made[0] for session in made)


async def test_a_payment_takes_the_money_once_and_is_told(bank: Bank):
    opened = await bank.open()
    assert (await bank.pay(opened.id)).status == Status.CAPTURED
    assert (await bank.pay(opened.id)).status == Status.CAPTURED
    assert (await bank.decline(opened.id)).status == Status.CAPTURED
    assert await bank.ledger(opened.id) == [50_000]
    assert await bank.events(opened.id) == ["payment.captured"]


async def test_a_decline_takes_nothing_is_told_and_is_final(bank: Bank):
    opened = await bank.open()
    assert (await bank.decline(opened.id)).status == Status.DECLINED
    assert (await bank.pay(opened.id)).status == Status.DECLINED
    assert await bank.ledger(opened.id) == []
    assert await bank.events(opened.id) == ["payment.declined"]


async def test_twenty_payments_at_once_are_one_capture(bank: Bank):
    opened = await bank.open()
    paid = await asyncio.gather(*(bank.pay(opened.id) for _ in range(20)))
    assert {session.status for session in paid} == {Status.CAPTURED}
    assert await bank.ledger(opened.id) == [50_000]
    assert await bank.events(opened.id) == ["payment.captured"]


async def test_pay_decline_and_close_at_once_come_to_one_end(bank: Bank):
    for _ in range(10):
        opened = await bank.open()
        ends = await asyncio.gather(bank.pay(opened.id), bank.decline(opened.id), bank.close(opened.id))
        assert len({session.status for session in ends}) == 1
        captured = ends[0].status == Status.CAPTURED
        assert await bank.ledger(opened.id) == ([50_000] if captured else [])


async def test_where_nothing_is_chosen_the_seed_decides(bank: Bank):
    for _ in range(5):
        opened = await bank.open()
        ended = await bank.stub.SimulatePayment(pb.SimulatePaymentRequest(session_id=opened.id))
        assert ended.payment_method == draw("plain", "test", opened.id)
        assert Status.Name(ended.status) == SCENARIOS[ended.payment_method].end


async def test_a_session_whose_time_is_up_cannot_be_paid(bank: Bank):
    opened = await bank.open(minutes=10)
    await move_clock(bank.db, "10 minutes")
    assert (await bank.get(opened.id)).status == Status.EXPIRED
    assert (await bank.pay(opened.id)).status == Status.EXPIRED
    assert (await bank.close(opened.id)).status == Status.EXPIRED
    assert await bank.ledger(opened.id) == []
    assert await bank.events(opened.id) == ["payment.expired"]


async def test_the_sweep_ends_sessions_whose_time_is_up_and_tells_once(bank: Bank):
    over = [await bank.open(minutes=1) for _ in range(3)]
    alive = await bank.open(minutes=60)
    await move_clock(bank.db, "2 minutes")
    assert sum(await asyncio.gather(*(close.end_due(bank.db, bank.deliveries) for _ in range(4)))) == 3
    assert await close.end_due(bank.db, bank.deliveries) == 0
    for session in over:
        assert await bank.events(session.id) == ["payment.expired"]
    assert (await bank.get(alive.id)).status == Status.OPEN


async def test_a_closed_session_cannot_be_paid_and_nobody_is_told(bank: Bank):
    opened = await bank.open()
    assert (await bank.close(opened.id)).status == Status.CLOSED
    assert (await bank.close(opened.id)).status == Status.CLOSED
    assert (await bank.pay(opened.id)).status == Status.CLOSED
    assert await bank.ledger(opened.id) == []
    assert await bank.events(opened.id) == []


async def test_closing_a_paid_session_tells_that_it_is_paid(bank: Bank):
    opened = await bank.open()
    await bank.pay(opened.id)
    assert (await bank.close(opened.id)).status == Status.CAPTURED


async def test_a_session_that_is_created_late_is_over_and_told(bank: Bank):
    opened = await bank.open(minutes=-1)
    assert opened.status == Status.EXPIRED
    assert await close.end_due(bank.db, bank.deliveries) == 1
    assert await bank.events(opened.id) == ["payment.expired"]


async def test_unknown_sessions_are_not_found(bank: Bank):
    unknown = f"sess_{new_id()}"
    for call in (bank.get(unknown), bank.close(unknown), bank.pay(unknown), bank.refund(unknown, 1)):
        assert await refused(call) == (StatusCode.NOT_FOUND, "SESSION_NOT_FOUND")


@pytest.mark.parametrize("id_", ["", "sess_", "sess_x", "sess_'; DROP TABLE sessions; --", "sess_\0", "a" * 5000])
async def test_malformed_session_ids_are_refused(bank: Bank, id_: str):
    assert await refused(bank.get(id_)) == (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert await refused(bank.pay(id_)) == (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_hostile_texts_and_times_are_a_refusal_or_are_stored(bank: Bank):
    [clock] = await bank.db.fetch(READ_CLOCK)
    nul = new_session(clock.now, description="a\0b", items=["\0"])
    assert (await bank.stub.CreateSession(nul)).status == Status.OPEN
    wild = new_session(clock.now)
    wild.expires_at.CopyFrom(timestamp_pb2.Timestamp(seconds=2**60))
    assert (await refused(bank.stub.CreateSession(wild)))[0] == StatusCode.INVALID_ARGUMENT
    fine = new_session(clock.now)
    fine.expires_at.CopyFrom(to_timestamp(clock.now + timedelta(minutes=5)))
    fine.expires_at.nanos = fine.expires_at.nanos // 1000 * 1000 + 7
    made = await bank.stub.CreateSession(fine)
    assert (await bank.stub.CreateSession(fine)) == made


async def test_money_comes_back_once_per_refund(bank: Bank):
    opened = await bank.open()
    await bank.pay(opened.id)
    refund_id = str(new_id())
    made = await asyncio.gather(*(bank.refund(opened.id, 20_000, refund_id) for _ in range(10)))
    assert {(refund.id, refund.status) for refund in made} == {(refund_id, pb.Refund.SUCCEEDED)}
    assert await bank.ledger(opened.id) == [50_000, -20_000]
    assert (await bank.get(opened.id)).refunded_amount == 20_000
    assert await bank.events(opened.id) == ["payment.captured", "refund.succeeded"]


async def test_a_refund_of_the_same_id_with_other_facts_is_refused(bank: Bank):
    one, other = await bank.open(), await bank.open()
    for session in (one, other):
        await bank.pay(session.id)
    refund_id = str(new_id())
    await bank.refund(one.id, 20_000, refund_id)
    for call in (bank.refund(one.id, 20_001, refund_id), bank.refund(other.id, 20_000, refund_id)):
        assert await refused(call) == (StatusCode.ALREADY_EXISTS, "REFUND_MISMATCH")
    assert await bank.ledger(other.id) == [50_000]


async def test_refunds_at_once_never_exceed_the_capture(bank: Bank):
    opened = await bank.open()
    await bank.pay(opened.id)
    made = await asyncio.gather(*(bank.refund(opened.id, 20_000) for _ in range(10)), return_exceptions=True)
    assert sum(not isinstance(refund, BaseException) for refund in made) == 2
    assert await bank.ledger(opened.id) == [50_000, -20_000, -20_000]
    assert await refused(bank.refund(opened.id, 20_000)) == (StatusCode.FAILED_PRECONDITION, "REFUND_EXCEEDS_CAPTURE")


async def test_what_was_not_taken_is_not_given_back(bank: Bank):
    opened = await bank.open()
    assert await refused(bank.refund(opened.id, 1)) == (StatusCode.FAILED_PRECONDITION, "SESSION_NOT_CAPTURED")


async def test_nobody_pays_by_a_click_in_production(bank_db: Database):
    async with served_bank(bank_db, sandbox=Sandbox(enabled=False)) as (bank, _, _):
        opened = await bank.open()
        assert await refused(bank.pay(opened.id)) == (StatusCode.PERMISSION_DENIED, "SIMULATION_DISABLED")
        assert (await bank.get(opened.id)).status == Status.OPEN


@pytest.mark.parametrize(
    "change",
    ["UPDATE ledger SET amount = 1", "DELETE FROM ledger", "TRUNCATE ledger", "UPDATE ledger SET id = DEFAULT"],
)
async def test_the_ledger_is_never_changed(bank: Bank, change: str):
    opened = await bank.open()
    await bank.pay(opened.id)
    with pytest.raises(psycopg.errors.RaiseException, match="never changed"):
        await bank.db.execute(change)
    assert await bank.ledger(opened.id) == [50_000]
