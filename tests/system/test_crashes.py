"""Any one process is killed while bookings are in every stage of their lives: all of them can be finished."""

import asyncio
from typing import Any

import httpx
import pytest

from audit import audit
from stack.launcher import Stack
from tests.system.client import TRANSIENT, Client, Json, Show, new_user, ok
from tests.system.databases import at_rest, money

PROCESSES = ("inventory", "booking", "payment", "bank", "gateway", "postgres")
IN_FLIGHT = 4


class Stages:
    """Bookings, each as far as its name says. Every user has seats of their own."""

    def __init__(self, client: Client, show: Show) -> None:
        self.client = client
        self.show = show
        self._seats = iter(show.seats)

    def some(self, count: int = 1) -> list[str]:
        return [next(self._seats) for _ in range(count)]

    async def prepare(self) -> None:
        """Bring each to its stage, one after the other; the last is paid for right before the accident."""
        client, show = self.client, self.show
        self.holder, self.held = new_user(), self.some(2)
        ok(await client.hold(show, self.holder, self.held))
        self.booked = await client.booked(show, new_user(), self.some(2))
        self.confirmed = await client.confirmed(show, new_user(), self.some(2))
        self.refunded = await client.confirmed(show, new_user(), self.some(2))
        ok(await client.refund(self.refunded))
        self.initiated = await client.booked(show, new_user(), self.some())
        self.session = await client.session(self.initiated)
        self.paying = [await client.booked(show, new_user(), self.some()) for _ in range(IN_FLIGHT)]
        self.sessions = [await client.session(booking) for booking in self.paying]
        self.cancelling = [await client.booked(show, new_user(), self.some()) for _ in range(IN_FLIGHT)]
        self.returning = [await client.confirmed(show, new_user(), self.some()) for _ in range(IN_FLIGHT)]
        self.orders = [self._order() for _ in range(IN_FLIGHT)]
        self.paid = await client.booked(show, new_user(), self.some(2))
        await client.pay(await client.session(self.paid))

    def _order(self) -> Json:
        return {
            "showId": self.show.id,
            "userId": new_user(),
            "showSeatIds": self.some(),
            "idempotencyKey": "order",
        }

    def requests(self) -> list[tuple[str, str, Json]]:
        """Return requests that may be repeated until they are answered."""
        return [
            *(("POST", f"payments/simulate/{session}", {"result": "SUCCESS"}) for session in self.sessions),
            *(
                ("PATCH", f"bookings/{booking['id']}/cancel", {"userId": booking["userId"], "idempotencyKey": "cancel"})
                for booking in self.cancelling
            ),
            *(
                ("POST", f"payments/refund/{booking['id']}", {"userId": booking["userId"], "idempotencyKey": "refund"})
                for booking in self.returning
            ),
            *(("POST", "bookings", order) for order in self.orders),
        ]

    async def finish(self, again: list[Json], first: list[httpx.Response | BaseException]) -> None:
        """See that nothing was lost, and go on with each to its end."""
        client, show = self.client, self.show
        for before, after in zip(first, again, strict=True):
            if isinstance(before, httpx.Response) and before.status_code == 200 and "refundAmount" not in after:
                assert before.json() == after, "what was answered before the accident is answered after it"
        assert await client.statuses(show.id, self.held, self.holder) == ["HELD_BY_ME"] * 2
        assert (await client.booking(self.booked["id"]))["status"] == "PENDING"
        assert (await client.booking(self.confirmed["id"]))["status"] == "CONFIRMED"

        from_hold = await client.booked(show, self.holder, self.held)
        await client.pay(await client.session(from_hold))
        await client.pay(await client.session(self.booked))
        assert await client.session(self.initiated) == self.session
        await client.pay(self.session)
        orders = again[-len(self.orders) :]
        for order in orders:
            listed = ok(await client.ask("GET", f"bookings/user/{order['userId']}"))["bookings"]
            assert [(one["id"], one["status"]) for one in listed] == [(order["id"], "PENDING")]
            await client.pay(await client.session(order))

        ends = {
            "CONFIRMED": [from_hold, self.booked, self.initiated, self.paid, self.confirmed, *self.paying, *orders],
            "CANCELLED": self.cancelling,
            "REFUNDED": [self.refunded, *self.returning],
        }
        for status, bookings in ends.items():
            await asyncio.gather(*(client.until(booking["id"], status) for booking in bookings))
        confirmed = ends["CONFIRMED"][0]
        ok(await client.refund(confirmed))
        await client.until(confirmed["id"], "REFUNDED")
        assert await client.statuses(show.id, self.held) == ["AVAILABLE"] * 2


