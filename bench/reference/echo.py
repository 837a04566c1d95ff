"""The hops alone: services that answer at once with what a booking looks like, one asking the other, and no database.

`python -m bench.reference.echo` serves one, of the settings that every service has; with INVENTORY_ADDRESS it asks
another for each booking, as booking asks inventory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvloop
from boxoffice.booking.v1 import booking_pb2, booking_pb2_grpc
from boxoffice.inventory.v1 import inventory_pb2, inventory_pb2_grpc

import roster
from bench.cases import Case
from bench.load import Load
from bench.measure import Meter, Result
from bench.shops import Target
from bench.stories import book
from bench.world import Purchase, World
from gateway.render import render
from services.chassis.process.server import make_server, serve
from services.chassis.process.settings import ServiceSettings
from services.chassis.wire.calls import call, channel
from services.chassis.wire.incoming import Context
from stack import envoy, ports
from stack.ports import LOOPBACK
from stack.processes import Child, Program, stop, wait_healthy
from stack.services import is_serving
from stack.settings import ROOT

CLIENTS = 64
ID = str(uuid4())
SEATS: list[dict[str, Any]] = [
    dict(id=ID, section="Stalls", row="A", number=number, tier=1, price=25_000) for number in (1, 2)
]
BOOKING = booking_pb2.Booking(
    id=ID,
    user_id=ID,
    status=booking_pb2.Booking.PENDING,
    total_amount=50_000,
    currency="INR",
    show=booking_pb2.Booking.Show(id=ID, event_id=ID, movie_id=ID, title="Monsoon Letters", theatre="Lantern House"),
    seats=[booking_pb2.Booking.Seat(**seat) for seat in SEATS],
)
RESERVATION = inventory_pb2.Reservation(
    booking_id=ID, show_id=ID, seats=[inventory_pb2.ReservedSeat(**seat) for seat in SEATS], total_amount=50_000
)


def cases() -> list[Case]:
    """Return a case for each way to the service."""
    return [
        Case("reference.echo.grpc", "answers", partial(run, rest=False)),
        Case("reference.echo.rest", "answers", partial(run, rest=True)),
    ]


def run(world: World, *, rest: bool) -> Result:
    """Ask for bookings that nobody makes."""
    target, children = world.kept("echo", lambda: _start(world))
    wanted = Purchase(ID, ID, (ID, str(uuid4())))
    load = Load(book, [wanted] * 100_000, target, CLIENTS, seconds=world.seconds, rest=rest)
    meter = Meter({child.name: lambda child=child: child.pid or 0 for child in children}, {})  # type: ignore[misc]
    [tally], usage = world.run(load, meter=meter)
    return tally.result(usage)


def _start(world: World) -> tuple[Target, list[Child]]:
    """Start the two services and an Envoy before them, as the stack runs its own."""
    folder = world.stack.settings.data_dir / "echo"
    folder.mkdir()
    inventory, booking, public, admin = ports.choose(4)
    at = f"{LOOPBACK}:{booking}"
    configuration = folder / "envoy.yaml"
    addresses = dict.fromkeys(roster.NAMES, at) | {"inventory": f"{LOOPBACK}:{inventory}"}
    configuration.write_text(render(addresses, port=public, admin_port=admin))
    children = [
        Child(_program("inventory", inventory, {}), folder),
        Child(_program("booking", booking, {"INVENTORY_ADDRESS": addresses["inventory"]}), folder),
        Child(
            Program(
                "gateway",
                [envoy.executable(), "-c", configuration, "--disable-hot-restart", "--log-level", "warning"],
                {"PATH": os.defpath},
                healthy=lambda: envoy.is_healthy(public),
            ),
            folder,
        ),
    ]
    world.ending.callback(stop, children)
    for child in children:
        child.spawn()
    wait_healthy(children)
    return Target(
        f"http://{LOOPBACK}:{public}",
        addresses["inventory"],
        addresses["booking"],
        addresses["payment"],
        addresses["bank"],
    ), children


def _program(name: str, port: int, environment: Mapping[str, str]) -> Program:
    settings = {"DATABASE_URL": "postgresql://nobody@127.0.0.1/none", "HOST": LOOPBACK, "PORT": str(port)}
    return Program(
        name,
        [Path(sys.executable), "-m", "bench.reference.echo"],
        {"PATH": os.defpath, "LOG_LEVEL": "WARNING", **settings, **environment},
        healthy=lambda: is_serving(f"{LOOPBACK}:{port}"),
        folder=ROOT,
    )


class EchoBooking(booking_pb2_grpc.BookingServiceServicer):
    """Booking, which asks inventory and answers."""

    def __init__(self, inventory: inventory_pb2_grpc.InventoryServiceAsyncStub | None) -> None:
        self._inventory = inventory

    async def CreateBooking(self, request: booking_pb2.CreateBookingRequest, context: Context) -> booking_pb2.Booking:
        if self._inventory is not None:
            claim = inventory_pb2.BatchReserveSeatsRequest.Claim(
                booking_id=ID,
                show_id=request.show_id,
                user_id=request.user_id,
                show_seat_ids=request.show_seat_ids,
                ttl_seconds=900,
            )
            await call(self._inventory.BatchReserveSeats, inventory_pb2.BatchReserveSeatsRequest(claims=[claim]))
        return BOOKING


class EchoInventory(inventory_pb2_grpc.InventoryServiceServicer):
    """Inventory, which answers."""

    async def BatchReserveSeats(
        self, request: inventory_pb2.BatchReserveSeatsRequest, context: Context
    ) -> inventory_pb2.BatchReserveSeatsResponse:
        result = inventory_pb2.BatchReserveSeatsResponse.Result(reservation=RESERVATION)
        return inventory_pb2.BatchReserveSeatsResponse(results=[result] * len(request.claims))


async def _serve() -> None:
    settings: Any = ServiceSettings()  # type: ignore[call-arg]  # from the environment
    server = make_server()
    peer = os.environ.get("INVENTORY_ADDRESS")
    stub = inventory_pb2_grpc.InventoryServiceStub(channel(peer)) if peer else None
    booking_pb2_grpc.add_BookingServiceServicer_to_server(EchoBooking(stub), server)  # type: ignore[abstract]  # nothing else is asked
    inventory_pb2_grpc.add_InventoryServiceServicer_to_server(EchoInventory(), server)  # type: ignore[abstract]
    await serve(settings, server, [])


if __name__ == "__main__":
    uvloop.run(_serve())
