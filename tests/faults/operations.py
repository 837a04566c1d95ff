"""The operations that the crash grid breaks, each a play in three acts, with a `yield` between them.

First it prepares what it needs; then it does what the grid is about, up to a definite answer of whatever is asked
directly; then, when all is at rest, it looks whether what was answered is so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

from tests.faults.controller import HOLD, at
from tests.faults.world import FAR, World
from tests.system.client import PRICES, Client, new_user, ok
from tests.system.databases import money

Play = Callable[[World], AsyncIterator[None]]

OPERATIONS: dict[str, Play] = {}


def operation(play: Play) -> Play:
    OPERATIONS[play.__name__.replace("_", "-")] = play
    return play


# --- Seats


@operation
async def hold(world: World) -> AsyncIterator[None]:
    (show, seats), user = await world.some(), new_user()
    yield
    body = {"showId": show.id, "userId": user, "showSeatIds": seats}
    answer = await world.send("POST", "bookings/hold-seats", body)
    yield
    found = {seat["id"]: seat for seat in (await world.client.seat_map(show.id, user))["seats"]}
    assert [found[seat]["status"] for seat in seats] == ["HELD_BY_ME"] * 2
    assert [found[seat]["expiresAt"] for seat in seats] == [answer["expiresAt"]] * 2
    ok(await world.client.ask("DELETE", f"bookings/holds/{user}"))


@operation
async def release_holds(world: World) -> AsyncIterator[None]:
    (show, seats), user = await world.some(), new_user()
    ok(await world.client.hold(show, user, seats))
    yield
    await world.send("DELETE", f"bookings/holds/{user}")
    yield
    assert await world.client.statuses(show.id, seats, user) == ["AVAILABLE"] * 2


@operation
async def tidy_holds(world: World) -> AsyncIterator[None]:
    show, seats = await world.some()
    world.set_clocks("-10 minutes", ["inventory"])
    try:
        ok(await world.client.hold(show, new_user(), seats))
        yield
    finally:
        world.set_clocks(None, ["inventory"])
    await world.until_tidied(seats)
    yield
    assert await world.client.statuses(show.id, seats) == ["AVAILABLE"] * 2


@operation
async def set_prices(world: World) -> AsyncIterator[None]:
    """Under one number, however often it was tried; a seat that is held keeps its price."""
    show, user = await world.client.make_show(), new_user()
    ok(await world.client.hold(show, user, show.seats[:1]))
    yield
    prices = [{"tier": tier, "price": price + 1} for tier, price in PRICES.items()]
    answer = await world.send("PUT", f"shows/{show.id}/prices", {"prices": prices})
    yield
    seen = await world.client.seat_map(show.id, user)
    assert seen["sequence"] == answer["sequence"] == 2
    dearer = {seat["id"]: seat["price"] - show.prices[seat["id"]] for seat in seen["seats"]}
    assert dearer == dict.fromkeys(dearer, 1) | {show.seats[0]: 0}
    assert {one["tier"]: one["price"] for one in ok(await world.client.ask("GET", f"shows/{show.id}"))["prices"]} == {
        one["tier"]: one["price"] for one in prices
    }
    ok(await world.client.ask("DELETE", f"bookings/holds/{user}"))


# --- Bookings


@operation
async def book(world: World) -> AsyncIterator[None]:
    (show, seats), user = await world.some(fresh=True), new_user()
    ok(await world.client.hold(show, user, seats[:1]))
    yield
    body = {"showId": show.id, "userId": user, "showSeatIds": seats}
    booking = await world.send("POST", "bookings", body)
    yield
    listed = ok(await world.client.ask("GET", f"bookings/user/{user}"))["bookings"]
    assert [(one["id"], one["status"]) for one in listed] == [(booking["id"], "PENDING")]
    assert world.seats(booking) == {"RESERVED"}
    assert booking["totalAmount"] == show.price(seats)
    ok(await world.client.cancel(booking))


@operation
async def give_up(world: World) -> AsyncIterator[None]:
    """Inventory's answer is lost, so that recovery gives back what was reserved."""
    (show, seats), user = await world.some(), new_user()
    body = {"showId": show.id, "userId": user, "showSeatIds": seats}
    lost = at("booking", "desk Create", "answered", "BatchReserveSeats")
    with world.controller.fault(AT_RECOVERY, HOLD) as recovery, world.controller.fault(lost, "reset"):
        await recovery.reached()
        assert (await Client(world.client.http).ask("POST", "bookings", body)).status_code == 503
        yield
    yield
    assert await world.client.statuses(show.id, seats) == ["AVAILABLE"] * 2
    assert ok(await world.client.ask("GET", f"bookings/user/{user}"))["bookings"] == []


AT_RECOVERY = at("booking", "Saga.recover", "begin")


