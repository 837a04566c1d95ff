"""Whoever ends a session that another is ending waits for him, and decides by what he left."""

import asyncio

import pytest
from boxoffice.bank.v1 import bank_pb2 as pb

from services.bank.domain.sessions import Session
from services.bank.errors import SessionNotFound
from services.bank.sessions.pay import Pay, PaySessions
from services.bank.webhooks.deliveries import Deliveries
from tests.bank.support import SANDBOX, Bank
from tests.patience import eventually

WAITING = (
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE %s"
)


@pytest.mark.parametrize("end", ["pay", "close"])
async def test_a_session_that_ends_meanwhile_has_ended(bank: Bank, end: str):
    opened = await bank.open()
    async with bank.db.transaction() as first:
        await first.fetch(
            "UPDATE sessions SET status = 'DECLINED', ended_at = now() WHERE id = %s RETURNING 1", (opened.id,)
        )
        call = bank.pay if end == "pay" else bank.close
        second = asyncio.create_task(call(opened.id))
        await eventually(lambda: bank.db.fetch(WAITING, ("%sessions%",)))
    assert (await second).status == pb.Session.DECLINED
    assert await bank.db.fetch("SELECT FROM ledger") == []


async def test_payments_in_one_batch_are_each_for_themselves(bank: Bank):
    opened = [await bank.open() for _ in range(3)]
    pays = PaySessions(bank.db, Deliveries(bank.db), SANDBOX.delay)
    batch = [
        Pay(opened[0].id, "pm_succeed"),
        Pay("sess_unknown", "pm_succeed"),
        Pay(opened[1].id, "pm_decline"),
        Pay(opened[0].id, "pm_decline"),
        Pay(opened[2].id, "pm_late"),
    ]
    paid, unknown, declined, again, late = await pays(batch, wait=False)
    assert isinstance(unknown, SessionNotFound)
    ends = [one.status for one in (paid, declined, again, late) if isinstance(one, Session)]
    assert ends == ["CAPTURED", "DECLINED", "CAPTURED", "OPEN"]
    assert [row.session_id for row in await bank.db.fetch("SELECT session_id FROM ledger")] == [opened[0].id]
    sent = await bank.db.fetch("SELECT session_id FROM deliveries")
    assert {row.session_id for row in sent} == {opened[0].id, opened[1].id}
