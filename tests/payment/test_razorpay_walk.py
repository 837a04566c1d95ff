"""The walk through Razorpay: a stack of its own whose payments go to a stand-in; all of it over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from audit import audit
from stack.launcher import Stack
from stack.services import API
from storm.razorpay import StandIn, environment
from storm.razorpay_server import razorpay
from tests.patience import eventually
from tests.stacks import started
from tests.system.client import Client, Json, Show, new_user, ok
from tests.system.conftest import opened_client


@dataclass
class World:
    """A stack, the API, and Razorpay."""

    stack: Stack
    client: Client
    razorpay: StandIn
    show: Show

    async def begun(self, seat: int) -> tuple[Json, Json]:
        """Return a booking of a seat, and its payment as it was initiated."""
        booking = await self.client.booked(self.show, new_user(), self.show.seats[seat : seat + 1])
        return booking, ok(await self.client.initiate(booking))

    async def paid(self, seat: int) -> tuple[Json, Json]:
        booking, initiated = await self.begun(seat)
        self.razorpay.pay(initiated["paymentId"])
        event = self.razorpay.link_event("payment_link.paid", initiated["paymentId"])
        assert await self.razorpay.tell(event) == 200
        return await self.client.until(booking["id"], "CONFIRMED"), initiated


@asynccontextmanager
async def opened() -> AsyncIterator[World]:
    async with razorpay() as stand_in:
        environments = {
            "payment": environment(stand_in) | {"POLL_FIRST_SECONDS": "1", "POLL_MAX_SECONDS": "2"},
            "identity": {"ATTEMPTS_PER_ADDRESS": "1000000"},
        }
        running = started(auth="on", environments=environments)
        stack = await asyncio.to_thread(running.__enter__)
        try:
            async with opened_client(stack) as client, httpx.AsyncClient(trust_env=False) as http:

                async def post(body: bytes, headers: dict[str, str]) -> int:
                    url = f"{stack.public_url}{API}/payments/webhooks/razorpay"
                    return (await http.post(url, content=body, headers=headers)).status_code

                stand_in.post = post
                await client.healthy()
                yield World(stack, client, stand_in, await client.make_show())
                await asyncio.to_thread(in_order, stack)
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)


def in_order(stack: Stack) -> None:
    """Fail unless the stack's books are in order, at rest."""
    audit.rest(stack.server.url, audit.REST_SECONDS)
    assert not (broken := audit.look(stack.server.url).broken), "\n".join(map(str, broken))


async def test_every_scenario_of_the_walk_through_razorpay() -> None:
    async with opened() as world:
        await pays_and_comes_back(world)
        await fails_then_pays(world)
        await no_webhook_ever_tells(world)
        await duplicates_and_disorder(world)
        await lies(world)
        await late_money(world)
        await refunds(world)


async def pays_and_comes_back(world: World) -> None:
    booking, initiated = await world.begun(0)
    payment_id = initiated["paymentId"]
    assert initiated["paymentUrl"].startswith("https://rzp.io/")
    link = world.razorpay.link_of(payment_id)
    assert link["callback_url"] == f"{world.stack.public_url}{API}/payments/return/{payment_id}"
    world.razorpay.pay(payment_id)
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(link["callback_url"], params=world.razorpay.returns_with(payment_id))
        assert answer.status_code == 303
        await world.client.until(booking["id"], "CONFIRMED")
        page = await http.get(answer.headers["location"])
        assert page.status_code == 200
        assert 'data-status="CONFIRMED"' in page.text
        forged = await http.get(link["callback_url"], params={"razorpay_signature": "0" * 64})
        assert forged.status_code == 401


async def fails_then_pays(world: World) -> None:
    booking, initiated = await world.begun(1)
    failed = world.razorpay.fail(initiated["paymentId"])
    assert await world.razorpay.tell(world.razorpay.event("payment.failed", payment=failed)) == 200
    assert (await world.client.booking(booking["id"]))["status"] == "PENDING"
    again = ok(await world.client.initiate(booking))
    assert again["paymentUrl"] == initiated["paymentUrl"]
    world.razorpay.pay(initiated["paymentId"])
    await world.client.until(booking["id"], "CONFIRMED")


async def no_webhook_ever_tells(world: World) -> None:
    booking, initiated = await world.begun(2)
    payment = world.razorpay.pay(initiated["paymentId"])
    confirmed = await world.client.until(booking["id"], "CONFIRMED")
    assert confirmed["payment"]["gatewayPaymentId"] == payment["id"]
    assert confirmed["payment"]["method"] == "UPI"


async def duplicates_and_disorder(world: World) -> None:
    booking, initiated = await world.begun(3)
    payment_id = initiated["paymentId"]
    told = [world.razorpay.link_event(f"payment_link.{end}", payment_id) for end in ("cancelled", "expired")]
    world.razorpay.pay(payment_id)
    told += [world.razorpay.link_event("payment_link.paid", payment_id)] * 4 + told
    assert set(await asyncio.gather(*map(world.razorpay.tell, told))) == {200}
    await world.client.until(booking["id"], "CONFIRMED")


async def lies(world: World) -> None:
    booking, initiated = await world.begun(4)
    other, others = await world.begun(5)
    lie = world.razorpay.link_event("payment_link.paid", initiated["paymentId"])
    assert await world.razorpay.tell(lie) == 200
    assert await world.razorpay.tell(lie, secret="another secret that is long") == 401
    half = world.razorpay.link_of(initiated["paymentId"]) | {"amount": 1}
    assert await world.razorpay.tell(world.razorpay.event("payment_link.paid", payment_link=half)) == 200
    for one in (booking, other):
        assert (await world.client.booking(one["id"]))["status"] == "PENDING"
    world.razorpay.pay(others["paymentId"])
    await world.client.until(other["id"], "CONFIRMED")
    # A booking that is called off takes its link along.
    ok(await world.client.cancel(booking))
    await eventually(lambda: cancelled(world, initiated["paymentId"]))


async def late_money(world: World) -> None:
    """Money that comes after the cancellation goes back in full."""
    booking, initiated = await world.begun(6)
    ok(await world.client.cancel(booking))
    await eventually(lambda: cancelled(world, initiated["paymentId"]))
    late = world.razorpay.pay(initiated["paymentId"])
    assert await world.razorpay.tell(world.razorpay.event("payment.captured", payment=late)) == 200
    await eventually(lambda: returned(world, late["id"], booking["totalAmount"]))
    assert (await world.client.booking(booking["id"]))["status"] == "CANCELLED"


async def refunds(world: World) -> None:
    booking, initiated = await world.paid(7)
    world.razorpay.moods.lose_answers = 1
    await world.client.refund(booking)
    world.razorpay.forget_keys()
    await world.client.until(booking["id"], "REFUNDED")
    [payment] = world.razorpay.link_of(initiated["paymentId"])["payments"]
    assert [one["amount"] for one in world.razorpay.refunds.values() if one["payment_id"] == payment["payment_id"]] == [
        booking["totalAmount"]
    ]


async def cancelled(world: World, payment_id: str) -> bool:
    return bool(world.razorpay.link_of(payment_id)["status"] == "cancelled")


async def returned(world: World, gateway_payment_id: str, amount: int) -> bool:
    made = [one["amount"] for one in world.razorpay.refunds.values() if one["payment_id"] == gateway_payment_id]
    return made == [amount]
