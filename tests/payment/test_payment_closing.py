"""Tombstones and the poller: no session of a dead booking, and every payment settles without its webhook."""

import asyncio
from typing import Any

import pytest
from grpc import StatusCode

from services.bank.sessions import look as sessions
from services.chassis.errors import Unavailable
from services.chassis.ids import new_id
from tests.bank.support import refused
from tests.databases import move_clock
from tests.payment.world import Payment, event

NOT_PENDING = (StatusCode.FAILED_PRECONDITION, "BOOKING_NOT_PENDING")


async def bank_status(payment: Payment, session_id: str) -> str:
    session = await payment.bank.get(session_id)
    return session.Status.Name(session.status)


async def test_no_session_opens_after_the_tombstone(payment: Payment):
    booking_id, _ = await payment.book()
    await payment.close(booking_id)
    assert await refused(payment.initiate(booking_id)) == NOT_PENDING
    assert await payment.count("payments") == 0


async def test_the_tombstone_closes_the_open_session(payment: Payment):
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id)
    await payment.close(booking_id)
    assert await bank_status(payment, begun.session_id) == "CLOSED"
    assert await payment.statuses(booking_id) == ["FAILED"]
    await payment.relay()
    assert payment.booking.declines == []
    assert await refused(payment.initiate(booking_id)) == NOT_PENDING


async def test_closing_finds_the_money_that_was_taken_before(payment: Payment):
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id)
    await payment.bank.pay(begun.session_id)
    await payment.close(booking_id)
    assert await payment.statuses(booking_id) == ["SUCCESS"]
    await payment.relay()
    assert [capture.payment_id for capture in payment.booking.captures] == [begun.payment_id]


async def test_closing_may_be_repeated_and_named_twice(payment: Payment):
    booking_id, _ = await payment.book()
    other_id, _ = await payment.book()
    await payment.initiate(booking_id)
    await asyncio.gather(*(payment.close(booking_id, other_id, booking_id) for _ in range(10)))
    before = await payment.everything()
    await payment.close(other_id, booking_id)
    assert await payment.everything() == before


async def test_the_tombstone_stands_though_the_bank_is_away_and_the_poller_closes(payment: Payment):
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id)
    payment.mood.away = True
    await payment.close(booking_id)
    assert await refused(payment.initiate(booking_id)) == NOT_PENDING
    assert await bank_status_unseen(payment, begun.session_id) == "OPEN"
    await payment.poll()
    assert await payment.statuses(booking_id) == ["PENDING"]
    payment.mood.away = False
    await payment.poll()
    assert await bank_status(payment, begun.session_id) == "CLOSED"
    assert await payment.statuses(booking_id) == ["FAILED"]


async def bank_status_unseen(payment: Payment, session_id: str) -> str:
    session, _ = await sessions.Sessions(payment.bank.db).get(session_id)
    return session.status


async def test_a_bank_that_hangs_holds_up_a_close_for_a_second_at_most(payment: Payment):
    booking_id, _ = await payment.book()
    await payment.initiate(booking_id)
    released = asyncio.Event()

    async def hang(name: str, request: Any) -> None:
        await released.wait()

    payment.mood.instead = hang
    await payment.close(booking_id)
    assert payment.mood.seconds_given[-1] < 1.1, "clocks that are read at two ends differ by a little"
    released.set()


@pytest.mark.parametrize("key", ["", "once"])
async def test_a_session_that_opens_while_its_booking_is_closed_does_not_stay_open(payment: Payment, key: str):
    """The close comes after the intent and before the bank hears of the session. The refusal is no answer to keep."""
    booking_id, _ = await payment.book()

    async def close_first(name: str, request: Any) -> None:
        if name == "CreateSession":
            payment.mood.instead = None
            await payment.close(booking_id)

    payment.mood.instead = close_first
    assert [await refused(payment.initiate(booking_id, key=key)) for _ in range(2)] == [NOT_PENDING] * 2
    [shown] = await payment.payments(booking_id)
    assert await bank_status(payment, shown.session_id) == "CLOSED"
    assert await payment.statuses(booking_id) == ["FAILED"]


async def test_opening_and_closing_at_once_never_leaves_a_session_open(payment: Payment):
    for _ in range(20):
        booking_id, _ = await payment.book()
        await asyncio.gather(payment.initiate(booking_id), payment.close(booking_id), return_exceptions=True)
        rows = await payment.db.fetch("SELECT session_id FROM payments WHERE booking_id = %s", (booking_id,))
        for row in rows:
            await payment.poll()
            assert await bank_status(payment, row.session_id) == "CLOSED"
            assert await payment.statuses(booking_id) == ["FAILED"]


async def test_paying_and_closing_at_once_come_to_one_truth(payment: Payment):
    for _ in range(20):
        booking_id, _ = await payment.book()
        begun = await payment.initiate(booking_id)
        await asyncio.gather(payment.bank.pay(begun.session_id), payment.close(booking_id))
        captured = await bank_status(payment, begun.session_id) == "CAPTURED"
        assert await payment.statuses(booking_id) == ["SUCCESS" if captured else "FAILED"]
        assert await payment.bank.ledger(begun.session_id) == ([50_000] if captured else [])
    await payment.relay()
    recorded = [capture.booking_id for capture in payment.booking.captures]
    assert len(recorded) == len(set(recorded))


