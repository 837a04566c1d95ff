"""The plays of the crash grid about shows that are rescheduled, each while something else of the show is under way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

from tests.faults.method_operations import OPERATIONS
from tests.faults.operations import operation
from tests.faults.world import NEAR, World
from tests.system.client import Json, Show, new_user, ok, refusal
from tests.system.databases import money, value

__all__ = ["OPERATIONS"]

DAY = timedelta(days=1)
SOON = timedelta(hours=2)


async def rescheduled(world: World, show: Show, later: timedelta) -> Json:
    """Have a show start so much later."""
    starts_at = (show.starts_at + later).isoformat().replace("+00:00", "Z")
    return await world.send("POST", f"shows/{show.id}/reschedule", {"startTime": starts_at})


async def _follow(world: World, moved: Json, *bookings: Json) -> None:
    """The show was moved once, however often that was tried, and its bookings say so."""
    assert ok(await world.client.ask("GET", f"shows/{moved['id']}")) == moved | {"status": "ON_SALE"}
    changes = "SELECT count(*) FROM show_changes WHERE show_id = %s AND kind = 'RESCHEDULED'"
    assert (moved["revision"], value(world.stack.server, "inventory", changes, moved["id"])) == (2, 1)
    for booking in bookings:
        show = (await world.client.booking(booking["id"]))["show"]
        assert (show["startTime"], show["salesEndAt"]) == (moved["startTime"], moved["salesEndAt"])
        assert show["bookedStartTime"] == booking["show"]["startTime"]


@operation
async def reschedule_show(world: World) -> AsyncIterator[None]:
    """A show with a ticket, a booking that waits for its payment, and a hold."""
    show, holder = await world.client.make_show(), new_user()
    paid = await world.client.confirmed(show, new_user(), show.seats[:2])
    pending = await world.client.booked(show, new_user(), show.seats[2:3])
    ok(await world.client.hold(show, holder, show.seats[3:4]))
    await world.rest()
    yield
    moved = await rescheduled(world, show, DAY)
    yield
    await _follow(world, moved, paid, pending)
    assert (world.state(paid), world.state(pending)) == ("CONFIRMED", "PENDING")
    assert await world.client.statuses(show.id, show.seats[3:4], holder) == ["HELD_BY_ME"]


@operation
async def hold_and_book_a_rescheduled_show(world: World) -> AsyncIterator[None]:
    """Booking knows the show of before by heart."""
    show, user = await world.client.make_show(), new_user()
    await world.client.booked(show, new_user(), show.seats[4:5])
    await world.rest()
    yield
    moved = await rescheduled(world, show, DAY)
    body = {"showId": show.id, "userId": user, "showSeatIds": show.seats[:2]}
    await world.send("POST", "bookings/hold-seats", body)
    booking = await world.send("POST", "bookings", body)
    yield
    assert booking["show"]["startTime"] == booking["show"]["bookedStartTime"] == moved["startTime"]
    await _follow(world, moved, booking)


@operation
async def capture_while_the_show_is_rescheduled(world: World) -> AsyncIterator[None]:
    show = await world.client.make_show()
    booking = await world.client.booked(show, new_user(), show.seats[:2])
    session = await world.client.session(booking)
    yield
    await world.pay(session)
    moved = await rescheduled(world, show, DAY)
    yield
    assert world.state(booking) == "CONFIRMED"
    await _follow(world, moved, booking)


@operation
async def late_capture_of_a_rescheduled_show(world: World) -> AsyncIterator[None]:
    """The booking expires, the show is moved to a later day, and then the money comes: it buys the seats."""
    world.set_clocks("-16 minutes")
    try:
        show = await world.client.make_show()
        booking = await world.client.booked(show, new_user(), show.seats[:2])
        session = await world.client.session(booking)
        world.set_clocks(None, ["inventory", "booking"])
        await world.until_state(booking, "EXPIRED")
        await world.rest()
        yield
        moved = await rescheduled(world, show, DAY)
        await world.pay(session)
        await world.rest(hurry=True)
    finally:
        world.set_clocks(None)
    yield
    assert world.state(booking) == "CONFIRMED"
    await _follow(world, moved, booking)


@operation
async def part_refund_of_a_rescheduled_show(world: World) -> AsyncIterator[None]:
    """Half of one seat of two was given back before; then all of the other comes back."""
    show = await world.client.make_show(starts_in=NEAR)
    booking = await world.client.confirmed(show, new_user(), show.seats[:2])
    await world.rest()
    path, user = f"payments/refund/{booking['id']}", booking["userId"]
    yield
    part = await world.send("POST", path, {"userId": user, "showSeatIds": show.seats[:1]})
    moved = await rescheduled(world, show, -SOON)
    await world.rest(hurry=True)
    rest = await world.send("POST", path, {"userId": user})
    yield
    assert (part["refundPercentage"], rest["refundPercentage"], world.state(booking)) == (50, 100, "REFUNDED")
    paid = show.price(show.seats[:2])
    assert money(world.stack.server, booking["id"]) == paid - part["refundAmount"] - rest["refundAmount"]
    assert rest["refundAmount"] == show.price(show.seats[1:2])
    assert ok(await world.client.ask("GET", f"shows/{show.id}"))["startTime"] == moved["startTime"]


@operation
async def expiry_in_a_rescheduled_show(world: World) -> AsyncIterator[None]:
    world.set_clocks("-20 minutes", ["inventory", "booking"])
    try:
        show = await world.client.make_show()
        booking = await world.client.booked(show, new_user(), show.seats[:2])
        yield
    finally:
        world.set_clocks(None, ["inventory", "booking"])
    moved = await rescheduled(world, show, DAY)
    await world.until_state(booking, "EXPIRED")
    yield
    await _follow(world, moved, booking)
    assert world.seats(booking) == {"AVAILABLE"}


@operation
async def reschedule_a_show_that_is_cancelled(world: World) -> AsyncIterator[None]:
    show = await world.client.make_show()
    paid = await world.client.confirmed(show, new_user(), show.seats[:2])
    await world.rest()
    path = f"shows/{show.id}/cancel"
    token = ok(await world.client.ask("GET", f"{path}/preview"))["token"]
    yield
    await world.send("POST", path, {"token": token, "reason": "The singer is ill."})
    starts_at = (show.starts_at + DAY).isoformat().replace("+00:00", "Z")
    late = await world.request("POST", f"shows/{show.id}/reschedule", {"startTime": starts_at})
    assert refusal(late).reason == "SHOW_CANCELLED"
    yield
    assert (world.state(paid), money(world.stack.server, paid["id"])) == ("REFUNDED", 0)
