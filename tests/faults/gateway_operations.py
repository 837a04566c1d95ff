"""The play of the crash grid about two gateways: payment is started anew at another one while sessions are open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from storm.razorpay import environment
from storm.razorpay_customers import Customers
from tests.faults.account_operations import OPERATIONS
from tests.faults.operations import operation
from tests.faults.world import World
from tests.system.client import ok
from tests.system.databases import money, value

__all__ = ["OPERATIONS"]


async def _start_again(world: World, settings: Mapping[str, str]) -> None:
    """Stop payment and start it with other settings."""

    def restart() -> None:
        child = world.stack._running().child("payment")
        child.program = replace(child.program, environment={**child.program.environment, **settings})
        world.stack.restart("payment")

    await asyncio.to_thread(restart)
    await world.client.healthy()


@operation
async def settle_at_two_gateways(world: World) -> AsyncIterator[None]:
    """Each session is paid where it was opened, whichever gateway has the new ones by then."""
    at_bank, at_razorpay = await world.pending(), await world.pending()
    session, customers = await world.client.session(at_bank), Customers(world.razorpay, late_seconds=0)
    await _start_again(world, environment(world.razorpay))
    try:
        opened = ok(await world.client.initiate(at_razorpay))
        assert opened["paymentUrl"].startswith("https://"), "it is Razorpay's own page"
        assert await world.client.session(at_bank) == session
        yield
        await world.pay(session)
        await customers.pay(opened["sessionId"], "pm_succeed")
        await customers.told()
        for booking in (at_bank, at_razorpay):
            await world.until_state(booking, "CONFIRMED")
        yield
        assert world.seats(at_bank) == world.seats(at_razorpay) == {"BOOKED"}
        assert money(world.stack.server, at_bank["id"]) == at_bank["totalAmount"]
        query = "SELECT amount FROM payments WHERE booking_id = %s AND state = 'SUCCESS' AND gateway = 'razorpay'"
        assert value(world.stack.server, "payment", query, at_razorpay["id"]) == at_razorpay["totalAmount"]
    finally:
        await _start_again(world, {"PAYMENT_GATEWAY": "bank"})
