"""Crowds over two replicas that are killed: of a sold-out show that is cancelled while its last seats are being bought
and paid, and after one coupon, which is never used more often than it may be.

`CANCELLED_BUYERS=504 COUPON_BUYERS=5000 make test T=tests/stack/test_crowds.py` sends larger ones than CI does.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from itertools import cycle
from uuid import uuid4

import pytest

from audit import audit
from stack.launcher import Stack
from tests.patience import POLL_SECONDS, eventually, patient
from tests.stacks import started
from tests.system.client import Client, Json, Show, new_user, ok, refusal
from tests.system.conftest import opened_client
from tests.system.databases import at_rest, money, set_clock, value
from tests.system.test_payment import expire_due

SHOW_BUYERS = int(os.environ.get("CANCELLED_BUYERS", "96"))
SEATS_PER_ROW = SHOW_BUYERS // 3
"""In three rows: each buyer wants one seat."""
SHOW_AT_ONCE = 32
SOLD = SHOW_BUYERS * 5 // 6
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

COUPON_BUYERS = int(os.environ.get("COUPON_BUYERS", "180"))
COUPON_AT_ONCE = 48
LIMIT = min(COUPON_BUYERS // 4, 100)
SHOWS = 4
"""Of 300 seats each: fewer buyers get a seat than come, and all of the coupon's are among them."""

USES = "SELECT count(*) FROM bookings WHERE coupon_code = 'CROWD' AND state NOT IN ('CANCELLED', 'EXPIRED', 'REFUNDED')"


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


# --- A show that is cancelled


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
    seats, server, kept = list(show.seats), stack.server, int(value(stack.server, "payment", KEPT))

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

    await asyncio.gather(kill(), *(customer() for _ in range(SHOW_AT_ONCE)))

    async def is_done() -> bool:
        answer = await client.ask("GET", f"shows/{show.id}/cancellation")
        return answer.status_code == 200 and answer.json()["status"] == "DONE"

    await eventually(is_done, patient(180))
    await at_rest(server, patient(60))
    told = ok(await client.ask("GET", f"shows/{show.id}/cancellation"))
    assert (told["unsweptBookings"], told["refundingBookings"], told["stuckBookings"]) == (0, 0, 0)
    assert told["refundedBookings"] >= SOLD
    assert (count("booking", LEFT), count("inventory", CLAIMS), count("inventory", SEATS)) == (0, 0, 0)
    assert int(value(server, "payment", KEPT)) == kept
    assert [str(result) for result in (await asyncio.to_thread(audit.look, server.url)).broken] == []
    # Other shows go on.
    await client.confirmed(other, new_user(), other.seats[:1])


# --- A coupon


class Crowd:
    """Buyers, each of whom wants a seat at the coupon's price."""

    def __init__(self, client: Client, shows: list[Show]) -> None:
        self._client = client
        self._seats = cycle([(show, seat) for seat in range(300) for show in shows])
        self.booked: list[Json] = []
        self.refused: set[str] = set()

    async def buy(self) -> None:
        """Ask for a seat until there is an answer, under one key; some of those who have one give it up again."""
        show, number = next(self._seats)
        body = {
            "showId": show.id,
            "userId": new_user(),
            "showSeatIds": [show.seats[number]],
            "couponCode": "crowd",
            "idempotencyKey": str(uuid4()),
        }
        answer = await self._client.ask("POST", "bookings", body)
        while answer.status_code == 429:
            answer = await self._client.ask("POST", "bookings", body)
        if answer.status_code != 200:
            told = refusal(answer)
            self.refused.add(told.metadata.get("why_not", told.reason))
            return
        booking = ok(answer)
        if len(self.booked) % 4 == 3:
            ok(await self._client.cancel(booking))
        self.booked.append(booking)


async def _expired(stack: Stack, client: Client, show: Show) -> tuple[Json, str]:
    """Return a booking with the coupon whose time is up, and its session, which can still be paid."""
    for service in ("inventory", "booking", "payment", "bank"):
        set_clock(stack.server, service, "-16 minutes")
    body = {"showId": show.id, "userId": new_user(), "showSeatIds": show.seats[:1], "couponCode": "crowd"}
    booking = ok(await client.ask("POST", "bookings", body))
    session = await client.session(booking)
    for service in ("inventory", "booking"):
        set_clock(stack.server, service, None)
    await client.until(booking["id"], "EXPIRED")
    await expire_due(stack)

    async def is_given_back() -> bool:
        return bool(value(stack.server, "booking", USES) == 0)

    await eventually(is_given_back, patient(90))
    return booking, session


