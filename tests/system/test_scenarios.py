"""The bank's payment methods, as a user of the sandbox meets them: whatever the bank does, money and seats settle.

Each test looks at the bank's own ledger in the end: the ticket is there and the money is kept, or all of it went back.
"""

from __future__ import annotations

import asyncio
import time

import pytest

from stack.launcher import Stack
from stack.postgres import Server
from tests.patience import eventually, patient
from tests.system.client import Client, Json, Show, new_user, ok, refusal
from tests.system.databases import at_rest, later, money, rows, value

SETTLES_WITHIN_SECONDS = patient(30)
"""How long after payment's return everything that was paid meanwhile may take."""


async def begun(client: Client, show: Show, seats: list[str], method: str) -> tuple[Json, str]:
    """Book seats, pay with `method`, and return the booking and the session."""
    booking = await client.booked(show, new_user(), seats)
    session = await client.session(booking)
    await simulate(client, session, method)
    return booking, session


async def simulate(client: Client, session: str, method: str) -> Json:
    return ok(await client.ask("POST", f"payments/simulate/{session}", {"paymentMethod": method}))


def ledger(server: Server, session: str) -> list[int]:
    entries = rows(server, "payment", "SELECT amount FROM bank.ledger WHERE session_id = %s ORDER BY id", session)
    return [amount for (amount,) in entries]


async def kept(stack: Stack, client: Client, show: Show, booking: Json, session: str) -> None:
    """See that, when all is at rest, the user has the ticket and the bank the money, once."""
    await client.until(booking["id"], "CONFIRMED")
    await at_rest(stack.server)
    assert (await client.booking(booking["id"]))["status"] == "CONFIRMED"
    assert ledger(stack.server, session) == [booking["totalAmount"]]
    assert money(stack.server, booking["id"]) == booking["totalAmount"]
    assert set(await client.statuses(show.id, [seat["id"] for seat in booking["seats"]])) == {"BOOKED"}
    newest = (await client.payments(booking["id"]))[0]
    assert (newest["status"], newest["refundedAmount"], newest["sessionId"]) == ("SUCCESS", 0, session)


@pytest.mark.parametrize(
    "method",
    [
        *("pm_succeed", "pm_duplicate", "pm_reorder", "pm_never_answer", "pm_tamper_amount", "pm_tamper_payment"),
        *("card_succeed", "upi_succeed", "netbanking_succeed"),
    ],
)
async def test_what_was_paid_is_a_ticket_whatever_the_webhooks_say(
    stack: Stack, client: Client, show: Show, method: str
) -> None:
    victim = await client.booked(show, new_user(), show.seats[1:2])
    await client.session(victim)
    booking, session = await begun(client, show, show.seats[:1], method)
    await kept(stack, client, show, booking, session)
    # Nobody else's booking was confirmed by what was said about it.
    assert (await client.booking(victim["id"]))["status"] == "PENDING"
    assert [payment["status"] for payment in await client.payments(victim["id"])] == ["PENDING"]
    assert money(stack.server, victim["id"]) == 0
    ok(await client.cancel(victim))


async def test_a_card_that_asks_for_a_code_is_a_ticket_when_it_is_entered(
    stack: Stack, client: Client, show: Show
) -> None:
    booking, session = await begun(client, show, show.seats[:1], "card_3ds")
    path, body = f"payments/simulate/{session}", {"paymentMethod": "card_3ds"}
    wrong = refusal(await client.ask("POST", path, body | {"code": "000000"}))
    assert (wrong.status, wrong.reason, wrong.fields) == (400, "INVALID_FIELD", ("code",))
    assert ledger(stack.server, session) == []
    assert ok(await client.ask("POST", path, body | {"code": "123456"}))["status"] == "CAPTURED"
    await kept(stack, client, show, booking, session)


async def test_a_request_that_nobody_answers_in_the_app_lapses_and_may_be_paid_again(
    stack: Stack, client: Client, show: Show
) -> None:
    booking, first = await begun(client, show, show.seats[:1], "upi_silent")
    assert await client.session(booking) == first, "as long as the request waits, there is no second one"
    async with later(stack.server, "61 s", "bank"):
        await client.until_payment(booking["id"], "FAILED")
    second = await client.session(booking)
    await simulate(client, second, "upi_succeed")
    await kept(stack, client, show, booking, second)
    assert ledger(stack.server, first) == []
    paid, lapsed = await client.payments(booking["id"])
    assert (paid["method"], lapsed["method"]) == ("UPI", "UPI")
    assert paid["gatewayPaymentId"] != lapsed["gatewayPaymentId"]


@pytest.mark.parametrize("method", ["pm_decline", "card_decline", "upi_decline", "netbanking_decline"])
async def test_a_declined_payment_takes_nothing(stack: Stack, client: Client, show: Show, method: str) -> None:
    booking, session = await begun(client, show, show.seats[:1], method)
    await client.until_payment(booking["id"], "FAILED")
    await at_rest(stack.server)
    assert (await client.booking(booking["id"]))["status"] == "PENDING"
    assert ledger(stack.server, session) == []
    ok(await client.cancel(booking))
    await at_rest(stack.server)
    assert await client.statuses(show.id, show.seats[:1]) == ["AVAILABLE"]


