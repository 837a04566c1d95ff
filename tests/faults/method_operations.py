"""The plays of the crash grid about how people pay: a code for a card, an app that waits, a bank that confirms late."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tests.faults.edit_operations import OPERATIONS
from tests.faults.operations import operation
from tests.faults.world import World
from tests.system.client import Json
from tests.system.databases import money

__all__ = ["OPERATIONS"]


def _bought(world: World, booking: Json) -> None:
    assert (world.state(booking), world.seats(booking)) == ("CONFIRMED", {"BOOKED"})
    assert money(world.stack.server, booking["id"]) == booking["totalAmount"]


@operation
async def settle_a_card_with_its_code(world: World) -> AsyncIterator[None]:
    booking = await world.pending()
    session = await world.client.session(booking)
    assert (await world.pay(session, "card_3ds"))["awaits"] == "CODE"
    yield
    assert (await world.pay(session, "card_3ds", "123456"))["status"] == "CAPTURED"
    yield
    _bought(world, booking)


@operation
async def confirm_late_by_netbanking(world: World) -> AsyncIterator[None]:
    """The bank decides a payment under way after the booking's time, and the seats are free."""
    world.set_clocks("-21 minutes")
    try:
        booking = await world.pending()
        assert (await world.pay(await world.client.session(booking), "netbanking_late"))["awaits"] == "BANK"
        world.set_clocks(None, ["inventory", "booking"])
        await world.until_state(booking, "EXPIRED")
        await world.rest()
        yield
    finally:
        world.set_clocks(None)
    await world.until_state(booking, "CONFIRMED")
    yield
    _bought(world, booking)


@operation
async def approve_in_the_app(world: World) -> AsyncIterator[None]:
    """A request waits in the customer's UPI app; its approval comes while the bank's clock has been moved."""
    booking = await world.pending()
    session = await world.client.session(booking)
    world.set_clocks("-1 minutes", ["bank"])
    try:
        yield
        answer = await world.pay(session, "upi_succeed")
        assert answer["status"] == "CAPTURED" or answer["awaits"] == "APPROVAL", "who asks again may find it approved"
    finally:
        world.set_clocks(None, ["bank"])
    await world.until_state(booking, "CONFIRMED")
    yield
    _bought(world, booking)
