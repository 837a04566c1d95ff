"""Answers to requests to pay, kept when the session is open: of equal requests the first one's counts."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from services.chassis.errors import IdempotencyKeyReused, RequestInProgress
from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.chassis.writes.desk import Desk
from services.chassis.writes.idempotency import Key
from services.payment.checkout import polling
from services.payment.checkout.opened import KeepOpened, Opened
from services.payment.domain.payments import Payment, State
from services.payment.errors import BookingNotPending
from tests.databases import Databases
from tests.databases import opened as opened_database

ANN = new_id()
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LOCKED = "INSERT INTO idempotency_keys (user_id, method, key, request_hash, answer) VALUES (%s, 'Buy', 'k1', '', '')"


def opened(answer: bytes, *, name: str = "k1", request: bytes = b"two seats", booking_id: UUID | None = None) -> Opened:
    return Opened(payment(booking_id or new_id()), answer, Key(ANN, "Buy", name, request))


def payment(booking_id: UUID) -> Payment:
    return Payment(new_id(), booking_id, ANN, "sess_1", 1000, "INR", State.PENDING, 0, NOW, NOW, NOW, "bank")


async def test_in_one_batch_each_answer_fares_for_itself(payment_db: Database) -> None:
    closed = new_id()
    await polling.close(payment_db, [closed], 60)
    batch = [
        opened(b"first"),
        opened(b"second"),
        opened(b"another request", request=b"three seats"),
        opened(b"of a closed booking", name="k2", booking_id=closed),
        Opened(payment(closed), b"without a key", None),
        Opened(payment(new_id()), b"open, without a key", None),
    ]
    keep = KeepOpened(payment_db)
    for _ in range(2):
        first, second, another, late, bare, good = await keep(batch, wait=False)
        assert (first, second, good) == (b"first", b"first", b"open, without a key")
        assert isinstance(another, IdempotencyKeyReused)
        assert isinstance(late, BookingNotPending) and isinstance(bare, BookingNotPending)
    stored = await payment_db.fetch("SELECT key, answer FROM idempotency_keys")
    assert [(row.key, bytes(row.answer)) for row in stored] == [("k1", b"first")]


async def test_a_key_that_is_locked_for_long_holds_up_no_other_of_its_batch(databases: Databases) -> None:
    async with (
        databases.made("payment") as url,
        opened_database(url) as db,
        await psycopg.AsyncConnection.connect(url) as first,
    ):
        desk = Desk(KeepOpened(db))
        await first.execute(LOCKED, (ANN,))
        outcomes = await asyncio.gather(
            *(desk.submit(opened(b"answer", name=f"k{number}")) for number in range(4)), return_exceptions=True
        )
        await first.rollback()
        await desk.close()
    assert [outcome for outcome in outcomes if outcome != b"answer"] == [outcomes[1]]
    assert isinstance(outcomes[1], RequestInProgress)