@operation
async def cancel(world: World) -> AsyncIterator[None]:
    booking = await world.pending()
    await world.client.session(booking)
    yield
    answer = await world.send("PATCH", f"bookings/{booking['id']}/cancel", {"userId": booking["userId"]})
    yield
    assert (answer["status"], world.state(booking)) == ("CANCELLED", "CANCELLED")
    assert world.seats(booking) == {"AVAILABLE"}
    assert [one["status"] for one in await world.client.payments(booking["id"])] == ["FAILED"]


@operation
async def expire(world: World) -> AsyncIterator[None]:
    world.set_clocks("-20 minutes", ["inventory", "booking"])
    try:
        booking = await world.pending()
        yield
    finally:
        world.set_clocks(None, ["inventory", "booking"])
    await world.until_state(booking, "EXPIRED")
    yield
    assert world.seats(booking) == {"AVAILABLE"}


@operation
async def archive(world: World) -> AsyncIterator[None]:
    # A show of its own: its changes are so old that they are forgotten.
    show = await world.client.make_show()
    world.set_clocks("-40 days", ["inventory", "booking"])
    try:
        booking = await world.client.booked(show, new_user(), show.seats[:2])
        ok(await world.client.cancel(booking))
        await world.rest()
        yield
    finally:
        world.set_clocks(None, ["inventory", "booking"])
    await world.until_archived(booking)
    yield
    seen = await world.client.booking(booking["id"])
    assert (seen["status"], world.state(booking)) == ("CANCELLED", "CANCELLED")


# --- Payments


@operation
async def initiate(world: World) -> AsyncIterator[None]:
    booking = await world.pending()
    yield
    body = {"bookingId": booking["id"], "userId": booking["userId"]}
    initiated = await world.send("POST", "payments/initiate", body)
    yield
    assert await world.client.session(booking) == initiated["sessionId"]
    assert len(await world.client.payments(booking["id"])) == 1
    ok(await world.client.cancel(booking))


@operation
async def initiate_after_a_decline(world: World) -> AsyncIterator[None]:
    """The webhook of the decline never comes: opening the next session finds out."""
    booking = await world.pending()
    first = await world.client.session(booking)
    with world.controller.fault(at("bank", "Sender.run", "call", "webhook"), HOLD):
        await world.pay(first, "pm_decline")
        yield
        body = {"bookingId": booking["id"], "userId": booking["userId"]}
        second = (await world.send("POST", "payments/initiate", body))["sessionId"]
    yield
    assert await world.client.session(booking) == second != first
    ok(await world.client.cancel(booking))


@operation
async def settle(world: World) -> AsyncIterator[None]:
    async for _ in _paid(world, "pm_succeed"):
        yield


@operation
async def settle_on_duplicate_webhooks(world: World) -> AsyncIterator[None]:
    async for _ in _paid(world, "pm_duplicate"):
        yield


@operation
async def settle_without_a_webhook(world: World) -> AsyncIterator[None]:
    async for _ in _paid(world, "pm_never_answer"):
        yield


async def _paid(world: World, method: str) -> AsyncIterator[None]:
    booking = await world.pending()
    session = await world.client.session(booking)
    yield
    answer = await world.pay(session, method)
    yield
    assert answer["status"] == "CAPTURED"
    assert world.state(booking) == "CONFIRMED"
    assert world.seats(booking) == {"BOOKED"}
    assert money(world.stack.server, booking["id"]) == booking["totalAmount"]
    assert [one["status"] for one in await world.client.payments(booking["id"])] == ["SUCCESS"]


@operation
async def confirm_by_recovery(world: World) -> AsyncIterator[None]:
    """Inventory's answer to the confirm is lost, so that recovery asks again."""
    booking = await world.pending()
    session = await world.client.session(booking)
    lost = at("booking", "BatchRecordCaptures", "answered", "BatchConfirmReservations")
    # Payment says it again, but after recovery: else it would be chance who comes first, and what the other does then.
    with world.controller.fault(at("payment", "relay captures", "call"), HOLD, 2):
        with world.controller.fault(AT_RECOVERY, HOLD) as recovery, world.controller.fault(lost, "reset") as fault:
            await recovery.reached()
            await world.pay(session)
            await fault.reached()
            yield
        await world.until_state(booking, "CONFIRMED")
    yield
    assert world.seats(booking) == {"BOOKED"}
    assert money(world.stack.server, booking["id"]) == booking["totalAmount"]


@operation
async def decline(world: World) -> AsyncIterator[None]:
    booking = await world.pending()
    session = await world.client.session(booking)
    yield
    answer = await world.pay(session, "pm_decline")
    yield
    assert answer["status"] == "DECLINED"
    assert (world.state(booking), world.seats(booking)) == ("PENDING", {"RESERVED"})
    assert [one["status"] for one in await world.client.payments(booking["id"])] == ["FAILED"]
    assert money(world.stack.server, booking["id"]) == 0
    ok(await world.client.cancel(booking))


