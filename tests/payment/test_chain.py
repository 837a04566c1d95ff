"""Money and seats across inventory, booking, payment and bank, when things happen at once, twice or out of order."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import grpc
import pytest
from boxoffice.bank.v1 import bank_pb2
from boxoffice.booking.v1 import booking_pb2
from grpc import StatusCode

from services.bank.domain.scenarios import DECLINE, MIXES
from tests.bank.support import refused
from tests.databases import Databases
from tests.patience import eventually
from tests.payment.chain import WITHIN_SECONDS, Chain, running
from tests.payment.world import event, signed

PRICE = 25_001
ROUNDS = 100
MISMATCH = (StatusCode.INVALID_ARGUMENT, "EVENT_MISMATCH")


@pytest.fixture
async def chain(databases: Databases) -> AsyncIterator[Chain]:
    async with running(databases) as chain:
        yield chain


async def hook(chain: Chain, body: bytes) -> None:
    await chain.hook(body, signed(body))


async def facts(chain: Chain) -> dict[str, list[Any]]:
    """Return all that is known of money and seats, but not which events were heard and when the bank is asked."""
    tables = {
        chain.inventory_db: ("show_seats", "reservations", "show_counters"),
        chain.booking_db: ("bookings", "captures", "declines", "outbox"),
        chain.payment_db: ("payments", "refunds", "booking_accounts", "outbox"),
        chain.bank.db: ("sessions", "ledger", "refunds"),
    }
    query = "SELECT (to_jsonb(t) - '{{polls,next_poll_at}}'::text[])::text AS row FROM {} t"
    return {
        f"{number}.{table}": sorted(row.row for row in await db.fetch(query.format(table)))
        for number, (db, names) in enumerate(tables.items())
        for table in names
    }


async def outcome(call: Awaitable[Any]) -> str:
    """Return OK, or why a call was refused."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        failed = asyncio.get_running_loop().create_future()
        failed.set_exception(error)
        return (await refused(failed))[1]
    return "OK"


async def test_pay_racing_cancel_a_hundred_times_is_a_ticket_or_the_money_back(chain: Chain):
    ends, cancels = Counter[str](), Counter[str]()

    async def race(number: int) -> booking_pb2.Booking:
        booking = await chain.book(number)
        session = await chain.session(booking)
        pay = asyncio.create_task(outcome(chain.bank.pay(session.session_id)))
        # The user changes their mind as soon as the money's way has come so far.
        await await_stage[number % 4](booking)
        cancels[await outcome(chain.cancel(booking))] += 1
        assert await pay == "OK"
        return booking

    async def nowhere(booking: booking_pb2.Booking) -> None:
        pass

    async def bank_has_it(booking: booking_pb2.Booking) -> None:
        await eventually(lambda: chain.ledger(booking), WITHIN_SECONDS)

    async def payment_knows(booking: booking_pb2.Booking) -> None:
        query = "SELECT 1 FROM payments WHERE booking_id = %s AND state = 'SUCCESS'"
        await eventually(lambda: chain.payment_db.fetch(query, (booking.id,)), WITHIN_SECONDS)

    async def booking_knows(booking: booking_pb2.Booking) -> None:
        query = "SELECT 1 FROM captures WHERE booking_id = %s"
        await eventually(lambda: chain.booking_db.fetch(query, (booking.id,)), WITHIN_SECONDS)

    await_stage = (nowhere, bank_has_it, payment_knows, booking_knows)
    for start in range(0, ROUNDS, 10):
        bookings = await asyncio.gather(*(race(number) for number in range(start, start + 10)))
        await chain.at_rest()
        for number, booking in enumerate(bookings, start):
            status = await chain.status(booking)
            ends[status] += 1
            entries, seat = await chain.ledger(booking), await chain.seat_status(number)
            if status == "CONFIRMED":
                assert (entries, seat) == ([PRICE], "BOOKED")
            else:
                assert (status, seat) == ("CANCELLED", "AVAILABLE")
                assert entries in ([], [PRICE, -PRICE])
    print(dict(ends), dict(cancels))
    assert ends["CONFIRMED"] + ends["CANCELLED"] == ROUNDS
    assert ends["CONFIRMED"] and ends["CANCELLED"], "both win now and then, or this is no race"
    assert ends["CANCELLED"] == cancels.pop("OK")
    assert set(cancels) <= {"PAYMENT_IN_PROGRESS", "BOOKING_NOT_PENDING"}


