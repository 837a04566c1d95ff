"""An organization is told by webhooks of its show's bookings, and no other is."""

from __future__ import annotations

import pytest

from stack.launcher import Stack
from tests.notifications.receivers import receiver
from tests.patience import eventually
from tests.system.client import Client, new_user, ok
from tests.system.conftest import AUTH, opened_client
from tests.system.telling import owner_of_an_organization

TYPES = ["BOOKING_CREATED", "SHOW_PUBLISHED"]


@pytest.mark.skipif(AUTH == "off", reason="an organization is its members'")
async def test_an_organization_is_told_of_its_shows_and_their_bookings(stack: Stack) -> None:
    async with opened_client(stack) as client, receiver() as at:
        async with owner_of_an_organization(stack, client) as owner:
            await _is_told(client, owner, at.url)
            await eventually(lambda: len(at.posted) == 3)
        assert [each.content["type"] for each in at.posted] == ["show.published", "booking.created", "show.published"]


async def _is_told(client: Client, owner: Client, url: str) -> None:
    made = ok(await owner.ask("POST", "webhooks/endpoints", {"url": url, "types": TYPES}))
    path = f"webhooks/endpoints/{made['endpoint']['id']}"

    async def is_enabled() -> bool:
        return str(ok(await owner.ask("GET", path))["state"]) == "ENABLED"

    await eventually(is_enabled)
    show = await owner.make_show()
    elsewhere = await client.make_show()

    async def last(number: int) -> bool:
        return ok(await owner.ask("GET", "webhooks/messages")).get("last") == number

    # Both topics are read by themselves: the show comes first where it was read first.
    await eventually(lambda: last(1))
    for each in (elsewhere, show):
        await client.booked(each, new_user(), each.seats[:1])
    await eventually(lambda: last(2))
    await eventually(lambda: _took_all(owner, path))
    ok(await owner.ask("POST", f"{path}/resend", {"number": 1}))


async def _took_all(owner: Client, path: str) -> bool:
    return ok(await owner.ask("GET", path)).get("sentTo") == 2
