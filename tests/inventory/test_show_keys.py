"""Idempotency keys of commands on seats: they belong to a show, and those from before are answered as ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import inventory_pb2 as pb

from roster import named
from services.chassis.errors import IdempotencyKeyReused
from services.chassis.store.database import Database
from services.chassis.store.migrate import migrate
from services.chassis.writes import answers
from services.chassis.writes.desk import Outcome
from services.chassis.writes.idempotency import Key, Once
from services.inventory import jobs
from services.inventory.seats.commands import Hold, SeatCommand, ShowKey
from services.inventory.seats.holds import ReleaseHolds
from services.inventory.seats.messages import held
from services.inventory.seats.operation import ChangeSeats
from tests.databases import Databases, move_clock, opened
from tests.inventory.rules import RULES
from tests.inventory.sale import list_prices, put_on_sale

USER = uuid4()


class ChangeSeatsAsBefore(ChangeSeats):
    """What the release before migration 0008 does: its keys belong to no show."""

    key_table = answers.KEYS

    async def __call__(self, batch: Sequence[SeatCommand[Any]], *, wait: bool) -> list[Outcome[Any]]:
        return await super().__call__(
            [replace(command, once=_of_no_show(command.once)) for command in batch], wait=wait
        )


def _of_no_show(once: Once[Any, Any] | None) -> Once[Any, Any] | None:
    assert once is not None and once.key is not None
    key = once.key
    return replace(once, key=Key(key.user_id, key.method, key.key, key.request_hash))


@dataclass(frozen=True)
class Sale:
    """A show on sale, in which USER holds seats under keys and gives them back."""

    db: Database
    show_id: UUID
    seats: list[UUID]

    @staticmethod
    async def begin(db: Database) -> Sale:
        return Sale(db, *await put_on_sale(db))

    @staticmethod
    async def begin_before(db: Database) -> Sale:
        """Begin one on the schema of before, which knows no lists of prices."""
        return Sale(db, *await put_on_sale(db, listed=False))

    def hold(self, key: str, *numbers: int, user: UUID = USER) -> Hold[pb.HoldSeatsResponse]:
        ids = [self.seats[number] for number in numbers]
        given = ShowKey(user, "HoldSeats", key, b"".join(id_.bytes for id_ in [self.show_id, *ids]), self.show_id)
        return Hold(show_id=self.show_id, user_id=user, seat_ids=ids, once=Once(given, pb.HoldSeatsResponse, held))

    async def keep_as_before(self, key: str, *numbers: int) -> pb.HoldSeatsResponse:
        """Keep the answer to a hold as the release before migration 0008 did, whose schema lacks what is read today."""
        given, answer = (
            self.hold(key, *numbers).once.key,
            pb.HoldSeatsResponse(show_id=str(self.show_id), expires_in=300),
        )
        await self.db.execute(
            "INSERT INTO idempotency_keys VALUES (%(user_id)s, %(method)s, %(key)s, %(request_hash)s, %(answer)s)",
            {
                "user_id": given.user_id,
                "method": given.method,
                "key": key,
                "request_hash": given.request_hash,
                "answer": answer.SerializeToString(),
            },
        )
        return answer

    async def sequence(self) -> int:
        """Return how often seats of the show have changed."""
        [row] = await self.db.fetch("SELECT sequence FROM show_counters WHERE show_id = %(id)s", {"id": self.show_id})
        return int(row.sequence)

    async def held(self) -> int:
        """Return how many seats are held, and give them back: whoever holds them again is seen to."""
        return int(await ChangeSeats(self.db, RULES).alone(ReleaseHolds(show_id=self.show_id, user_id=USER)))


@pytest.fixture
async def sales(inventory_db: Database) -> tuple[Sale, Sale]:
    return await Sale.begin(inventory_db), await Sale.begin(inventory_db)


@pytest.fixture
def seats(inventory_db: Database) -> ChangeSeats:
    return ChangeSeats(inventory_db, RULES)


@pytest.fixture
def before(inventory_db: Database) -> ChangeSeats:
    return ChangeSeatsAsBefore(inventory_db, RULES)


async def test_the_same_key_for_another_show_is_another_request(sales: tuple[Sale, Sale], seats: ChangeSeats) -> None:
    here, there = sales
    first, second = await seats.alone(here.hold("k1", 0)), await seats.alone(there.hold("k1", 0, 1))
    assert [first.show_id, second.show_id] == [str(here.show_id), str(there.show_id)]
    assert [await here.held(), await there.held()] == [1, 2]
    assert await seats.alone(here.hold("k1", 0)) == first
    assert await seats.alone(there.hold("k1", 0, 1)) == second
    assert [await here.held(), await there.held()] == [0, 0]


async def test_the_same_key_for_two_shows_in_one_batch_is_two_requests(
    sales: tuple[Sale, Sale], seats: ChangeSeats
) -> None:
    here, there = sales
    batch = [here.hold("k1", 0), there.hold("k1", 1), here.hold("k1", 0), there.hold("k1", 2)]
    first, second, again, reused = await seats(batch, wait=False)
    assert first == again != second
    assert isinstance(reused, IdempotencyKeyReused)
    assert [await here.held(), await there.held()] == [1, 1]


async def test_the_same_key_for_other_seats_of_a_show_is_refused(sales: tuple[Sale, Sale], seats: ChangeSeats) -> None:
    here, _ = sales
    await seats.alone(here.hold("k1", 0))
    with pytest.raises(IdempotencyKeyReused):
        await seats.alone(here.hold("k1", 1))
    assert await here.held() == 1
    await seats.alone(here.hold("k1", 1, user=uuid4()))


async def test_two_replicas_that_are_asked_at_once_carry_a_request_out_once(
    databases: Databases, sales: tuple[Sale, Sale], seats: ChangeSeats
) -> None:
    here, there = sales
    async with another(databases, here.db) as other:
        replicas = [seats, ChangeSeats(other, RULES)]
        asked = [sale.hold("k1", 0) for sale in sales]
        got = await asyncio.gather(*(replica.alone(hold) for _ in range(5) for hold in asked for replica in replicas))
    assert len({answer.SerializeToString() for answer in got}) == 2
    assert await here.sequence() == await there.sequence() == 1


async def test_keys_of_shows_are_forgotten_after_their_days(sales: tuple[Sale, Sale], seats: ChangeSeats) -> None:
    here, _ = sales
    first, second = await seats.alone(here.hold("k1", 0)), await seats.alone(here.hold("k2", 1))
    await move_clock(here.db, "7 days - 1 minute")
    assert await jobs.forget_keys(here.db, 7) == 0
    assert await seats.alone(here.hold("k1", 0)) == first
    await move_clock(here.db, "7 days")
    await here.db.execute("UPDATE show_idempotency_keys SET created_at = boxoffice_clock() WHERE key = 'k2'")
    assert [await jobs.forget_keys(here.db, 7) > 0, await jobs.forget_keys(here.db, 7)] == [True, 0]
    assert await seats.alone(here.hold("k2", 1)) == second
    assert [row.key for row in await here.db.fetch("SELECT key FROM show_idempotency_keys")] == ["k2"]


async def test_keys_of_shows_are_forgotten_in_bounded_batches_the_oldest_first(inventory_db: Database) -> None:
    await inventory_db.execute(
        "INSERT INTO show_idempotency_keys SELECT gen_random_uuid(), gen_random_uuid(), 'm', n::text, '', '',"
        " clock_timestamp() - make_interval(days => 8, secs => n) FROM generate_series(1, 1500) AS n"
    )
    await inventory_db.execute("DELETE FROM idempotency_keys")
    assert await jobs.forget_keys(inventory_db, 7) == 1000
    [left] = await inventory_db.fetch("SELECT min(key::int) AS first, max(key::int) AS last FROM show_idempotency_keys")
    assert (left.first, left.last) == (1, 500)
    assert [await jobs.forget_keys(inventory_db, 7), await jobs.forget_keys(inventory_db, 7)] == [500, 0]


# --- A release that knows no keys of shows, before this one and beside it


async def test_a_key_from_before_the_migration_is_answered_after_it(databases: Databases) -> None:
    url = databases.server.create_database("show_keys")
    folder = named("inventory").folder / "migrations"
    await asyncio.to_thread(migrate, "inventory", folder, url, "0007")
    async with opened(url) as db:
        here, there = await Sale.begin_before(db), await Sale.begin_before(db)
        others = [uuid4() for _ in range(2_500)]
        first = await here.keep_as_before("k1", 0)
        await db.execute(
            "INSERT INTO idempotency_keys SELECT unnest(%(users)s::uuid[]), method, key, request_hash, answer,"
            " created_at - interval '3 days' FROM idempotency_keys",
            {"users": others},
        )
        await db.execute(
            "INSERT INTO idempotency_keys (user_id, method, key, request_hash, answer)"
            " SELECT gen_random_uuid(), 'CreateVenue', '', '', '' FROM generate_series(1, 100)"
        )
        await asyncio.to_thread(migrate, "inventory", folder, url, "head")
        for sale in (here, there):
            await list_prices(db, sale.show_id)
        seats = ChangeSeats(db, RULES)
        assert await seats.alone(here.hold("k1", 0)) == first
        assert all(answer == first for answer in await seats.together([here.hold("k1", 0, user=u) for u in others]))
        with pytest.raises(IdempotencyKeyReused):
            await seats.alone(here.hold("k1", 1))
        assert await here.held() == 0
        assert (await seats.alone(there.hold("k1", 0))).show_id == str(there.show_id)
        [kept] = await db.fetch(
            "SELECT min(created_at) < now() - interval '2 days' AS since FROM show_idempotency_keys"
        )
        assert kept.since, "as long as they would have been"


async def test_during_a_rollout_each_release_answers_what_the_other_has_carried_out(
    sales: tuple[Sale, Sale], seats: ChangeSeats, before: ChangeSeats
) -> None:
    here, _ = sales
    for key, one, other in (("k1", seats, before), ("k2", before, seats)):
        first = await one.alone(here.hold(key, 0))
        assert await here.held() == 1
        for release in (other, one):
            assert await release.alone(here.hold(key, 0)) == first
            with pytest.raises(IdempotencyKeyReused):
                await release.alone(here.hold(key, 1))
        assert await here.held() == 0


async def test_during_a_rollout_the_release_before_refuses_a_key_that_another_show_has(
    sales: tuple[Sale, Sale], seats: ChangeSeats, before: ChangeSeats
) -> None:
    """It would carry out nothing twice: that is what matters. Asked of this release, the request is carried out."""
    here, there = sales
    for key, release in (("k1", seats), ("k2", before)):
        first = await release.alone(here.hold(key, 0))
        second = await seats.alone(there.hold(key, 1))
        assert [await here.held(), await there.held()] == [1, 1]
        with pytest.raises(IdempotencyKeyReused):
            await before.alone(there.hold(key, 1))
        assert [await before.alone(here.hold(key, 0)), await seats.alone(here.hold(key, 0))] == [first, first]
        assert await seats.alone(there.hold(key, 1)) == second
        assert [await here.held(), await there.held()] == [0, 0]


async def test_during_a_rollout_two_releases_that_are_asked_at_once_carry_a_request_out_once(
    databases: Databases, sales: tuple[Sale, Sale], seats: ChangeSeats
) -> None:
    here, _ = sales
    async with another(databases, here.db) as other:
        replicas = [seats, ChangeSeatsAsBefore(other, RULES)]
        got = await asyncio.gather(*(replica.alone(here.hold("k1", 0)) for _ in range(5) for replica in replicas))
    assert len({answer.SerializeToString() for answer in got}) == 1
    assert await here.sequence() == 1


@asynccontextmanager
async def another(databases: Databases, db: Database) -> AsyncIterator[Database]:
    """Open a database a second time, as another replica does."""
    [row] = await db.fetch("SELECT current_database() AS name")
    async with opened(databases.server.url(row.name)) as other:
        yield other
