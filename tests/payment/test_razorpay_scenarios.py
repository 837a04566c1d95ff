"""Every behaviour of the sandbox's bank, played through Razorpay's stand-in: a stack of its own, all of it over HTTP.

Then money that comes past every time, and another gateway while payments are open.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from services.bank.domain.scenarios import SCENARIOS
from services.payment.refunds.statements import REDRIVE
from stack.launcher import Stack
from storm.razorpay_customers import BEHAVIOURS, Behaviour, Customers
from tests.patience import eventually
from tests.payment.test_razorpay_walk import World, in_order, opened, returned
from tests.system.client import Json, new_user, ok
from tests.system.databases import at_rest, later, rows

AN_HOUR = 3600.0
DUE = "UPDATE refunds SET next_attempt_at = clock_timestamp() WHERE state = 'REQUESTED'"


async def test_every_behaviour_of_the_sandbox_is_played_at_razorpay() -> None:
    assert BEHAVIOURS.keys() == SCENARIOS.keys()
    async with opened() as world:
        world.show = await world.client.make_show(seats_per_row=20)
        customers = Customers(world.razorpay, late_seconds=1.0)
        begun = {name: await world.begun(seat) for seat, name in enumerate(BEHAVIOURS)}
        await asyncio.gather(*(customers.pay(begun[name][1]["sessionId"], name) for name in BEHAVIOURS))
        await asyncio.gather(*(outcome(world, customers, name, *begun[name]) for name in BEHAVIOURS))
        await refunds(world, {name: begun[name][0] for name in BEHAVIOURS})
        await customers.told()
        await past_every_time(world)
        await switched(world)


async def outcome(world: World, customers: Customers, name: str, booking: Json, initiated: Json) -> None:
    """See that what was paid is a ticket, and that a decline ends nothing: the customer pays on the same page."""
    behaviour: Behaviour = BEHAVIOURS[name]
    if not behaviour.pays:
        assert (await world.client.booking(booking["id"]))["status"] == "PENDING", name
        again = ok(await world.client.initiate(booking))
        assert again["paymentUrl"] == initiated["paymentUrl"], name
        await customers.pay(initiated["sessionId"], name if name == "pm_decline_then_succeed" else "pm_succeed")
    confirmed = await world.client.until(booking["id"], "CONFIRMED")
    if behaviour.pays:
        assert confirmed["payment"]["method"] == behaviour.method.upper(), name


async def refunds(world: World, bookings: dict[str, Json]) -> None:
    """Refunds that are refused at first are made in the end, and those that are refused for good are stuck."""
    server = world.stack.server
    for name in ("pm_succeed", "pm_fail_refund_1", "pm_fail_refund_3", "pm_refund_declined"):
        await world.client.refund(bookings[name])

    async def made() -> bool:
        with server.connect("payment") as connection:
            connection.execute(DUE.encode())
        stuck = rows(server, "payment", "SELECT amount FROM refunds WHERE state = 'STUCK'")
        return len(world.razorpay.refunds) == 3 and len(stuck) == 1

    await eventually(made)
    for name in ("pm_succeed", "pm_fail_refund_1", "pm_fail_refund_3"):
        await world.client.until(bookings[name]["id"], "REFUNDED")
    declined = await world.client.booking(bookings["pm_refund_declined"]["id"])
    assert (declined["status"], declined["refund"]["completed"]) == ("CONFIRMED", False)
    # What stood in its way is gone, and somebody says so.
    world.razorpay.never_refunded.clear()
    with server.connect("payment") as connection:
        connection.execute(REDRIVE.encode())

    async def all_made() -> bool:
        return len(world.razorpay.refunds) == 4

    await eventually(all_made)
    with server.connect("booking") as connection:
        connection.execute("UPDATE booking_refunds SET lease_until = boxoffice_clock() WHERE state = 'PROCESSING'")
    await world.client.until(declined["id"], "REFUNDED")


async def past_every_time(world: World) -> None:
    """Money that comes after the booking's time is a ticket if its seats are free, and else goes back in full."""
    customers = Customers(world.razorpay, late_seconds=AN_HOUR)
    (free, first), (sold, second) = await world.begun(30), await world.begun(31)
    for initiated, name in ((first, "pm_late"), (second, "netbanking_late")):
        await customers.pay(initiated["sessionId"], name)
    async with later(world.stack.server, "21 minutes", "inventory", "booking"):
        for booking in (free, sold):
            assert (await world.client.booking(booking["id"]))["status"] == "EXPIRED"
        rival = await world.client.booked(world.show, new_user(), world.show.seats[31:32])
        await customers.finish_late()
        await world.client.until(free["id"], "CONFIRMED")
        [late] = world.razorpay.link_of(second["paymentId"])["payments"]
        await eventually(lambda: returned(world, late["payment_id"], sold["totalAmount"]))
        assert (await world.client.booking(sold["id"]))["status"] == "EXPIRED"
        ok(await world.client.cancel(rival))


async def switched(world: World) -> None:
    """Payment is started anew at another gateway, and back, while sessions of both are open: each stays at its own."""
    customers = Customers(world.razorpay, late_seconds=0)
    at_razorpay = [await world.begun(seat) for seat in (40, 41)]
    await start_again(world.stack, "bank")
    at_bank = [await world.begun(seat) for seat in (42, 43)]
    assert all("fake-checkout" in initiated["paymentUrl"] for _, initiated in at_bank)
    again = ok(await world.client.initiate(at_razorpay[0][0]))
    assert again["paymentUrl"] == at_razorpay[0][1]["paymentUrl"]
    await customers.pay(at_razorpay[0][1]["sessionId"], "pm_duplicate")
    await world.client.pay(at_bank[0][1]["sessionId"])
    await start_again(world.stack, "razorpay")
    await customers.pay(at_razorpay[1][1]["sessionId"], "pm_never_answer")
    await world.client.pay(at_bank[1][1]["sessionId"])
    for booking, _ in (*at_razorpay, *at_bank):
        await world.client.until(booking["id"], "CONFIRMED")
    made = len(world.razorpay.refunds)
    for booking, _ in (at_razorpay[0], at_bank[0]):
        await world.client.refund(booking)
        await world.client.until(booking["id"], "REFUNDED")
    assert len(world.razorpay.refunds) == made + 1
    await at_rest(world.stack.server)
    await asyncio.to_thread(in_order, world.stack)


async def start_again(stack: Stack, gateway: str) -> None:
    """Stop payment and start it with another gateway for new payments."""

    def restart() -> None:
        child = stack._running().child("payment")
        child.program = replace(child.program, environment={**child.program.environment, "PAYMENT_GATEWAY": gateway})
        stack.restart("payment")

    await asyncio.to_thread(restart)
