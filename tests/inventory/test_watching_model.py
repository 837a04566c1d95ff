"""Whoever watches knows at every moment what the table says, however often he leaves and comes back."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import grpc
import hypothesis.strategies as st
from boxoffice.inventory.v1 import inventory_pb2 as pb
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.inventory.jobs import forget_changes
from services.inventory.seats.commands import Cause
from services.inventory.seats.domain import SeatStatus
from services.inventory.seats.holds import ReleaseHolds, Tidy
from services.inventory.seats.messages import PUBLIC_STATUSES
from services.inventory.seats.operation import SeatDesk
from tests.databases import Databases, move_clock, opened
from tests.inventory.sale import OnSale, make_desk, put_on_sale
from tests.inventory.watchers import Picture, Replica, Told, Watcher, replica

SEATS = 6
RETENTION_MINUTES = 60
USERS = [uuid4() for _ in range(3)]

numbers = st.integers(0, SEATS - 1)
users = st.sampled_from(USERS)
lookers = st.integers(0, 1)


class Looker:
    """Reads the map once, then watches; comes back with what he knew where he was interrupted."""

    came_back = read_anew = 0
    """How often anybody went on where he had been, and could not."""

    def __init__(self) -> None:
        self.picture: Picture | None = None
        self.watcher: Watcher | None = None

    def leave(self) -> None:
        if self.watcher is not None:
            self.watcher.call.cancel()
        self.watcher = None

    async def know(self, inventory: Replica, show_id: UUID, number: int) -> Picture:
        """Return what he knows once he has been told of change `number`."""
        while True:
            if self.picture is None:
                request = pb.GetSeatMapRequest(show_id=str(show_id))
                self.picture = Picture.from_seat_map(await inventory.stub.GetSeatMap(request))
            elif self.watcher is None:
                Looker.came_back += 1
            if self.watcher is None:
                self.watcher = Watcher(inventory.stub, show_id, self.picture.number)
            try:
                while self.picture.number < number:
                    for change in (await self.watcher.next()).changes:
                        self.picture.take(change)
                return self.picture
            except grpc.aio.AioRpcError as error:
                assert error.code() is grpc.StatusCode.OUT_OF_RANGE
                self.picture = self.watcher = None
                Looker.read_anew += 1


@dataclass
class World:
    """What all runs share."""

    runner: asyncio.Runner
    db: Database
    desk: SeatDesk
    replicas: list[Replica]


class Watched(RuleBasedStateMachine):
    """A show that is sold at random by one process, and watched at two."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.lookers = [Looker(), Looker()]
        self.bookings: list[UUID] = []
        self.minutes = 0

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.world.runner.run(work)

    @initialize()
    def open(self) -> None:
        self.run(self._open())

    async def _open(self) -> None:
        db = self.world.db
        await move_clock(db, "0 minutes")
        show_id, seats = await put_on_sale(db, seats=SEATS)
        self.on_sale = OnSale(db, self.world.desk, show_id, seats)
        for looker, inventory in zip(self.lookers, self.world.replicas, strict=True):
            await self._look(looker, inventory)

    def teardown(self) -> None:
        for looker in self.lookers:
            looker.leave()

    def attempt(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do what may be refused."""
        try:
            return self.run(work)
        except Failure:
            return None

    @rule(user=users, seats=st.sets(numbers, min_size=1, max_size=3))
    def hold(self, user: UUID, seats: set[int]) -> None:
        self.attempt(self.on_sale.hold(user, *seats))

    @rule(user=users)
    def release_holds(self, user: UUID) -> None:
        self.attempt(self.on_sale.desk.submit(ReleaseHolds(show_id=self.on_sale.show_id, user_id=user)))

    @rule(user=users, seats=st.sets(numbers, min_size=1, max_size=3))
    def reserve(self, user: UUID, seats: set[int]) -> None:
        if booking := self.attempt(self.on_sale.reserve(user, *seats)):
            self.bookings.append(booking)

    @rule(data=st.data(), confirmed=st.booleans())
    def settle(self, data: st.DataObject, confirmed: bool) -> None:
        if self.bookings:
            booking = data.draw(st.sampled_from(self.bookings))
            self.attempt(self.on_sale.confirm(booking) if confirmed else self.on_sale.release(booking, Cause.ABANDONED))

    @rule(minutes=st.sampled_from([1, 4, 5, 16]))
    def time_passes(self, minutes: int) -> None:
        self.minutes += minutes
        self.run(move_clock(self.world.db, f"{self.minutes} minutes"))

    @rule(price=st.integers(1, 3))
    def set_prices(self, price: int) -> None:
        self.run(self.on_sale.set_price(price))

    @rule(user=users, seat=numbers, price=st.integers(4, 6), first=st.booleans())
    def hold_while_prices_are_set(self, user: UUID, seat: int, price: int, first: bool) -> None:
        """Both under one number, in this order or the other."""
        works = [self.on_sale.hold(user, seat), self.on_sale.set_price(price)]
        self.run(_together(works if first else works[::-1]))

    @rule()
    def tidy(self) -> None:
        seats = self.on_sale.seats
        self.attempt(self.on_sale.desk.submit(Tidy(show_id=self.on_sale.show_id, seat_ids=seats)))

    @rule()
    def forget(self) -> None:
        self.time_passes(RETENTION_MINUTES + 1)
        self.run(forget_changes(self.world.db, RETENTION_MINUTES))

    @rule(looker=lookers)
    def leave(self, looker: int) -> None:
        self.lookers[looker].leave()

    @rule(looker=lookers, at=lookers)
    def come_back(self, looker: int, at: int) -> None:
        self.leave(looker)
        self.look(looker, at)

    @rule(looker=lookers, at=lookers)
    def look(self, looker: int, at: int) -> None:
        """Whoever looks, at whichever replica, knows what the table says. Nothing is changed meanwhile."""
        self.run(self._look(self.lookers[looker], self.world.replicas[at]))

    async def _look(self, looker: Looker, inventory: Replica) -> None:
        show_id = self.on_sale.show_id
        picture = await looker.know(inventory, show_id, await self.on_sale.sequence())
        [row] = await self.world.db.fetch("SELECT boxoffice_clock() AS now")
        rows, listed = await self.on_sale.rows(), await self.on_sale.listed()
        assert picture.at(row.now) == table(rows, row.now, listed)


async def _together(works: list[Coroutine[Any, Any, Any]]) -> None:
    await asyncio.gather(*works, return_exceptions=True)


def table(rows: list[Any], now: datetime, listed: int) -> dict[str, Told]:
    """Return what the rows of seats say at an instant; those that nobody has cost what is listed."""
    return {
        str(row.id): (PUBLIC_STATUSES[SeatStatus.AVAILABLE], None, listed)
        if row.holder_id is None or (row.expires_at is not None and row.expires_at <= now)
        else (PUBLIC_STATUSES[row.status], row.expires_at, row.price)
        for row in rows
    }


EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "0"))
"""How many runs of the long form, as in tests/model; 0: the short form, which is always the same."""
SHORT = settings(
    max_examples=30,
    stateful_step_count=40,
    derandomize=True,
    phases=[Phase.generate],
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(
    max_examples=EXAMPLES or 1,
    stateful_step_count=40,
    print_blob=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


async def _begin(url: str, ending: AsyncExitStack) -> tuple[Database, SeatDesk, list[Replica]]:
    db = await ending.enter_async_context(opened(url))
    desk = make_desk(db)
    ending.push_async_callback(desk.close)
    return db, desk, [await ending.enter_async_context(replica(db)) for _ in range(2)]


def test_who_leaves_and_comes_back_knows_what_the_table_says(databases: Databases) -> None:
    with databases.fresh("inventory") as url, asyncio.Runner() as runner:
        ending = AsyncExitStack()
        try:
            world = World(runner, *runner.run(_begin(url, ending)))
            machine = type("Watched", (Watched,), {"world": world})
            run_state_machine_as_test(machine, settings=LONG if EXAMPLES else SHORT)
        finally:
            runner.run(ending.aclose())
    if not EXAMPLES:
        # How often depends on what the services refuse meanwhile.
        assert Looker.came_back
        assert Looker.read_anew
