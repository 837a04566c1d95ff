"""The plays of the crash grid about accounts: one is deleted, and its user books nothing any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

from tests.faults.area_operations import OPERATIONS
from tests.faults.operations import operation
from tests.faults.world import DEADLINE_SECONDS, World
from tests.system.client import Json, ok, refusal
from tests.system.databases import value

__all__ = ["OPERATIONS"]

PASSWORD = "correct horse battery"


async def somebody(world: World) -> tuple[Json, str, Json]:
    """Register and log somebody in; return how they log in, the id, and the headers that say who it is."""
    who = {"email": f"{uuid4()}@example.com", "password": PASSWORD}
    ok(await world.client.ask("POST", "auth/register", who | {"name": "Asha Rao"}))
    tokens = ok(await world.client.ask("POST", "auth/login", who))
    return who, str(tokens["userId"]), {"authorization": f"Bearer {tokens['accessToken']}"}


async def delete(world: World, headers: Json) -> Json:
    """Delete an account; whoever is at it and has died is at it no longer, a second later."""
    given = headers | {"grpc-timeout": f"{DEADLINE_SECONDS}S"}
    asking = asyncio.ensure_future(world.client.ask("POST", "users/me/delete", {"password": PASSWORD}, headers=given))
    while not asking.done():
        await asyncio.wait([asking], timeout=1)
        world.hurry()
    return ok(await asking)


@operation
async def delete_account(world: World) -> AsyncIterator[None]:
    """However often it was tried: nothing is left of the account, and its user books nothing any more."""
    who, user, headers = await somebody(world)
    show, seats = await world.some()
    yield
    await delete(world, headers)
    yield
    assert refusal(await world.client.ask("POST", "auth/login", who)).reason == "LOGIN_FAILED"
    query = "SELECT email IS NULL AND name = '' AND deleted_at IS NOT NULL FROM users WHERE id = %s"
    assert value(world.stack.server, "identity", query, user)
    wish = {"userId": user, "showId": show.id, "showSeatIds": seats}
    assert refusal(await world.client.ask("POST", "bookings", wish)).reason == "ACCOUNT_DELETED"
    assert await world.client.statuses(show.id, seats) == ["AVAILABLE"] * 2
