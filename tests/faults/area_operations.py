"""The plays of the crash grid about areas, of which places are had by their number."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tests.faults.money_operations import OPERATIONS
from tests.faults.operations import operation
from tests.faults.world import World
from tests.system.client import Json, Show, new_user, ok
from tests.system.databases import money

__all__ = ["OPERATIONS"]

PLACES = 12


async def _floor(world: World) -> tuple[Show, Json]:
    """Make a show with an area; return both."""
    show = await world.client.make_show(seats_per_row=2, floor=PLACES)
    [area] = (await world.client.seat_map(show.id))["areas"]
    return show, area


async def _counts(world: World, show: Show, user: str | None = None) -> list[int]:
    """Return how many places are available, held and booked, by others and the user."""
    [area] = (await world.client.seat_map(show.id, user))["areas"]
    return [area[name] for name in ("available", "held", "heldByMe", "booked", "reservedByMe")]


@operation
async def hold_places(world: World) -> AsyncIterator[None]:
    """Under one key, however often it was tried; a seat comes with them."""
    (show, area), user = await _floor(world), new_user()
    yield
    body = {"showId": show.id, "userId": user, "showSeatIds": show.seats[:1]}
    await world.send("POST", "bookings/hold-seats", body | {"areas": [{"areaId": area["id"], "quantity": 3}]})
    yield
    assert await _counts(world, show, user) == [PLACES - 3, 0, 3, 0, 0]
    assert await world.client.statuses(show.id, show.seats[:1], user) == ["HELD_BY_ME"]
    ok(await world.client.ask("DELETE", f"bookings/holds/{user}"))


@operation
async def unblock_places(world: World) -> AsyncIterator[None]:
    """Under one key, however often it was tried: so many come free, and no more."""
    show, area = await _floor(world)
    places = [{"areaId": area["id"], "quantity": 5}]
    ok(await world.client.ask("POST", f"shows/{show.id}/block-seats", {"areas": places, "reason": "Guests"}))
    yield
    await world.send("POST", f"shows/{show.id}/unblock-seats", {"areas": [{"areaId": area["id"], "quantity": 2}]})
    yield
    assert (await _counts(world, show))[0] == PLACES - 3


@operation
async def pay_late_for_places(world: World) -> AsyncIterator[None]:
    """The money comes after the booking's time, and somebody else has one of its places: it buys another one."""
    world.set_clocks("-16 minutes")
    try:
        show, area = await _floor(world)
        wish = {"showId": show.id, "userId": new_user(), "areas": [{"areaId": area["id"], "quantity": 2}]}
        booking = ok(await world.client.ask("POST", "bookings", wish))
        session = await world.client.session(booking)
        world.set_clocks(None, ["inventory", "booking"])
        await world.until_state(booking, "EXPIRED")
        taken = booking["seats"][0]["id"]
        ok(await world.client.hold(show, new_user(), [taken]))
        await world.rest()
        yield
        await world.pay(session)
        await world.rest(hurry=True)
    finally:
        world.set_clocks(None)
    yield
    found = await world.client.until(booking["id"], "CONFIRMED")
    assert taken not in [seat["id"] for seat in found["seats"]]
    assert world.seats(found) == {"BOOKED"}
    assert await _counts(world, show) == [PLACES - 3, 1, 0, 2, 0]
    assert money(world.stack.server, booking["id"]) == booking["totalAmount"]