async def test_a_payment_that_is_declined_first_goes_through_the_next_time(
    stack: Stack, client: Client, show: Show
) -> None:
    booking, first = await begun(client, show, show.seats[:1], "pm_decline_then_succeed")
    await client.until_payment(booking["id"], "FAILED")
    second = await client.session(booking)
    assert (await simulate(client, second, "pm_decline_then_succeed"))["status"] == "CAPTURED"
    await kept(stack, client, show, booking, second)
    assert ledger(stack.server, first) == []


async def test_a_webhook_that_comes_after_the_bookings_time_finds_it_settled(
    stack: Stack, client: Client, show: Show
) -> None:
    booking, session = await begun(client, show, show.seats[:1], "pm_delay")
    await client.until(booking["id"], "CONFIRMED")
    waiting = "SELECT count(*) FROM bank.deliveries WHERE session_id = %s AND delivered_at IS NULL"
    assert value(stack.server, "payment", waiting, session) == 1
    async with later(stack.server, "16 minutes", "inventory", "booking", "payment"):
        due_in(stack.server, "payment", "bank.deliveries", "next_attempt_at", "delivered_at IS NULL")
        await kept(stack, client, show, booking, session)


@pytest.mark.parametrize("method", ["pm_late", "netbanking_late"])
async def test_a_payment_that_is_decided_after_the_bookings_time_gets_its_seats_back(
    stack: Stack, client: Client, show: Show, method: str
) -> None:
    booking, session = await begun(client, show, show.seats[:2], method)
    assert ledger(stack.server, session) == []
    async with later(stack.server, "21 minutes", "inventory", "booking", "payment"):
        assert (await client.booking(booking["id"]))["status"] == "EXPIRED"
        assert await client.statuses(show.id, show.seats[:2]) == ["AVAILABLE", "AVAILABLE"]
        async with later(stack.server, "21 minutes", "bank"):
            await kept(stack, client, show, booking, session)


@pytest.mark.parametrize("method", ["pm_late", "netbanking_late"])
@pytest.mark.parametrize("ended", ["a seat is sold", "cancelled"])
async def test_a_payment_that_is_decided_when_there_is_no_ticket_any_more_is_returned(
    stack: Stack, client: Client, show: Show, ended: str, method: str
) -> None:
    booking, session = await begun(client, show, show.seats[:2], method)
    if ended == "cancelled":
        ok(await client.cancel(booking))
    async with later(stack.server, "21 minutes", "inventory", "booking", "payment"):
        rival = await client.confirmed(show, new_user(), show.seats[1:2])
        async with later(stack.server, "21 minutes", "bank"):
            payment = await client.until_payment(booking["id"], "REFUNDED")
    assert payment["refundedAmount"] == booking["totalAmount"]
    assert ledger(stack.server, session) == [booking["totalAmount"], -booking["totalAmount"]]
    status = (await client.booking(booking["id"]))["status"]
    assert status == ("CANCELLED" if ended == "cancelled" else "EXPIRED")
    assert money(stack.server, rival["id"]) == rival["totalAmount"]
    assert await client.statuses(show.id, show.seats[:2]) == ["AVAILABLE", "BOOKED"]


@pytest.mark.parametrize("failures", [1, 3])
async def test_a_refund_that_fails_at_first_is_carried_out_in_the_end(
    stack: Stack, client: Client, show: Show, failures: int
) -> None:
    booking, session = await begun(client, show, show.seats[:1], f"pm_fail_refund_{failures}")
    await client.until(booking["id"], "CONFIRMED")
    assert ok(await client.refund(booking))["status"] == "PROCESSING"
    await client.until(booking["id"], "REFUNDED")
    await at_rest(stack.server)
    assert ledger(stack.server, session) == [booking["totalAmount"], -booking["totalAmount"]]
    failed = "SELECT failures FROM bank.refunds WHERE session_id = %s"
    assert rows(stack.server, "payment", failed, session) == [(failures,)]
    assert (await client.payments(booking["id"]))[0]["status"] == "REFUNDED"


