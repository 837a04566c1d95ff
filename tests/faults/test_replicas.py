"""Two replicas of inventory on one database: what one has, the other respects, also when the one is frozen."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import grpc
import pytest
from boxoffice.inventory.v1 import inventory_pb2, inventory_pb2_grpc

from roster import SERVICES
from services.chassis.errors import Failure
from services.chassis.store.connections import TRANSACTION_TIMEOUT_MS
from services.chassis.wire.calls import call, channel
from stack import credentials, ports, services
from stack.launcher import Stack
from stack.processes import Child, wait_healthy
from tests.faults.conftest import environment as faulty
from tests.faults.controller import HOLD, Controller, at
from tests.faults.world import World
from tests.patience import eventually, patient
from tests.system.client import Show, new_user
from tests.system.databases import value

CAP = 6
AT_COMMIT = at("inventory", "desk Hold", "commit")
PATIENT_SECONDS = patient(2 * TRANSACTION_TIMEOUT_MS / 1000)
"""Within this a show is free again that a frozen replica has: the server ends a transaction that takes so long."""


@pytest.fixture(scope="module")
def replica(stack: Stack, controller: Controller) -> Iterator[Child]:
    """A second inventory, not watched by anybody."""
    inventory = next(service for service in SERVICES if service.name == "inventory")
    port, metrics_port = ports.choose(2)
    settings = stack.settings.model_copy(update={"inventory_port": port, "inventory_metrics_port": metrics_port})
    secrets = credentials.load(stack.settings.data_dir / credentials.FILE)
    environment = services.environments(settings, secrets, {"inventory": faulty("inventory", controller)})["inventory"]
    child = Child(services.program(services.Replica(inventory, 0), settings, environment), stack.logs.parent)
    child.spawn()
    try:
        wait_healthy([child])
        yield child
    finally:
        child.kill()


class Inventory:
    """A replica, over a channel of one's own."""

    def __init__(self, to: grpc.aio.Channel) -> None:
        self._stub = inventory_pb2_grpc.InventoryServiceStub(to)

    async def hold(self, show: Show, user: str, *numbers: int, seconds: float = 5) -> str:
        """Hold seats; return OK or the reason why not."""
        request = inventory_pb2.HoldSeatsRequest(
            user_id=user, show_id=show.id, show_seat_ids=[show.seats[number] for number in numbers]
        )
        try:
            await call(self._stub.HoldSeats, request, seconds=seconds)
        except Failure as failure:
            return failure.reason
        return "OK"


@pytest.fixture
async def both(stack: Stack, replica: Child) -> AsyncIterator[tuple[Inventory, Inventory]]:
    """The stack's own inventory, and the replica."""
    port = replica.program.environment["PORT"]
    async with channel(stack.address("inventory")) as own, channel(f"127.0.0.1:{port}") as other:
        yield Inventory(own), Inventory(other)


def held(world: World, show: Show) -> int:
    query = "SELECT count(*) FROM show_seats WHERE show_id = %s AND status = 'HELD'"
    count: int = value(world.stack.server, "inventory", query, show.id)
    return count


async def locked_out(world: World) -> None:
    """Wait until somebody waits for a row of the seats' database."""

    async def look() -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = 'inventory'"
        return bool(value(world.stack.server, "postgres", query))

    await eventually(look)


@pytest.mark.parametrize("order", [1, -1], ids=["ours first", "the other first"])
async def test_a_user_in_the_middle_of_one_replica_cannot_pass_the_cap_in_the_other(
    world: World, both: tuple[Inventory, Inventory], order: int
) -> None:
    first, second = both[::order]
    show, user = await world.client.make_show(), new_user()
    with world.controller.fault(AT_COMMIT, HOLD) as middle:
        four = asyncio.ensure_future(first.hold(show, user, 0, 1, 2, 3))
        await middle.reached()
        others = asyncio.ensure_future(second.hold(show, user, 4, 5, 6, 7))
        await locked_out(world)
        assert not others.done()
    assert (await four, await others) == ("OK", "SEAT_LIMIT_EXCEEDED")
    assert held(world, show) == 4
    assert await world.violations() == []


async def test_two_replicas_asked_at_once_stay_within_the_cap(world: World, both: tuple[Inventory, Inventory]) -> None:
    for _ in range(5):
        show, user = await world.client.make_show(), new_user()
        answers = await asyncio.gather(*(both[number % 2].hold(show, user, number) for number in range(24)))
        assert Counter(answers) == {"OK": CAP, "SEAT_LIMIT_EXCEEDED": 24 - CAP}
        assert held(world, show) == CAP
    assert await world.violations() == []


@pytest.mark.parametrize("kind", [pytest.param("execute", marks=pytest.mark.grid), "commit"])
async def test_a_replica_that_is_frozen_holds_up_its_own_show_only_and_not_for_long(
    world: World, both: tuple[Inventory, Inventory], replica: Child, kind: str
) -> None:
    ours, frozen = both
    show, other = await world.client.make_show(), await world.client.make_show()
    assert replica.pid is not None
    with world.controller.fault(at("inventory", "desk Hold", kind), HOLD) as middle:
        stalled = asyncio.ensure_future(frozen.hold(show, new_user(), 0, seconds=60))
        await middle.reached()
        assert middle.pid == replica.pid
        os.kill(replica.pid, signal.SIGSTOP)
    try:
        # It has the show's lock, and will not let go of it.
        assert [await ours.hold(other, new_user(), number) for number in range(10)] == ["OK"] * 10
        ann = new_user()

        async def taken() -> bool:
            return await ours.hold(show, ann, 0) == "OK"

        await eventually(taken, PATIENT_SECONDS)
    finally:
        os.kill(replica.pid, signal.SIGCONT)
    assert await stalled == "SEATS_UNAVAILABLE"
    assert held(world, show) == 1
    assert await world.violations() == []