async def test_ten_refunds_at_once_are_one_refund_at_the_bank(chain: Chain):
    booking = await chain.confirmed(0, 1)
    answers = await asyncio.gather(*(chain.refund(booking) for _ in range(10)), return_exceptions=True)
    amounts = {answer.refund_amount for answer in answers if isinstance(answer, booking_pb2.RefundBookingResponse)}
    refusals = [outcome(_raised(answer)) for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert amounts == {2 * PRICE}
    assert set(await asyncio.gather(*refusals)) <= {"BOOKING_NOT_CONFIRMED"}
    await chain.until(booking, "REFUNDED")
    await chain.at_rest()
    assert await chain.ledger(booking) == [2 * PRICE, -2 * PRICE]
    assert len(await chain.bank.db.fetch("SELECT FROM refunds")) == 1
    assert [await chain.seat_status(number) for number in (0, 1)] == ["AVAILABLE"] * 2


async def _raised(error: grpc.aio.AioRpcError) -> None:
    raise error


async def test_of_two_sessions_that_are_both_paid_one_is_kept_and_one_is_returned(chain: Chain):
    booking = await chain.book(0)
    first = await chain.session(booking)
    # The bank says for a moment that the first has ended; so there is a second, and both can be paid.
    end = "UPDATE sessions SET status = %s, ended_at = CASE %s WHEN 'OPEN' THEN NULL ELSE now() END WHERE id = %s"
    await chain.bank.db.execute(end, ("DECLINED", "DECLINED", first.session_id))
    second = await chain.session(booking)
    assert second.session_id != first.session_id
    await chain.bank.db.execute(end, ("OPEN", "OPEN", first.session_id))

    paid = await asyncio.gather(*(chain.bank.pay(session.session_id) for session in (first, second)))
    assert [session.status for session in paid] == [bank_pb2.Session.CAPTURED] * 2
    await chain.until(booking, "CONFIRMED")

    async def both_settled() -> bool:
        rows = await chain.booking_db.fetch("SELECT settlement FROM captures ORDER BY settlement")
        return [row.settlement for row in rows] == ["DUPLICATE", "KEPT"]

    await eventually(both_settled, WITHIN_SECONDS)
    await chain.at_rest()
    assert sorted(await chain.ledger(booking)) == [-PRICE, PRICE, PRICE]
    assert await chain.status(booking) == "CONFIRMED"
    assert await chain.seat_status(0) == "BOOKED"


async def test_fifty_events_of_one_capture_at_once_are_one_confirmation(chain: Chain):
    booking = await chain.book(0)
    session = await chain.session(booking)
    await chain.bank.pay(session.session_id)
    await asyncio.gather(*(hook(chain, event(session)) for _ in range(50)))
    await chain.until(booking, "CONFIRMED")
    await chain.at_rest()
    assert len(await chain.booking_db.fetch("SELECT FROM captures")) == 1
    assert await chain.ledger(booking) == [PRICE]


async def test_no_event_turns_a_confirmed_booking_back(chain: Chain):
    booking = await chain.book(0)
    session = await chain.session(booking)
    await chain.bank.pay(session.session_id)
    await chain.until(booking, "CONFIRMED")
    await chain.at_rest()
    before = await facts(chain)
    for type_ in ("payment.declined", "payment.expired", "payment.captured"):
        await hook(chain, event(session, type_))
    await chain.at_rest()
    assert await facts(chain) == before
    assert await chain.status(booking) == "CONFIRMED"


async def test_a_replay_after_the_refund_confirms_nothing(chain: Chain):
    booking = await chain.confirmed(0)
    [row] = await chain.bank.db.fetch("SELECT id, payload FROM deliveries WHERE type = 'payment.captured'")
    await chain.refund(booking)
    await chain.until(booking, "REFUNDED")
    await chain.at_rest()
    before = await facts(chain)
    body = bytes(row.payload)
    for id_ in (row.id, "evt_another"):
        await chain.hook(body, signed(body, id_=id_))
    await chain.at_rest()
    assert await facts(chain) == before
    assert (await chain.status(booking), await chain.seat_status(0)) == ("REFUNDED", "AVAILABLE")


async def test_no_signed_event_confirms_a_booking_that_was_not_paid(chain: Chain):
    paid, unpaid = await chain.book(0), await chain.book(1, 2)
    cheap, dear = await chain.session(paid), await chain.session(unpaid)
    before = await facts(chain)
    lies = {
        "it was paid": event(dear),
        "with less money": event(dear, amount=PRICE),
        "with another's session": event(dear, session_id=cheap.session_id),
        "with another's session and money": event(dear, session_id=cheap.session_id, amount=PRICE),
        "another's payment was": event(cheap, payment_id=dear.payment_id),
        "another's payment was, for this amount": event(cheap, payment_id=dear.payment_id, amount=dear.amount),
    }
    for name, body in lies.items():
        assert await refused(hook(chain, body)) == MISMATCH, name
    assert await facts(chain) == before
    # That the other was paid changes nothing about it.
    await chain.bank.pay(cheap.session_id)
    await chain.until(paid, "CONFIRMED")
    await chain.checkout.catch_up()
    for name, body in lies.items():
        assert await refused(hook(chain, body)) == MISMATCH, name
    await chain.at_rest()
    assert await chain.status(unpaid) == "PENDING"
    assert await chain.ledger(unpaid) == []


async def test_what_an_event_tells_wrongly_is_settled_as_the_bank_has_it(chain: Chain):
    booking = await chain.book(0)
    session = await chain.session(booking)
    await chain.bank.simulate(session.session_id, "pm_tamper_amount")
    await chain.until(booking, "CONFIRMED")
    await chain.at_rest()
    assert await chain.ledger(booking) == [PRICE]
    [delivery] = await chain.bank.db.fetch("SELECT last_error FROM deliveries")
    assert delivery.last_error == "HTTP 400"


async def test_a_crowd_at_a_bank_that_misbehaves_is_settled_to_the_last_coin(chain: Chain):
    methods = [method for _, method in MIXES["mixed"]] * 6

    async def buy(number: int, method: str) -> booking_pb2.Booking:
        booking = await chain.book(number)
        await chain.bank.simulate((await chain.session(booking)).session_id, method)
        return booking

    bookings = await asyncio.gather(*(buy(number, method) for number, method in enumerate(methods)))
    paid = [booking for booking, method in zip(bookings, methods, strict=True) if method != DECLINE]
    await asyncio.gather(*(chain.until(booking, "CONFIRMED") for booking in paid))
    await asyncio.gather(*(chain.refund(booking) for booking in paid[::2]))
    await asyncio.gather(*(chain.until(booking, "REFUNDED") for booking in paid[::2]))
    await chain.at_rest()
    for number, booking in enumerate(bookings):
        status = await chain.status(booking)
        kept, seat = sum(await chain.ledger(booking)), await chain.seat_status(number)
        ended = {"CONFIRMED": (PRICE, "BOOKED"), "REFUNDED": (0, "AVAILABLE"), "PENDING": (0, "BOOKED")}
        assert (kept, seat) == ended[status]
