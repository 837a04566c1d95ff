"""The plays of the crash grid about doors and tickets: one lets in once, and is one holder's at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tests.faults.gateway_operations import OPERATIONS
from tests.faults.operations import operation
from tests.faults.world import World
from tests.system.client import Json, new_user, ok
from tests.system.databases import rows
from tests.system.doors import codes_of, make_gate
from tests.system.transfers import offered

__all__ = ["OPERATIONS"]

TICKETS = """
    SELECT t.state, count(a.scan_id) FROM tickets t LEFT JOIN admissions a ON a.ticket_id = t.id AND a.undone_at IS NULL
    WHERE t.booking_id = %s GROUP BY t.id ORDER BY t.state
"""


def _tickets(world: World, booking: Json) -> list[tuple[str, int]]:
    """Return the states of a booking's tickets, each with how many admissions of it stand."""
    return rows(world.stack.server, "booking", TICKETS, booking["id"])


async def _scan(world: World, booking: Json) -> Json:
    """Return what a gate sends of the first ticket of a booking."""
    gate = await make_gate(world.client, booking["show"]["id"])
    return {
        "showId": booking["show"]["id"],
        "gateId": gate["id"],
        "code": (await codes_of(world.client, booking))[0]["code"],
    }


@operation
async def check_in(world: World) -> AsyncIterator[None]:
    booking = await world.confirmed()
    scan = await _scan(world, booking)
    yield
    answer = await world.send("POST", "check-ins", scan)
    assert answer["result"] == "ADMITTED"
    yield
    assert _tickets(world, booking) == [("ADMITTED", 1), ("VALID", 0)]


@operation
async def undo_admission(world: World) -> AsyncIterator[None]:
    booking = await world.confirmed()
    scan = await _scan(world, booking)
    admitted = await world.send("POST", "check-ins", scan)
    wish = {"scanId": admitted["scanId"], "reason": "wrong person"}
    yield
    await world.send("POST", f"shows/{scan['showId']}/undo-admission", wish)
    yield
    assert _tickets(world, booking) == [("VALID", 0)] * 2


HELD = """
    SELECT t.user_id::text, t.revision, count(o.id) FROM tickets t
    LEFT JOIN ticket_offers o ON o.ticket_id = t.id AND o.state IN ('OPEN', 'ACCEPTED')
    WHERE t.id = %s GROUP BY t.id
"""


async def _a_ticket(world: World) -> tuple[Json, Json]:
    """Return a booking, and a ticket of it."""
    booking = await world.confirmed()
    user = {"userId": booking["userId"]}
    listed = ok(await world.client.ask("GET", f"bookings/{booking['id']}/tickets", params=user))["tickets"]
    return booking, listed[0]


@operation
async def offer_ticket(world: World) -> AsyncIterator[None]:
    booking, ticket = await _a_ticket(world)
    wish = {"userId": booking["userId"], "email": "ravi@example.com", "recipientName": "Ravi"}
    yield
    answer = await world.send("POST", f"tickets/{ticket['id']}/offers", wish)
    assert answer["status"] == "OPEN"
    yield
    assert rows(world.stack.server, "booking", HELD, ticket["id"]) == [(booking["userId"], 1, 1)]


@operation
async def accept_offer(world: World) -> AsyncIterator[None]:
    (booking, ticket), friend = await _a_ticket(world), new_user()
    offer = await offered(world.client, booking, ticket)
    yield
    answer = await world.send("POST", f"ticket-offers/{offer['id']}/accept", {"userId": friend})
    assert answer["status"] == "ACCEPTED"
    yield
    assert rows(world.stack.server, "booking", HELD, ticket["id"]) == [(friend, 2, 1)]


@operation
async def return_ticket(world: World) -> AsyncIterator[None]:
    (booking, ticket), friend = await _a_ticket(world), new_user()
    offer = await offered(world.client, booking, ticket)
    ok(await world.client.ask("POST", f"ticket-offers/{offer['id']}/accept", {"userId": friend}))
    yield
    await world.send("POST", f"ticket-offers/{offer['id']}/return", {"userId": friend})
    yield
    assert rows(world.stack.server, "booking", HELD, ticket["id"]) == [(booking["userId"], 3, 0)]
