"""An account is deleted while its user books: either the booking is found, or it is refused; never neither."""

from __future__ import annotations

import asyncio

from tests.faults.account_operations import PASSWORD, delete, somebody
from tests.faults.controller import HOLD, at
from tests.faults.world import World
from tests.system.client import Client, ok, refusal

RESERVED = at("booking", "desk Create", "answered", "BatchReserveSeats")
CLOSED = at("booking", "CloseUser", "committed", "SELECT")


async def test_who_books_while_the_account_is_deleted_has_the_booking_or_no_account(world: World) -> None:
    """Each in the middle of the other."""
    who, user, headers = await somebody(world)
    (show, seats), once = await world.some(), Client(world.client.http)
    wish = {"userId": user, "showId": show.id, "showSeatIds": seats}
    with world.controller.fault(RESERVED, HOLD) as middle:
        booking = asyncio.ensure_future(once.ask("POST", "bookings", wish))
        await middle.reached()
        deletion = await once.ask("POST", "users/me/delete", {"password": PASSWORD}, headers=headers)
        assert refusal(deletion).reason == "BOOKING_TO_COME"
    booked = ok(await booking)
    assert booked["status"] == "PENDING"
    ok(await world.client.ask("POST", "auth/login", who))
    ok(await world.client.cancel(booked))
    await world.rest(hurry=True)

    with world.controller.fault(CLOSED, HOLD) as middle:
        deleting = asyncio.ensure_future(delete(world, headers))
        await middle.reached()
        assert refusal(await once.ask("POST", "bookings", wish)).reason == "ACCOUNT_DELETED"
    await deleting
    await world.rest(hurry=True)
    assert await world.client.statuses(show.id, seats) == ["AVAILABLE"] * 2
    assert refusal(await world.client.ask("POST", "auth/login", who)).reason == "LOGIN_FAILED"
    violations = await world.violations()
    assert not violations, "\n".join(violations)
