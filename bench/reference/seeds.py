"""The transaction by which the seeds book two seats, on the same server: the reference that the issue names first."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bench.cases import Case
from bench.measure import Result
from bench.reference import pgbench
from bench.world import World

SCHEMA = Path(__file__).with_name("seeds.sql")
BOOKING = Path(__file__).with_name("seeds-booking.sql")
DATABASE = "reference_seeds"
CLIENTS = (1, 16, 64)


def cases() -> list[Case]:
    """Return a case for each number of clients."""
    return [
        Case(f"reference.seeds.{clients}", "bookings", partial(run, clients=clients), in_quick=clients != 16)
        for clients in CLIENTS
    ]


def run(world: World, clients: int) -> Result:
    """Book seats that are all free when it begins."""
    world.kept(DATABASE, lambda: _load(world))
    with world.stack.server.connect(DATABASE) as connection:
        connection.execute("TRUNCATE bookings, booking_seats, holds")
        connection.execute("ANALYZE")
    return pgbench.run(
        world,
        BOOKING.read_text(),
        DATABASE,
        clients=clients,
        seconds=world.seconds,
        variables={"i": 0, "clients": clients},
    )


def _load(world: World) -> None:
    server = world.stack.server
    server.create_database(DATABASE)
    pgbench.execute(server, DATABASE, SCHEMA.read_text())
