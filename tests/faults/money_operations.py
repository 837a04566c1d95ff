"""The plays of the crash grid about what is paid: coupons and free bookings. With all others, OPERATIONS is whole."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tests.faults.operations import operation
from tests.faults.reschedule_operations import OPERATIONS
from tests.faults.world import World
from tests.system.client import Json, new_user, ok
from tests.system.databases import money, value

__all__ = ["OPERATIONS"]

USES = "SELECT count(*) FROM bookings WHERE coupon_code = %s AND state NOT IN ('CANCELLED', 'EXPIRED', 'REFUNDED')"
PAYMENTS = "SELECT count(*) FROM payments WHERE booking_id = %s"


async def _coupon(world: World, percentage: int) -> str:
    """Create a coupon for one use; return its code."""
    code = f"GRID{new_user().replace('-', '')[:20]}".upper()
    terms = {"kind": "PERCENTAGE", "percentage": percentage, "maxUses": 1}
    ok(await world.client.ask("POST", "coupons", {"code": code, "terms": terms}))
    return code


async def _wish(world: World, code: str) -> Json:
    show, seats = await world.some()
    return {"showId": show.id, "userId": new_user(), "showSeatIds": seats, "couponCode": code}


def _uses(world: World, code: str) -> int:
    return int(value(world.stack.server, "booking", USES, code))


def _events(world: World, booking: Json) -> list[str]:
    query = "SELECT array_agg(kind ORDER BY id) FROM topic_events WHERE key = %s"
    found: list[str] = value(world.stack.server, "booking", query, booking["id"])
    return found


@operation
async def book_for_free(world: World) -> AsyncIterator[None]:
    code = await _coupon(world, 100)
    wish = await _wish(world, code)
    yield
    booking = await world.send("POST", "bookings", wish)
    yield
    assert (booking["status"], booking["finalAmount"], world.state(booking)) == ("CONFIRMED", 0, "CONFIRMED")
    assert world.seats(booking) == {"BOOKED"}
    assert _events(world, booking) == ["CREATED", "CONFIRMED"]
    assert value(world.stack.server, "payment", PAYMENTS, booking["id"]) == 0
    assert _uses(world, code) == 1


@operation
async def give_back_what_was_free(world: World) -> AsyncIterator[None]:
    code = await _coupon(world, 100)
    booking = ok(await world.client.ask("POST", "bookings", await _wish(world, code)))
    yield
    answer = await world.send("POST", f"payments/refund/{booking['id']}", {"userId": booking["userId"]})
    yield
    assert (answer["refundAmount"], answer["refundPercentage"]) == (0, 100)
    assert (world.state(booking), world.seats(booking)) == ("REFUNDED", {"AVAILABLE"})
    assert value(world.stack.server, "payment", PAYMENTS, booking["id"]) == 0
    assert _uses(world, code) == 0


@operation
async def use_a_coupon(world: World) -> AsyncIterator[None]:
    code = await _coupon(world, 10)
    wish = await _wish(world, code)
    yield
    booking = await world.send("POST", "bookings", wish)
    yield
    assert (world.state(booking), _uses(world, code)) == ("PENDING", 1)
    assert booking["finalAmount"] == booking["totalAmount"] - booking["discountAmount"] < booking["totalAmount"]
    await world.pay(await world.client.session(booking))
    await world.until_state(booking, "CONFIRMED")
    assert (money(world.stack.server, booking["id"]), _uses(world, code)) == (booking["finalAmount"], 1)


@operation
async def give_a_use_back(world: World) -> AsyncIterator[None]:
    code = await _coupon(world, 10)
    booking = ok(await world.client.ask("POST", "bookings", await _wish(world, code)))
    yield
    await world.send("PATCH", f"bookings/{booking['id']}/cancel", {"userId": booking["userId"]})
    yield
    assert (world.state(booking), _uses(world, code)) == ("CANCELLED", 0)
    again = ok(await world.client.ask("POST", "bookings", await _wish(world, code)))
    assert _uses(world, code) == 1
    ok(await world.client.cancel(again))


@operation
async def take_a_use_again(world: World) -> AsyncIterator[None]:
    """The money comes after the booking's time, and the use that it gave back is still to be had."""
    world.set_clocks("-16 minutes")
    try:
        code = await _coupon(world, 10)
        booking = ok(await world.client.ask("POST", "bookings", await _wish(world, code)))
        session = await world.client.session(booking)
        world.set_clocks(None, ["inventory", "booking"])
        await world.until_state(booking, "EXPIRED")
        assert _uses(world, code) == 0
        await world.rest()
        yield
        await world.pay(session)
        await world.rest(hurry=True)
    finally:
        world.set_clocks(None)
    yield
    assert (world.state(booking), _uses(world, code)) == ("CONFIRMED", 1)
    assert money(world.stack.server, booking["id"]) == booking["finalAmount"]


@operation
async def find_no_use_left(world: World) -> AsyncIterator[None]:
    """The same, but somebody else has the use by then: the money goes back, once."""
    world.set_clocks("-16 minutes")
    try:
        code = await _coupon(world, 10)
        booking = ok(await world.client.ask("POST", "bookings", await _wish(world, code)))
        session = await world.client.session(booking)
        world.set_clocks(None, ["inventory", "booking"])
        await world.until_state(booking, "EXPIRED")
        other = ok(await world.client.ask("POST", "bookings", await _wish(world, code)))
        await world.rest()
        yield
        await world.pay(session)
        await world.rest(hurry=True)
    finally:
        world.set_clocks(None)
    yield
    assert (world.state(booking), world.seats(booking)) == ("EXPIRED", {"AVAILABLE"})
    assert (world.state(other), _uses(world, code)) == ("PENDING", 1)
    assert money(world.stack.server, booking["id"]) == 0
    ok(await world.client.cancel(other))