async def test_a_refund_that_is_declined_for_good_is_stuck_until_the_bank_has_paid_it_by_hand(
    stack: Stack, client: Client, show: Show
) -> None:
    booking, session = await begun(client, show, show.seats[:1], "pm_refund_declined")
    await client.until(booking["id"], "CONFIRMED")
    ok(await client.refund(booking))

    async def stuck() -> bool:
        [(is_stuck,)] = rows(
            stack.server, "booking", "SELECT bool_or(stuck) FROM booking_refunds WHERE booking_id = %s", booking["id"]
        )
        return bool(is_stuck)

    await eventually(stuck)
    refund = "SELECT r.state, r.stuck_reason FROM refunds r JOIN payments p ON p.id = r.payment_id"
    found = rows(stack.server, "payment", f"{refund} WHERE p.session_id = %s", session)
    assert found == [("STUCK", "declined")]
    seen = await client.booking(booking["id"])
    assert (seen["status"], seen["refund"]["completed"]) == ("CONFIRMED", False)
    assert money(stack.server, booking["id"]) == booking["totalAmount"]
    assert "refund stuck" in (stack.logs / "payment.log").read_text()

    pay_by_hand(stack.server, session)
    await client.until_payment(booking["id"], "REFUNDED")
    due_in(stack.server, "booking", "booking_refunds", "lease_until", "stuck")
    await client.until(booking["id"], "REFUNDED")
    await at_rest(stack.server)
    assert ledger(stack.server, session) == [booking["totalAmount"], -booking["totalAmount"]]


async def test_what_is_paid_while_payment_is_away_is_settled_within_seconds_of_its_return(
    stack: Stack, client: Client, show: Show
) -> None:
    methods = ["pm_succeed"] * 4 + ["pm_duplicate", "pm_reorder", "pm_never_answer", "pm_tamper_amount"]
    bookings = [await client.booked(show, new_user(), [seat]) for seat in show.seats[: len(methods)]]
    sessions = [await client.session(booking) for booking in bookings]
    stack.stop_one("payment")
    try:
        await asyncio.gather(*map(simulate, [client] * len(methods), sessions, methods))
        tried = "SELECT min(attempts) FROM bank.deliveries WHERE session_id = ANY(%s)"

        async def in_vain() -> bool:
            return bool(value(stack.server, "payment", tried, sessions) >= 1)

        await eventually(in_vain)
        assert {(await client.booking(booking["id"]))["status"] for booking in bookings} == {"PENDING"}
        # As after an hour: neither the bank's next try nor payment's next question is near.
        due_in(stack.server, "payment", "payments", "next_poll_at", "state = 'PENDING'", 3600)
        due_in(stack.server, "payment", "bank.deliveries", "next_attempt_at", "delivered_at IS NULL", 3600)
    finally:
        stack.start_one("payment")
    returned = time.monotonic()
    client.patient = True
    await asyncio.gather(*(client.until(one["id"], "CONFIRMED", SETTLES_WITHIN_SECONDS) for one in bookings))
    print(f"settled {len(bookings)} captures {time.monotonic() - returned:.1f} s after payment's return")
    for booking, session in zip(bookings, sessions, strict=True):
        due_in(stack.server, "payment", "bank.deliveries", "next_attempt_at", "delivered_at IS NULL")
        await kept(stack, client, show, booking, session)


async def test_a_payment_method_that_there_is_not_is_refused(stack: Stack, client: Client, show: Show) -> None:
    booking = await client.booked(show, new_user(), show.seats[:1])
    session = await client.session(booking)
    for body in ({"paymentMethod": "pm_card_visa"}, {"paymentMethod": "pm_succeed", "result": "SUCCESS"}):
        refused = refusal(await client.ask("POST", f"payments/simulate/{session}", body))
        assert (refused.status, refused.reason, refused.fields) == (400, "INVALID_FIELD", ("paymentMethod",))
    assert ledger(stack.server, session) == []
    ok(await client.cancel(booking))


def due_in(server: Server, database: str, table: str, column: str, which: str, seconds: int = 0) -> None:
    """Let what waits for its time be due in so many seconds."""
    with server.connect(database) as connection:
        connection.execute(
            f"UPDATE {table} SET {column} = clock_timestamp() + interval '{seconds} s' WHERE {which}".encode()
        )


def pay_by_hand(server: Server, session: str) -> None:
    """Let somebody at the bank pay a refund that was declined, and tell of it."""
    with server.connect("payment") as connection:
        connection.execute("SET search_path = bank")
        connection.execute("UPDATE refunds SET status = 'SUCCEEDED' WHERE session_id = %s", [session])
        connection.execute(
            "INSERT INTO ledger (session_id, kind, amount, currency, refund_id)"
            " SELECT s.id, 'REFUND', -r.amount, s.currency, r.id"
            " FROM sessions s JOIN refunds r ON r.session_id = s.id WHERE s.id = %s",
            [session],
        )
        connection.execute("UPDATE sessions SET refunded_amount = amount WHERE id = %s", [session])
        connection.execute(
            """
            INSERT INTO deliveries (id, session_id, type, payload)
            SELECT 'evt_by_hand', s.id, 'refund.succeeded', convert_to(json_build_object(
                'type', 'refund.succeeded', 'timestamp', to_char(now(), 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                'data', json_build_object('payment_id', s.payment_id, 'session_id', s.id, 'amount', r.amount,
                    'currency', s.currency, 'refund_id', r.id))::text, 'UTF8')
            FROM sessions s JOIN refunds r ON r.session_id = s.id WHERE s.id = %s
            """,
            [session],
        )