async def _pay_late(stack: Stack, client: Client, late: Json, session: str) -> None:
    """Pay for a booking whose use others have: the money goes back, once, and nothing revives it."""
    await client.pay(session)
    await client.until_payment(late["id"], "REFUNDED")
    for service in ("payment", "bank"):
        set_clock(stack.server, service, None)
    settled = "SELECT settlement FROM captures WHERE booking_id = %s"
    assert value(stack.server, "booking", settled, late["id"]) == "NO_TICKET"
    assert (await client.booking(late["id"]))["status"] == "EXPIRED"
    assert money(stack.server, late["id"]) == 0
    refunds = "SELECT count(*) FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.booking_id = %s"
    assert value(stack.server, "payment", refunds, late["id"]) == 1
    assert value(stack.server, "booking", USES) == LIMIT


async def _rush(stack: Stack, crowd: Crowd) -> list[int]:
    """Let all buyers come, while replicas are killed; return the coupon's uses as seen meanwhile."""
    seen, over = list[int](), asyncio.Event()

    async def buy() -> None:
        while len(waiting) > 0:
            waiting.pop()
            await crowd.buy()

    async def look() -> None:
        while not over.is_set():
            seen.append(await asyncio.to_thread(value, stack.server, "booking", USES))
            await asyncio.sleep(POLL_SECONDS)

    async def kill() -> None:
        for number in range(4):
            left = COUPON_BUYERS * (4 - number) // 5

            async def reached(left: int = left) -> bool:
                return len(waiting) <= left

            await eventually(reached, patient(120 + COUPON_BUYERS // 5))
            await asyncio.to_thread(stack.kill, ("booking", "booking-2")[number % 2])

    waiting = list(range(COUPON_BUYERS))
    looking = asyncio.ensure_future(look())
    await asyncio.gather(kill(), *(buy() for _ in range(COUPON_AT_ONCE)))
    over.set()
    await looking
    return seen


@pytest.mark.timeout(120 + COUPON_BUYERS // 5)
async def test_a_coupon_is_never_used_more_often_than_it_may_be_and_all_who_pay_keep_theirs(
    stack: Stack, client: Client
) -> None:
    shows = [await client.make_show(seats_per_row=100) for _ in range(SHOWS)]
    terms = {"kind": "PERCENTAGE", "percentage": 10, "maxUses": LIMIT}
    coupon = ok(await client.ask("POST", "coupons", {"code": "crowd", "terms": terms}))
    late, session = await _expired(stack, client, await client.make_show())
    crowd = Crowd(client, shows)
    seen = await _rush(stack, crowd)
    assert max(seen) <= LIMIT
    assert crowd.refused <= {"USED_UP", "SEATS_UNAVAILABLE"}

    async def none_under_way() -> bool:
        query = "SELECT count(*) FROM bookings WHERE state = 'RESERVING'"
        return bool(value(stack.server, "booking", query) == 0)

    await eventually(none_under_way, patient(30))
    # What came free in the end is taken too; then all who have one pay.
    while value(stack.server, "booking", USES) < LIMIT:
        await crowd.buy()
    await _pay_late(stack, client, late, session)
    pending = [one for one in crowd.booked if (await client.booking(one["id"]))["status"] == "PENDING"]
    assert len(pending) == LIMIT
    for number in range(0, LIMIT, 10):
        await asyncio.gather(*(pay(client, booking) for booking in pending[number : number + 10]))
    states = "SELECT count(*) FROM bookings WHERE coupon_code = 'CROWD' AND state = 'CONFIRMED'"
    assert value(stack.server, "booking", states) == LIMIT
    assert ok(await client.ask("GET", f"coupons/{coupon['id']}"))["uses"] == LIMIT


async def pay(client: Client, booking: Json) -> None:
    await client.pay(await client.session(booking))
    await client.until(booking["id"], "CONFIRMED")