@pytest.mark.parametrize("process", PROCESSES)
async def test_the_walk_goes_on_after_a_process_was_killed(stack: Stack, client: Client, process: str) -> None:
    show = await client.make_show(seats_per_row=12)
    stages = Stages(client, show)
    await stages.prepare()
    requests = stages.requests()
    pid = stack.pid(process)

    sent = [asyncio.create_task(client.ask(*request)) for request in requests]
    # Some of them are on their way by then, whichever; some may be answered.
    await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
    stack.kill(process)
    first: list[Any] = await asyncio.gather(*sent, return_exceptions=True)
    for answer in first:
        unanswered = isinstance(answer, httpx.TransportError) and process == "gateway"
        assert unanswered or answer.status_code in (200, 409, *TRANSIENT), answer

    await asyncio.to_thread(stack.wait_healthy, process)
    assert stack.pid(process) != pid
    await client.healthy()
    client.patient = True
    again = [ok(answer) for answer in await asyncio.gather(*(client.ask(*request) for request in requests))]
    await stages.finish(again, first)
    await at_rest(stack.server)
    for booking in [stages.paid, *stages.paying]:
        assert money(stack.server, booking["id"]) == booking["totalAmount"]
    for booking in [*stages.cancelling, *stages.returning]:
        assert money(stack.server, booking["id"]) == 0
    faults = audit.look(stack.server.url).broken
    assert not faults, "\n".join(map(str, faults))


async def test_a_restart_of_everything_keeps_everything(stack: Stack, client: Client, show: Show) -> None:
    holder, held = new_user(), show.seats[:2]
    hold = ok(await client.hold(show, holder, held))
    pending = await client.booked(show, new_user(), show.seats[2:4])
    session = await client.session(pending)
    confirmed = await client.confirmed(show, new_user(), show.seats[4:6])
    refunded = await client.confirmed(show, new_user(), show.seats[6:8])
    ok(await client.refund(refunded))
    await client.until(refunded["id"], "REFUNDED")
    cancelled = await client.booked(show, new_user(), show.seats[8:10])
    ok(await client.cancel(cancelled))
    await at_rest(stack.server)
    bookings = (pending, confirmed, refunded, cancelled)
    before = [await client.booking(booking["id"]) for booking in bookings]
    seats = (await client.seat_map(show.id, holder))["seats"]
    demo = stack.demo.shows

    # From the thread that will stay: the processes end with the one that started them.
    stack.stop()
    stack.start()
    await client.healthy()

    assert [await client.booking(booking["id"]) for booking in bookings] == before
    assert [booking["status"] for booking in before] == ["PENDING", "CONFIRMED", "REFUNDED", "CANCELLED"]
    assert (await client.seat_map(show.id, holder))["seats"] == seats
    assert [one["status"] for one in seats[:3]] == ["HELD_BY_ME", "HELD_BY_ME", "BOOKED"]
    assert stack.demo.shows == demo
    # And it goes on where it was.
    assert ok(await client.hold(show, holder, held))["expiresAt"] == hold["expiresAt"]
    await client.booked(show, holder, held)
    assert (await client.pay(session))["status"] == "CAPTURED"
    await client.until(pending["id"], "CONFIRMED")
