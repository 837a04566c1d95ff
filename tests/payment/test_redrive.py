"""Dead letters: told of once, kept to be seen, and given another life by a verb of the command line."""

import base64
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from roster import named
from services.chassis.writes.outbox import MAX_REFUSALS
from stack.postgres import Server
from tests.databases import Databases
from tests.patience import patient
from tests.payment.world import Payment, event

ROOT = Path(__file__).parent.parent.parent
SECRET = base64.b64encode(bytes(range(32))).decode()

DEAD_LETTER = """
    INSERT INTO outbox (id, topic, payload, attempts, refusals, dead_at, dead_reason)
    VALUES (gen_random_uuid(), 'captures', '', 12, 10, clock_timestamp(), 'NOT_FOUND')
"""
DEAD_WEBHOOK = """
    INSERT INTO sessions (id, payment_id, amount, currency, description, items, status, expires_at)
    VALUES ('s', gen_random_uuid(), 1, 'INR', '', '{}', 'OPEN', clock_timestamp());
    INSERT INTO deliveries (id, session_id, type, payload, attempts, dead_at)
    VALUES ('e', 's', 'payment.captured', '', 99, clock_timestamp())
"""
SERVICES = {
    "booking": ("outbox", DEAD_LETTER),
    "payment": ("outbox", DEAD_LETTER),
    "bank": ("deliveries", DEAD_WEBHOOK),
}


def run(service: str, verb: str, url: str) -> subprocess.CompletedProcess[str]:
    secrets = dict.fromkeys(("PAYMENT_WEBHOOK_SECRET", "TICKET_KEY_SECRET"), SECRET)
    environment = {"DATABASE_URL": url, **secrets, "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", named(service).module, verb]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=patient(60))


@pytest.mark.parametrize("service", SERVICES)
def test_a_verb_gives_dead_letters_another_life_and_says_how_many(service: str, databases: Databases, postgres: Server):
    table, plant = SERVICES[service]
    name = named(service).module.removeprefix("services.")
    with databases.fresh(service) as url:
        database = url.rpartition("/")[2].partition("?")[0]
        with postgres.connect(database) as connection:
            connection.execute(plant.encode())
        for count in (1, 0):
            done = run(service, "redrive", url)
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout == f"{name}: dead letters redriven: {count}\n"
        with postgres.connect(database) as connection:
            alive = f"SELECT count(*) FROM {table} WHERE dead_at IS NULL AND next_attempt_at <= clock_timestamp()"
            assert connection.execute(alive.encode()).fetchall() == [(1,)]


def test_a_service_that_sends_nothing_has_nothing_to_redrive():
    done = run("inventory", "redrive", "postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 2
    assert "invalid choice: 'redrive'" in done.stderr


async def test_a_message_that_is_refused_ten_times_is_told_of_once_and_goes_out_when_redriven(
    payment: Payment, caplog: pytest.LogCaptureFixture
):
    booking_id, user_id = await payment.book()
    begun = await payment.initiate(booking_id)
    await payment.bank.pay(begun.session_id)
    await payment.hook(event(begun))
    unknown = payment.booking.payable.pop((booking_id, user_id))
    for _ in range(MAX_REFUSALS + 2):
        await payment.db.execute("UPDATE outbox SET next_attempt_at = clock_timestamp()")
        await payment.relay()
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (record.getMessage(), record.topic) == ("dead letter", "captures")  # type: ignore[attr-defined]
    [row] = await payment.db.fetch("SELECT id, refusals, dead_reason FROM outbox WHERE dead_at IS NOT NULL")
    assert (str(row.id), row.refusals) == (record.message_id, MAX_REFUSALS)  # type: ignore[attr-defined]
    assert "BOOKING_NOT_FOUND" in row.dead_reason

    payment.booking.payable[booking_id, user_id] = unknown
    assert await payment.outbox.redrive() == 1
    await payment.relay()
    assert [capture.payment_id for capture in payment.booking.captures] == [begun.payment_id]
    assert await payment.count("outbox") == 0
