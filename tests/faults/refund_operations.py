"""The plays of the crash grid about refunds, beside those of operations.py: with both, OPERATIONS is whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

from tests.faults.operations import OPERATIONS, operation
from tests.faults.world import FAR, NEAR, World
from tests.system.databases import money

__all__ = ["OPERATIONS"]


@operation
async def refund(world: World) -> AsyncIterator[None]:
    async for _ in _refunded(world, 100, FAR):
        yield


@operation
async def refund_half(world: World) -> AsyncIterator[None]:
    async for _ in _refunded(world, 50, NEAR):
        yield


@operation
async def refund_that_fails_at_first(world: World) -> AsyncIterator[None]:
    async for _ in _refunded(world, 100, FAR, "pm_fail_refund_1"):
        yield


@operation
async def refund_by_parts(world: World) -> AsyncIterator[None]:
    """One seat of two, then what is left."""
    booking = await world.confirmed(NEAR)
    yield
    first, second = (seat["id"] for seat in booking["seats"])
    path = f"payments/refund/{booking['id']}"
    part = await world.send("POST", path, {"userId": booking["userId"], "showSeatIds": [first]})
    rest = await world.send("POST", path, {"userId": booking["userId"]})
    yield
    assert part["refundId"] != rest["refundId"]
    assert part["refundAmount"] + rest["refundAmount"] == booking["totalAmount"] // 2
    assert world.state(booking) == "REFUNDED"
    assert world.statuses([first, second]) == {"AVAILABLE"}
    assert money(world.stack.server, booking["id"]) == booking["totalAmount"] - booking["totalAmount"] // 2


@operation
async def refund_of_a_seat_that_fails_at_first(world: World) -> AsyncIterator[None]:
    booking = await world.confirmed(FAR, "pm_fail_refund_1")
    yield
    given, left = (seat["id"] for seat in booking["seats"])
    body = {"userId": booking["userId"], "showSeatIds": [given]}
    part = await world.send("POST", f"payments/refund/{booking['id']}", body)
    yield
    assert world.state(booking) == "CONFIRMED"
    assert (world.statuses([given]), world.statuses([left])) == ({"AVAILABLE"}, {"BOOKED"})
    assert money(world.stack.server, booking["id"]) == booking["totalAmount"] - part["refundAmount"]


@operation
async def refund_of_a_seat_that_sticks(world: World) -> AsyncIterator[None]:
    """The bank declines it for good: the seat is on sale again, and the money is known to be owed."""
    booking = await world.confirmed(FAR, "pm_refund_declined")
    given, left = (seat["id"] for seat in booking["seats"])
    yield
    body = {"userId": booking["userId"], "showSeatIds": [given]}
    part = await world.send("POST", f"payments/refund/{booking['id']}", body)
    yield
    assert part["status"] == "PROCESSING"
    assert world.state(booking) == "CONFIRMED"
    assert (world.statuses([given]), world.statuses([left])) == ({"AVAILABLE"}, {"BOOKED"})
    assert money(world.stack.server, booking["id"]) == booking["totalAmount"]


@operation
async def refund_of_a_seat_that_was_paid_late(world: World) -> AsyncIterator[None]:
    """The money comes after the booking's time; as soon as there are tickets, one of them is given back."""
    world.set_clocks("-16 minutes")
    try:
        booking = await world.pending()
        session = await world.client.session(booking)
        world.set_clocks(None, ["inventory", "booking"])
        await world.until_state(booking, "EXPIRED")
        await world.rest()
        given, left = (seat["id"] for seat in booking["seats"])
        yield
        await world.pay(session)
        await world.until_state(booking, "CONFIRMED")
        body = {"userId": booking["userId"], "showSeatIds": [given]}
        part = await world.send("POST", f"payments/refund/{booking['id']}", body)
        await world.rest(hurry=True)
    finally:
        world.set_clocks(None)
    yield
    assert world.state(booking) == "CONFIRMED"
    assert (world.statuses([given]), world.statuses([left])) == ({"AVAILABLE"}, {"BOOKED"})
    assert money(world.stack.server, booking["id"]) == booking["totalAmount"] - part["refundAmount"]


@operation
async def grant_refund(world: World) -> AsyncIterator[None]:
    booking = await world.confirmed(FAR)
    yield
    body = {"showSeatIds": [booking["seats"][0]["id"]], "percentage": 30, "reason": "The hall was too cold."}
    part = await world.send("POST", f"payments/refund/{booking['id']}/grant", body)
    yield
    assert part["refundAmount"] == booking["seats"][0]["price"] * 30 // 100
    assert world.state(booking) == "CONFIRMED"
    assert money(world.stack.server, booking["id"]) == booking["totalAmount"] - part["refundAmount"]


async def _refunded(
    world: World, percentage: int, starts_in: timedelta, method: str = "pm_succeed"
) -> AsyncIterator[None]:
    booking = await world.confirmed(starts_in, method)
    yield
    answer = await world.send("POST", f"payments/refund/{booking['id']}", {"userId": booking["userId"]})
    yield
    kept = booking["totalAmount"] - answer["refundAmount"]
    assert answer["refundPercentage"] == percentage
    assert answer["refundAmount"] == booking["totalAmount"] * percentage // 100
    assert world.state(booking) == "REFUNDED"
    assert world.seats(booking) == {"AVAILABLE"}
    assert money(world.stack.server, booking["id"]) == kept