@pytest.mark.parametrize(("end", "status"), [("pay", "SUCCESS"), ("decline", "FAILED")])
async def test_a_payment_settles_though_its_webhook_never_comes(payment: Payment, end: str, status: str):
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id)
    await getattr(payment.bank, end)(begun.session_id)
    assert await payment.poll() == 1
    assert await payment.statuses(booking_id) == [status]
    await payment.relay()
    assert len(payment.booking.captures) + len(payment.booking.declines) == 1
    assert await payment.poll() == 0


async def test_a_webhook_after_the_poller_changes_nothing(payment: Payment):
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id)
    await payment.bank.pay(begun.session_id)
    await asyncio.gather(payment.poll(), payment.poll(), payment.hook(event(begun)))
    assert await payment.statuses(booking_id) == ["SUCCESS"]
    assert await payment.count("outbox") == 1


async def test_an_open_session_is_left_alone_and_asked_about_later(payment: Payment):
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id)
    assert await payment.poll() == 1
    assert await payment.statuses(booking_id) == ["PENDING"]
    assert await payment.checkout.poll() == 0
    delays = []
    for _ in range(5):
        await payment.poll()
        [row] = await payment.db.fetch(
            "SELECT extract(epoch FROM next_poll_at - clock_timestamp())::float AS s FROM payments"
        )
        delays.append(row.s)
    assert 7 < delays[0] < 38
    assert all(22 < delay < 38 for delay in delays[2:])
    assert await bank_status(payment, begun.session_id) == "OPEN"


async def test_a_session_that_ended_unpaid_expires(payment: Payment):
    booking_id, _ = await payment.book()
    await payment.initiate(booking_id)
    for db in (payment.db, payment.bank.db):
        await move_clock(db, "14 minutes")
    await payment.poll()
    assert await payment.statuses(booking_id) == ["EXPIRED"]
    await payment.relay()
    assert payment.booking.declines == []


async def test_a_session_is_over_when_it_is_for_the_bank_whose_clock_may_be_behind(payment: Payment):
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id)
    await move_clock(payment.db, "14 minutes")
    await payment.poll()
    assert (await payment.statuses(booking_id), await bank_status(payment, begun.session_id)) == (["PENDING"], "OPEN")
    await move_clock(payment.bank.db, "14 minutes")
    await payment.poll()
    assert (await payment.statuses(booking_id), await bank_status(payment, begun.session_id)) == (
        ["EXPIRED"],
        "EXPIRED",
    )


async def test_a_session_that_the_bank_never_saw_ends_with_its_time_and_not_before(payment: Payment):
    booking_id, _ = await payment.book()
    payment.mood.away = True
    await refused(payment.initiate(booking_id))
    payment.mood.away = False
    await payment.poll()
    assert await payment.statuses(booking_id) == ["PENDING"]
    await move_clock(payment.db, "14 minutes")
    await payment.poll()
    assert await payment.statuses(booking_id) == ["EXPIRED"]


async def test_a_bank_that_is_away_is_no_end_of_a_payment(payment: Payment):
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id)
    await payment.bank.pay(begun.session_id)
    for db in (payment.db, payment.bank.db):
        await move_clock(db, "1 hour")
    payment.mood.away = True
    await payment.poll()
    assert await payment.statuses(booking_id) == ["PENDING"]
    payment.mood.away = False
    await payment.poll()
    assert await payment.statuses(booking_id) == ["SUCCESS"]


async def test_whoever_comes_back_asks_about_every_live_payment_at_once(payment: Payment):
    paid = [await payment.initiate() for _ in range(3)]
    for begun in paid:
        await payment.bank.pay(begun.session_id)
    still_open = await payment.initiate()
    assert await payment.checkout.poll() == 0
    await payment.checkout.catch_up()
    assert await payment.checkout.poll() == 4
    rows = await payment.db.fetch("SELECT session_id FROM payments WHERE state = 'PENDING'")
    assert [row.session_id for row in rows] == [still_open.session_id]


async def test_two_pollers_share_the_work(payment: Payment):
    for _ in range(10):
        await payment.initiate()
    await payment.db.execute("UPDATE payments SET next_poll_at = clock_timestamp() - interval '1 s'")
    assert sum(await asyncio.gather(*(payment.checkout.poll() for _ in range(4)))) == 10


async def test_a_capture_that_booking_cannot_take_is_told_until_it_can(payment: Payment):
    booking_id, _ = await payment.book()
    begun = await payment.initiate(booking_id)
    payment.booking.refuse = Unavailable()
    await payment.bank.pay(begun.session_id)
    await payment.hook(event(begun))
    await payment.relay()
    assert await payment.count("outbox") == 1
    payment.booking.refuse = None
    await payment.db.execute("UPDATE outbox SET next_attempt_at = clock_timestamp()")
    await payment.relay()
    assert [capture.payment_id for capture in payment.booking.captures] == [begun.payment_id]
    assert await payment.count("outbox") == 0


async def test_one_capture_that_booking_refuses_holds_up_no_other(payment: Payment):
    refused_id, refused_user = await payment.book()
    booking_id, _ = await payment.book()
    for id_ in (refused_id, booking_id):
        begun = await payment.initiate(id_)
        await payment.bank.pay(begun.session_id)
        await payment.hook(event(begun))
    del payment.booking.payable[refused_id, refused_user]
    await payment.relay()
    assert [capture.booking_id for capture in payment.booking.captures] == [booking_id]
    [row] = await payment.db.fetch("SELECT refusals, dead_at FROM outbox")
    assert (row.refusals, row.dead_at) == (1, None)


async def test_closing_asks_for_ids(payment: Payment):
    for ids in ([], ["x"], [str(new_id())] * 257):
        assert await refused(payment.close(*ids)) == (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
