"""Idempotency keys: one effect, one answer, whoever asks and however often."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from boxoffice.inventory.v1 import catalog_pb2 as pb

from services.chassis.errors import Aborted, Failure, IdempotencyKeyReused, RequestInProgress
from services.chassis.store.database import Database, Statement, Transaction
from services.chassis.writes import answers
from services.chassis.writes.answers import forget
from services.chassis.writes.idempotency import NOBODY, Key, Once, key_of
from services.chassis.writes.operation import BegunOperation, KeyedOperation, Rows
from tests.databases import move_clock

ANN, BOB = uuid4(), uuid4()


def key(user: UUID = ANN, method: str = "Buy", name: str = "k1", request: bytes = b"two seats") -> Key:
    return Key(user, method, name, request)


@dataclass(frozen=True, slots=True)
class Buy:
    urgent: ClassVar[bool] = False
    once: Once[str, pb.Venue]
    refuse: str = ""
    key: str = "one shop"


@dataclass(frozen=True, slots=True)
class Things:
    bought: list[int] = field(default_factory=list)


class BuyThings(KeyedOperation[Buy, Things, str | Failure, pb.Venue]):
    """Does something once, whatever locks it has."""

    def reads(self, batch: Sequence[Buy], *, wait: bool) -> dict[str, Statement]:
        return {}

    async def load(self, tx: Transaction, batch: Sequence[Buy], rows: Rows) -> tuple[Things, set[str]]:
        return Things(), set()

    def decide(self, command: Buy, state: Things) -> str | Failure:
        if command.refuse == "raises":
            raise Aborted()
        if command.refuse == "returns":
            return Aborted()
        state.bought.append(1)
        return f"thing {uuid4()}"

    async def write(self, tx: Transaction, state: Things) -> None:
        for _ in state.bought:
            await tx.send("INSERT INTO things DEFAULT VALUES")


def once(asked: Key | None) -> Once[str, pb.Venue]:
    return Once(asked, pb.Venue, lambda outcome: pb.Venue(name=outcome))


async def buy(db: Database, asked: Key, *, refuse: str = "") -> str:
    return (await BuyThings(db).alone(Buy(once(asked), refuse))).name


async def count(db: Database) -> int:
    [row] = await db.fetch("SELECT count(*) AS things FROM things")
    return int(row.things)


async def test_twenty_equal_requests_at_once_have_one_effect_and_one_answer(db: Database) -> None:
    answers = await asyncio.gather(*(buy(db, key()) for _ in range(20)))
    assert len(set(answers)) == 1
    assert await count(db) == 1


async def test_an_equal_request_later_gets_the_same_answer(db: Database) -> None:
    assert await buy(db, key()) == await buy(db, key())
    assert await count(db) == 1


async def test_another_request_under_the_key_is_refused(db: Database) -> None:
    await buy(db, key())
    with pytest.raises(IdempotencyKeyReused):
        await buy(db, key(request=b"three seats"))
    assert await count(db) == 1


async def test_of_different_requests_at_once_under_one_key_one_wins(db: Database) -> None:
    outcomes = await asyncio.gather(*(buy(db, key(request=str(n).encode())) for n in range(10)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["IdempotencyKeyReused"] * 9 + ["str"]
    assert await count(db) == 1


@pytest.mark.parametrize("other", [{"user": BOB}, {"method": "Sell"}, {"name": "k2"}, {"name": "K1"}])
async def test_the_key_of_another_user_or_method_is_another_key(db: Database, other: dict[str, str]) -> None:
    answers = await asyncio.gather(buy(db, key()), buy(db, key(**other)))  # type: ignore[arg-type]
    assert len(set(answers)) == 2
    assert [await buy(db, key()), await buy(db, key(**other))] == answers  # type: ignore[arg-type]
    assert await count(db) == 2


@pytest.mark.parametrize("other", [{"user": BOB}, {"method": "Sell"}, {"name": "k2"}])
async def test_a_key_that_was_used_is_fresh_to_another_user_or_method(db: Database, other: dict[str, str]) -> None:
    assert await buy(db, key()) != await buy(db, key(**other))  # type: ignore[arg-type]
    assert await count(db) == 2


@pytest.mark.parametrize("refuse", ["raises", "returns"])
async def test_a_refusal_is_not_kept_and_may_be_tried_again(db: Database, refuse: str) -> None:
    with pytest.raises(Aborted):
        await buy(db, key(), refuse=refuse)
    assert await count(db) == 0
    await buy(db, key(request=b"something else even"))
    assert await count(db) == 1


async def test_a_key_may_have_any_characters_and_none_runs_into_another(db: Database) -> None:
    names = ["a/b", "a//b", "a", "'; DROP TABLE things --", "%s", "é" * 100, "\\"]
    keys = [key(name=name) for name in names] + [key(method="a", name="b/c"), key(method="a/b", name="c")]
    answers = [await buy(db, asked) for asked in keys]
    assert len(set(answers)) == len(keys)
    assert [await buy(db, asked) for asked in keys] == answers


async def test_equal_requests_in_one_batch_have_one_effect_and_one_answer(db: Database) -> None:
    batch = [Buy(once(key())), Buy(once(key(request=b"other"))), Buy(once(key())), Buy(once(None)), Buy(once(None))]
    first, reused, second, *free = await BuyThings(db)(batch, wait=False)
    assert first == second
    assert isinstance(reused, IdempotencyKeyReused)
    assert free[0] != free[1]
    assert await count(db) == 3


async def test_who_waits_too_long_for_an_equal_request_is_told_that_it_is_under_way(db: Database) -> None:
    async with db.transaction() as first:
        await answers.keep(first, answers.Kept(key(), b""))
        await first.fetch("SELECT")
        with pytest.raises(RequestInProgress) as caught:
            await buy(db, key())
        assert caught.value.retry_after_seconds
        await buy(db, key(name="another"))
        await first.fetch("DELETE FROM idempotency_keys WHERE key = 'k1' RETURNING 1")
    await buy(db, key())
    assert await count(db) == 2


# --- Begun, and answered later


@dataclass(frozen=True, slots=True)
class Begin:
    urgent: ClassVar[bool] = False
    idempotency: Key | None
    refuse: bool = False
    key: str = "one shop"


class BeginThings(BegunOperation[Begin, Things, str]):
    def reads(self, batch: Sequence[Begin], *, wait: bool) -> dict[str, Statement]:
        return {}

    async def load(self, tx: Transaction, batch: Sequence[Begin], rows: Rows) -> tuple[Things, set[str]]:
        return Things(), set()

    def decide(self, command: Begin, state: Things) -> str:
        if command.refuse:
            raise Aborted()
        state.bought.append(1)
        return "begun"

    def again(self, command: Begin, state: Things) -> str:
        return "again"

    async def write(self, tx: Transaction, state: Things) -> None:
        for _ in state.bought:
            await tx.send("INSERT INTO things DEFAULT VALUES")


async def test_of_equal_requests_one_begins_and_the_others_go_on_with_it(db: Database) -> None:
    begin = BeginThings(db)
    outcomes = await asyncio.gather(*(begin.alone(Begin(key())) for _ in range(10)))
    assert sorted(outcomes) == ["again"] * 9 + ["begun"]
    assert await begin([Begin(key()), Begin(None)], wait=False) == ["again", "begun"]
    assert await count(db) == 2


async def test_a_key_that_is_begun_is_for_no_other_request_before_it_is_answered(db: Database) -> None:
    begin = BeginThings(db)
    outcomes = await asyncio.gather(
        *(begin.alone(Begin(key(request=str(n).encode()))) for n in range(10)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["IdempotencyKeyReused"] * 9 + ["str"]
    assert await count(db) == 1


async def test_a_key_whose_request_is_refused_is_not_begun(db: Database) -> None:
    begin = BeginThings(db)
    with pytest.raises(Aborted):
        await begin.alone(Begin(key(), refuse=True))
    assert await begin.alone(Begin(key(request=b"another"))) == "begun"


# --- How they are forgotten


async def stored(db: Database) -> int:
    [row] = await db.fetch("SELECT count(*) AS keys FROM idempotency_keys")
    return int(row.keys)


async def test_a_key_is_forgotten_after_its_days_and_not_before(db: Database) -> None:
    first = await buy(db, key())
    await move_clock(db, "7 days - 1 minute")
    assert await forget(db, 7) == 0
    assert await buy(db, key()) == first
    await move_clock(db, "7 days")
    new = await buy(db, key(name="new"))
    await db.execute("UPDATE idempotency_keys SET created_at = boxoffice_clock() WHERE key = 'new'")
    assert await forget(db, 7) == 1
    assert await forget(db, 7) == 0
    assert await buy(db, key()) != first
    assert await buy(db, key(name="new")) == new


async def test_keys_are_forgotten_in_bounded_batches_the_oldest_first(db: Database) -> None:
    await db.execute(
        "INSERT INTO idempotency_keys SELECT gen_random_uuid(), 'm', n::text, '', '',"
        " clock_timestamp() - make_interval(days => 8, secs => n) FROM generate_series(1, 1500) AS n"
    )
    assert await forget(db, 7) == 1000
    [left] = await db.fetch("SELECT min(key::int) AS first, max(key::int) AS last FROM idempotency_keys")
    assert (left.first, left.last) == (1, 500)
    assert [await forget(db, 7), await forget(db, 7)] == [500, 0]


async def test_two_who_forget_at_once_share_the_keys_and_wait_for_nobody(db: Database) -> None:
    for number in range(10):
        await buy(db, key(name=f"k{number}"))
    await move_clock(db, "8 days")
    async with db.transaction() as other:
        taken = await other.fetch("SELECT key FROM idempotency_keys ORDER BY key LIMIT 4 FOR UPDATE")
        assert await forget(db, 7) == 6
        assert await forget(db, 7) == 0
    assert await stored(db) == len(taken) == 4
    assert sum(await asyncio.gather(*(forget(db, 7) for _ in range(4)))) == 4
    assert await stored(db) == 0


# --- How keys are read from requests


def test_a_request_without_a_key_has_none() -> None:
    assert key_of(pb.CreateVenueRequest(name="Odeon"), "CreateVenue") is None


def test_a_requests_hash_covers_everything_but_the_key() -> None:
    def read(**fields: str) -> Key:
        found = key_of(pb.CreateVenueRequest(**fields), "CreateVenue", ANN)
        assert found is not None
        return found

    first = read(name="Odeon", city="Pune", idempotency_key="k1")
    assert first.name == (ANN, "CreateVenue", "k1")
    assert read(name="Odeon", city="Pune", idempotency_key="k2").request_hash == first.request_hash
    for other in ({"name": "Odeon"}, {"name": "Odeon", "city": "pune"}, {"name": "Odeon", "address": "Pune"}):
        assert read(idempotency_key="k1", **other).request_hash != first.request_hash


def test_reading_the_key_leaves_the_request_alone() -> None:
    request = pb.CreateVenueRequest(name="Odeon", idempotency_key="k1")
    found = key_of(request, "CreateVenue")
    assert found is not None
    assert found.user_id == NOBODY
    assert request.idempotency_key == "k1"
