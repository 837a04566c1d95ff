"""A sold-out show is cancelled while its last seats are being bought and paid, over two replicas that are killed.

`CANCELLED_BUYERS=504 make test T=tests/stack/test_cancelled_show.py` sells a larger one than CI does.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from uuid import uuid4

import pytest

from audit import audit
from stack.launcher import Stack
from tests.patience import eventually, patient
from tests.stacks import started
from tests.system.client import Client, Show, new_user, ok
from tests.system.conftest import opened_client
from tests.system.databases import at_rest, value

BUYERS = int(os.environ.get("CANCELLED_BUYERS", "96"))
SEATS_PER_ROW = BUYERS // 3
"""In three rows: each buyer wants one seat."""
AT_ONCE = 32
SOLD = BUYERS * 5 // 6
"""After how many tickets the show is cancelled: the last seats are on their ways then."""

TICKETS = "SELECT count(*) FROM bookings WHERE show_id = %s AND state = 'CONFIRMED'"
LEFT = "SELECT count(*) FROM bookings WHERE show_id = %s AND state NOT IN ('REFUNDED', 'CANCELLED', 'EXPIRED')"
CLAIMS = "SELECT count(*) FROM reservations WHERE show_id = %s AND state IN ('RESERVED', 'CONFIRMED')"
SEATS = "SELECT count(*) FROM show_seats WHERE show_id = %s AND status <> 'AVAILABLE'"
KEPT = """
    SELECT coalesce(sum(l.amount), 0) FROM bank.ledger l JOIN bank.sessions s ON s.id = l.session_id
    JOIN payments p ON p.id = s.payment_id
"""
VICTIMS = ("booking", "inventory-2", "booking-2", "payment", "inventory", "booking")


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with started(replicas=2, auth="off", steady_seconds=0.0) as stack:
        yield stack


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[Client]:
    async with opened_client(stack) as client:
        await client.healthy()
        client.patient = True
        yield client


async def buy(client: Client, show: Show, seat: str) -> None:
    """Buy a seat, as far as one gets."""
    user = new_user()
    body = {"showId": show.id, "userId": user, "showSeatIds": [seat], "idempotencyKey": str(uuid4())}
    booked = await client.ask("POST", "bookings", body)
    if booked.status_code != 200:
        return
    initiated = await client.initiate(booked.json(), headers={"Idempotency-Key": str(uuid4())})
    if initiated.status_code == 200:
        method = {"paymentMethod": "pm_succeed"}
        await client.ask("POST", f"payments/simulate/{initiated.json()['sessionId']}", method)


async def test_a_sold_out_show_leaves_no_ticket_and_no_money_when_it_is_cancelled(stack: Stack, client: Client) -> None:
    show, other = await client.make_show(seats_per_row=SEATS_PER_ROW), await client.make_show()
    seats, server = list(show.seats), stack.server

    def count(service: str, query: str) -> int:
        return int(value(server, service, query, show.id))

    async def customer() -> None:
        while seats:
            with suppress(AssertionError):  # whoever is killed at the wrong moment has not answered
                await buy(client, show, seats.pop())

    async def cancel() -> None:
        async def is_sold() -> bool:
            return await asyncio.to_thread(count, "booking", TICKETS) >= SOLD

        await eventually(is_sold, patient(300))
        answers = await asyncio.gather(*(client.cancel_show(show, f"Reason {number}") for number in range(2)))
        assert len({answer["reason"] for answer in answers}) == 1

    async def kill() -> None:
        await cancel()
        for victim in VICTIMS:
            before = await asyncio.to_thread(count, "booking", LEFT)
            await asyncio.to_thread(stack.kill, victim)

            async def went_on(before: int = before) -> bool:
                left = await asyncio.to_thread(count, "booking", LEFT)
                return left == 0 or left < before

            await eventually(went_on, patient(120))
            # The next one is killed when there are two of all again.
            await asyncio.to_thread(stack.wait_healthy, victim)

    await asyncio.gather(kill(), *(customer() for _ in range(AT_ONCE)))

    async def is_done() -> bool:
        answer = await client.ask("GET", f"shows/{show.id}/cancellation")
        return answer.status_code == 200 and answer.json()["status"] == "DONE"

    await eventually(is_done, patient(180))
    await at_rest(server, patient(60))
    told = ok(await client.ask("GET", f"shows/{show.id}/cancellation"))
    assert (told["unsweptBookings"], told["refundingBookings"], told["stuckBookings"]) == (0, 0, 0)
    assert told["refundedBookings"] >= SOLD
    assert (count("booking", LEFT), count("inventory", CLAIMS), count("inventory", SEATS)) == (0, 0, 0)
    assert int(value(server, "payment", KEPT)) == 0
    assert [str(result) for result in (await asyncio.to_thread(audit.look, server.url)).broken] == []
    # Other shows go on.
    await client.confirmed(other, new_user(), other.seats[:1])
