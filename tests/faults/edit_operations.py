"""The plays of the crash grid about shows whose prices are set anew, or whose seats are blocked, while something of
the show is under way: nobody pays another price than before, and nobody gets a blocked seat late."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import wraps

from tests.faults.cancellation_operations import OPERATIONS
from tests.faults.operations import operation
from tests.faults.world import NEAR, World
from tests.system.client import PRICES, Show, new_user, ok
from tests.system.databases import money

__all__ = ["OPERATIONS"]

Edited = Callable[[World, str], AsyncIterator[None]]
EDITS = ("prices", "block")


def while_edited(play: Edited) -> Edited:
    """Have a play for each kind of edit."""
    for edit in EDITS:

        @wraps(play)
        def of_edit(world: World, edit: str = edit) -> AsyncIterator[None]:
            return play(world, edit)

        of_edit.__name__ = f"{play.__name__}_while_{edit}"
        operation(of_edit)
    return play


async def edited(world: World, show: Show, edit: str) -> None:
    """Set the prices of a show anew, or block its first two seats."""
    if edit == "block":
        body = {"showSeatIds": show.seats[:2], "reason": "A camera stands there."}
        ok(await world.request("POST", f"shows/{show.id}/block-seats", body))
    else:
        prices = [{"tier": tier, "price": price + 1} for tier, price in PRICES.items()]
        ok(await world.request("PUT", f"shows/{show.id}/prices", {"prices": prices}))


def freed(edit: str) -> str:
    """Return what one of the seats is once nobody has it."""
    return "BLOCKED" if edit == "block" else "AVAILABLE"


@while_edited
async def hold_kept(world: World, edit: str) -> AsyncIterator[None]:
    show, user = await world.client.make_show(), new_user()
    seats = show.seats[:2]
    yield
    body = {"showId": show.id, "userId": user, "showSeatIds": seats}
    held = ok(await world.request("POST", "bookings/hold-seats", body))
    await edited(world, show, edit)
    again = ok(await world.request("POST", "bookings/hold-seats", body))
    yield
    assert held["totalAmount"] == again["totalAmount"] == show.price(seats)
    assert world.statuses(seats) == {"HELD"}


@while_edited
async def capture_in_time(world: World, edit: str) -> AsyncIterator[None]:
    show = await world.client.make_show()
    booking = await world.client.booked(show, new_user(), show.seats[:2])
    session = await world.client.session(booking)
    yield
    await world.pay(session)
    await edited(world, show, edit)
    yield
    assert (world.state(booking), world.statuses(show.seats[:2])) == ("CONFIRMED", {"BOOKED"})
    assert money(world.stack.server, booking["id"]) == show.price(show.seats[:2])


@while_edited
async def capture_late(world: World, edit: str) -> AsyncIterator[None]:
    """The booking expires, the show is edited, and then the money comes."""
    world.set_clocks("-16 minutes")
    try:
        show = await world.client.make_show()
        booking = await world.client.booked(show, new_user(), show.seats[:2])
        session = await world.client.session(booking)
        world.set_clocks(None, ["inventory", "booking"])
        await world.until_state(booking, "EXPIRED")
        await world.rest()
        yield
        await edited(world, show, edit)
        await world.pay(session)
        await world.rest(hurry=True)
    finally:
        world.set_clocks(None)
    yield
    bought = edit == "prices"
    assert world.state(booking) == ("CONFIRMED" if bought else "EXPIRED")
    assert world.statuses(show.seats[:2]) == {"BOOKED" if bought else "BLOCKED"}
    assert money(world.stack.server, booking["id"]) == (show.price(show.seats[:2]) if bought else 0)


@while_edited
async def part_refunded(world: World, edit: str) -> AsyncIterator[None]:
    show = await world.client.make_show(starts_in=NEAR)
    booking = await world.client.confirmed(show, new_user(), show.seats[:2])
    await world.rest()
    body = {"userId": booking["userId"], "showSeatIds": show.seats[:1]}
    yield
    part = await world.send("POST", f"payments/refund/{booking['id']}", body)
    await edited(world, show, edit)
    yield
    assert (world.state(booking), world.statuses(show.seats[1:2])) == ("CONFIRMED", {"BOOKED"})
    assert world.statuses(show.seats[:1]) == {freed(edit)}
    left = show.price(show.seats[:2]) - show.price(show.seats[:1]) * 50 // 100
    assert (part["refundPercentage"], money(world.stack.server, booking["id"])) == (50, left)


@while_edited
async def expiry(world: World, edit: str) -> AsyncIterator[None]:
    world.set_clocks("-20 minutes", ["inventory", "booking"])
    try:
        show = await world.client.make_show()
        booking = await world.client.booked(show, new_user(), show.seats[:2])
        yield
    finally:
        world.set_clocks(None, ["inventory", "booking"])
    await edited(world, show, edit)
    await world.until_state(booking, "EXPIRED")
    yield
    assert world.statuses(show.seats[:2]) == {freed(edit)}
    assert money(world.stack.server, booking["id"]) == 0
