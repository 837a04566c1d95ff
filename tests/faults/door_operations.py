"""The plays of the crash grid about doors: a ticket lets in once, until that is taken back."""

from __future__ import annotations

from collections.abc import AsyncIterator

from tests.faults.gateway_operations import OPERATIONS
from tests.faults.operations import operation
from tests.faults.world import World
from tests.system.client import Json
from tests.system.databases import rows
from tests.system.doors import codes_of, make_gate

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
    gate = await make_gate(world.client, booking["showId"])
    return {
        "showId": booking["showId"],
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