@operation
async def session_expires(world: World) -> AsyncIterator[None]:
    world.set_clocks("-16 minutes")
    try:
        booking = await world.pending()
        await world.client.session(booking)
        world.set_clocks(None, ["inventory", "booking"])
        await world.until_state(booking, "EXPIRED")
        await world.rest()
        yield
    finally:
        world.set_clocks(None)
    await world.until_payment_state(booking, "EXPIRED")
    yield
    assert (world.state(booking), world.seats(booking)) == ("EXPIRED", {"AVAILABLE"})
    assert money(world.stack.server, booking["id"]) == 0


@operation
async def pay_late(world: World) -> AsyncIterator[None]:
    """The money comes after the booking's time, and its seats are free."""
    world.set_clocks("-16 minutes")
    try:
        booking = await world.pending()
        session = await world.client.session(booking)
        world.set_clocks(None, ["inventory", "booking"])
        await world.until_state(booking, "EXPIRED")
        await world.rest()
        yield
        await world.pay(session)
        await world.rest(hurry=True)
    finally:
        world.set_clocks(None)
    yield
    assert world.state(booking) == "CONFIRMED"
    assert world.seats(booking) == {"BOOKED"}
    assert money(world.stack.server, booking["id"]) == booking["totalAmount"]


@operation
async def pay_too_late(world: World) -> AsyncIterator[None]:
    """The money comes after the booking's time, and one of its seats is somebody else's."""
    world.set_clocks("-16 minutes")
    try:
        show, seats = await world.some()
        booking = await world.client.booked(show, new_user(), seats)
        session = await world.client.session(booking)
        world.set_clocks(None, ["inventory", "booking"])
        await world.until_state(booking, "EXPIRED")
        ok(await world.client.hold(show, new_user(), seats[:1]))
        await world.rest()
        yield
        await world.pay(session)
        await world.rest(hurry=True)
    finally:
        world.set_clocks(None)
    yield
    assert (world.state(booking), world.seats(booking)) == ("EXPIRED", {"HELD", "AVAILABLE"})
    assert money(world.stack.server, booking["id"]) == 0


@operation
async def pay_after_the_end_of_sales(world: World) -> AsyncIterator[None]:
    """The money comes after sales for the show have ended; the booking's seats are free."""
    world.set_clocks("-16 minutes")
    try:
        # Sales have ended a minute ago, by the clocks as they are right.
        show = await world.client.make_show(starts_in=FAR, sales_end_in=timedelta(minutes=-1))
        booking = await world.client.booked(show, new_user(), show.seats[:2])
        assert booking["expiresAt"] == booking["show"]["salesEndAt"]
        session = await world.client.session(booking)
        world.set_clocks(None, ["inventory", "booking"])
        await world.until_state(booking, "EXPIRED")
        await world.rest()
        yield
        await world.pay(session)
        await world.rest(hurry=True)
    finally:
        world.set_clocks(None)
    yield
    assert (world.state(booking), world.seats(booking)) == ("EXPIRED", {"AVAILABLE"})
    assert money(world.stack.server, booking["id"]) == 0


# --- The catalogue


@operation
async def create_event(world: World) -> AsyncIterator[None]:
    yield
    movie = await world.send("POST", "movies", {"title": "Faults", "durationMinutes": 100})
    yield
    assert ok(await world.client.ask("GET", f"movies/{movie['id']}"))["title"] == "Faults"


@operation
async def create_screen(world: World) -> AsyncIterator[None]:
    venue = ok(await world.client.ask("POST", "venues", {"name": f"House {new_user()}", "city": "Pune"}))
    yield
    rows = [{"label": "A", "seatCount": 2, "tier": "VIP"}]
    body = {"name": "Screen 1", "sections": [{"name": "Stalls", "rows": rows}]}
    screen = await world.send("POST", f"venues/{venue['id']}/screens", body)
    yield
    layout = ok(await world.client.ask("GET", f"seats/screens/{screen['id']}"))
    assert "A" in str(layout)


@operation
async def create_show(world: World) -> AsyncIterator[None]:
    client = world.client
    movie = ok(await client.ask("POST", "movies", {"title": "Faults", "durationMinutes": 100}))
    venue = ok(await client.ask("POST", "venues", {"name": f"House {new_user()}", "city": "Pune"}))
    rows = [{"label": tier[0], "seatCount": 2, "tier": tier} for tier in PRICES]
    screens = {"name": "Screen 1", "sections": [{"name": "Stalls", "rows": rows}]}
    screen = ok(await client.ask("POST", f"venues/{venue['id']}/screens", screens))
    yield
    body = {
        "movieId": movie["id"],
        "screenId": screen["id"],
        "startTime": (datetime.now(UTC) + FAR).isoformat().replace("+00:00", "Z"),
        "prices": [{"tier": tier, "price": price} for tier, price in PRICES.items()],
    }
    show = await world.send("POST", "shows", body)
    yield
    assert len((await client.seat_map(show["id"]))["seats"]) == 6
