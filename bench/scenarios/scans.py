"""Tickets at the door: 64 gates' scans at once, each of a ticket that lets in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any
from uuid import uuid4

from boxoffice.booking.v1 import gates_pb2, gates_pb2_grpc, tickets_pb2, tickets_pb2_grpc
from boxoffice.inventory.v1 import catalog_pb2 as catalog
from boxoffice.inventory.v1.catalog_pb2_grpc import CatalogServiceStub
from boxoffice.inventory.v1.seat_pb2 import Seat

from bench.cases import Case
from bench.load import Load
from bench.measure import Result
from bench.stories import book, scan
from bench.world import CALL_SECONDS, World, purchases

GATES, CLIENTS, BUYERS = 4, 64, 64
TICKETS, QUICK_TICKETS = 4_800, 1_000

Gate = tuple[str, str]
"""Its id, and its credential."""
Item = tuple[Gate, str, str]


def cases() -> list[Case]:
    """Return a case for each way to booking."""
    ways = {"grpc": (False, False), "gateway": (False, True), "rest": (True, True)}
    return [
        Case(f"scans.{name}", "scans", partial(run, rest=rest, gateway=gateway), in_quick=name == "grpc")
        for name, (rest, gateway) in ways.items()
    ]


def run(world: World, *, rest: bool, gateway: bool) -> Result:
    """Scan tickets, each once. No scan may come to anything but ADMITTED."""
    items = _tickets(world)
    target = world.target.gateway if gateway and not rest else world.target
    tallies, usage = world.run(Load(scan, items, target, CLIENTS, seconds=world.seconds, rest=rest))
    return tallies[0].result(usage)


def _tickets(world: World) -> list[Item]:
    """Return tickets that nobody has scanned: a gate, the show, and the code of each."""
    count = QUICK_TICKETS if world.quick else TICKETS
    world.say(f"making {count} tickets")
    free = world.show(count)
    prices = catalog.SetShowPricesRequest(show_id=free.id, prices=[catalog.TierPrice(tier=Seat.REGULAR, price=0)])
    CatalogServiceStub(world.signed(world.channel("inventory"))).SetShowPrices(prices, timeout=CALL_SECONDS)
    world.run(Load(book, purchases(free), world.target, BUYERS))
    channel = world.signed(world.channel("booking"))
    mine = "SELECT id::text FROM tickets WHERE show_id = %s ORDER BY id"
    with world.stack.server.connect("booking") as connection:
        asked = [tickets_pb2.GetTicketCodeRequest(ticket_id=id_) for (id_,) in connection.execute(mine, [free.id])]
    show_code = tickets_pb2_grpc.TicketServiceStub(channel).GetTicketCode
    answers = (show_code.future(one, timeout=CALL_SECONDS) for one in asked)
    gates = [_gate(channel, free.id) for _ in range(GATES)]
    codes = [answer.result().code for some in _batches(answers, 50) for answer in some]
    return [(gates[number % GATES], free.id, code) for number, code in enumerate(codes)]


def _batches(things: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while some := list(islice(things, size)):
        yield some


def _gate(channel: Any, show: str) -> Gate:
    request = gates_pb2.CreateGateRequest(
        name="Bench", show_ids=[show], offline=gates_pb2.Gate.NEVER, idempotency_key=str(uuid4())
    )
    request.ends_at.FromDatetime(datetime.now(UTC) + timedelta(days=30))
    gate: gates_pb2.Gate = gates_pb2_grpc.GateServiceStub(channel).CreateGate(request, timeout=CALL_SECONDS)
    return gate.id, gate.credential
