"""The plays of the crash grid about shows that are cancelled, each while something else of the show is under way."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tests.faults.operations import operation
from tests.faults.refund_operations import OPERATIONS
from tests.faults.world import NEAR, World
from tests.system.client import Json, Show, new_user, ok
from tests.system.databases import money

__all__ = ["OPERATIONS"]


async def cancelled(world: World, show: Show) -> Json:
    """Cancel a show, whatever its figures are by then."""
    path, token = f"shows/{show.id}/cancel", ""
    while True:
        answer = await world.request("POST", path, {"token": token, "reason": "The singer is ill."})
        if answer.status_code == 200:
            return ok(answer)
        [detail] = [one for one in answer.json()["details"] if one.get("reason")]
        assert detail["reason"] == "CANCELLATION_CHANGED", answer.text
        token = detail["metadata"]["token"]


async def _over(world: World, show: Show, kept: dict[str, int]) -> None:
    """Nothing is left of the show: no ticket, no claim, and of each booking the money that it is said to keep."""
    told = ok(await world.client.ask("GET", f"shows/{show.id}/cancellation"))
    assert (told["status"], told["unsweptBookings"], told["refundingBookings"]) == ("DONE", 0, 0), told
    assert world.statuses(show.seats) == {"AVAILABLE"}
    for booking_id, amount in kept.items():
        assert money(world.stack.server, booking_id) == amount


@operation
async def cancel_show(world: World) -> AsyncIterator[None]:
    """A show with a ticket, a booking that waits for its payment, and a hold."""
    show = await world.client.make_show()
    paid = await world.client.confirmed(show, new_user(), show.seats[:2])
    pending = await world.client.booked(show, new_user(), show.seats[2:3])
    await world.client.session(pending)
    ok(await world.client.hold(show, new_user(), show.seats[3:4]))
    await world.rest()
    yield
    await cancelled(world, show)
    yield
    assert (world.state(paid), world.state(pending)) == ("REFUNDED", "CANCELLED")
    assert [one["status"] for one in await world.client.payments(pending["id"])] == ["FAILED"]
    await _over(world, show, {paid["id"]: 0, pending["id"]: 0})


@operation
async def hold_on_a_cancelled_show(world: World) -> AsyncIterator[None]:
    show = await world.client.make_show()
    yield
    await cancelled(world, show)
    body = {"showId": show.id, "userId": new_user(), "showSeatIds": show.seats[:2]}
    refused = await world.request("POST", "bookings/hold-seats", body)
    assert "SHOW_CANCELLED" in refused.text
    yield
    await _over(world, show, {})


@operation
async def capture_while_the_show_is_cancelled(world: World) -> AsyncIterator[None]:
    show = await world.client.make_show()
    booking = await world.client.booked(show, new_user(), show.seats[:2])
    session = await world.client.session(booking)
    yield
    await world.pay(session)
    await cancelled(world, show)
    yield
    assert world.state(booking) in ("REFUNDED", "CANCELLED")
    await _over(world, show, {booking["id"]: 0})


@operation
async def late_capture_of_a_cancelled_show(world: World) -> AsyncIterator[None]:
    """The booking expires, the show is cancelled, and then the money comes."""
    world.set_clocks("-16 minutes")
    try:
        show = await world.client.make_show()
        booking = await world.client.booked(show, new_user(), show.seats[:2])
        session = await world.client.session(booking)
        world.set_clocks(None, ["inventory", "booking"])
        await world.until_state(booking, "EXPIRED")
        await world.rest()
        yield
        await cancelled(world, show)
        # Payment may have closed the session by now.
        await world.request("POST", f"payments/simulate/{session}", {"paymentMethod": "pm_succeed"})
        await world.rest(hurry=True)
    finally:
        world.set_clocks(None)
    yield
    assert world.state(booking) == "CANCELLED"
    await _over(world, show, {booking["id"]: 0})


@operation
async def part_refund_of_a_cancelled_show(world: World) -> AsyncIterator[None]:
    """Half of one seat of two was given back before; it stays with the organizer."""
    show = await world.client.make_show(starts_in=NEAR)
    booking = await world.client.confirmed(show, new_user(), show.seats[:2])
    await world.rest()
    body = {"userId": booking["userId"], "showSeatIds": show.seats[:1]}
    yield
    part = await world.send("POST", f"payments/refund/{booking['id']}", body)
    await cancelled(world, show)
    yield
    assert (part["refundPercentage"], world.state(booking)) == (50, "REFUNDED")
    await _over(world, show, {booking["id"]: show.price(show.seats[:1]) - part["refundAmount"]})


@operation
async def expiry_in_a_cancelled_show(world: World) -> AsyncIterator[None]:
    world.set_clocks("-20 minutes", ["inventory", "booking"])
    try:
        show = await world.client.make_show()
        booking = await world.client.booked(show, new_user(), show.seats[:2])
        yield
    finally:
        world.set_clocks(None, ["inventory", "booking"])
    await cancelled(world, show)
    yield
    assert world.state(booking) == "CANCELLED"
    await _over(world, show, {booking["id"]: 0})
