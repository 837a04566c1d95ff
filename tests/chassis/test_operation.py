"""The runner of operations, on a real database."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

import pytest

from services.chassis.errors import FailedPrecondition, NotFound
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction
from services.chassis.store.rows import columns, read
from services.chassis.writes.desk import BUSY
from services.chassis.writes.operation import Operation, Rows
from tests.patience import eventually


@dataclass(frozen=True, slots=True)
class Take:
    urgent: ClassVar[bool] = False
    key: int
    amount: int


@dataclass(frozen=True, slots=True)
class Account:
    id: int
    amount: int


@dataclass(frozen=True, slots=True)
class Accounts:
    now: datetime
    amounts: dict[int, int]
    changed: set[int] = field(default_factory=set)


class TakeMoney(Operation[Take, Accounts, int]):
    def reads(self, batch: Sequence[Take], *, wait: bool) -> dict[str, Statement]:
        lock = "SELECT id, amount FROM accounts WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE"
        ids = {"ids": sorted({take.key for take in batch})}
        return {"accounts": (lock if wait else f"{lock} SKIP LOCKED", ids), "clock": (READ_CLOCK, ())}

    async def load(self, tx: Transaction, batch: Sequence[Take], rows: Rows) -> tuple[Accounts, set[int]]:
        amounts = {account.id: account.amount for account in read(Account, rows["accounts"])}
        missing = {take.key for take in batch} - amounts.keys()
        there = await tx.fetch("SELECT id FROM accounts WHERE id = ANY(%(ids)s)", {"ids": list(missing)})
        return Accounts(rows["clock"][0].now, amounts), {row.id for row in there}

    def decide(self, command: Take, state: Accounts) -> int:
        if command.key not in state.amounts:
            raise NotFound()
        if state.amounts[command.key] < command.amount:
            raise FailedPrecondition()
        state.amounts[command.key] -= command.amount
        state.changed.add(command.key)
        return state.amounts[command.key]

    async def write(self, tx: Transaction, state: Accounts) -> None:
        changed = [Account(id_, state.amounts[id_]) for id_ in sorted(state.changed)]
        await tx.send(
            "UPDATE accounts a SET amount = new.amount"
            " FROM unnest(%(id)s::int[], %(amount)s::int[]) AS new (id, amount) WHERE a.id = new.id",
            columns(changed, "id", "amount"),
        )


@pytest.fixture
async def take(db: Database) -> TakeMoney:
    await db.execute("CREATE TABLE accounts (id int PRIMARY KEY, amount int NOT NULL)")
    await db.execute("INSERT INTO accounts VALUES (1, 10), (2, 10)")
    return TakeMoney(db)


async def amounts(db: Database) -> dict[int, int]:
    return {row.id: row.amount for row in await db.fetch("SELECT id, amount FROM accounts")}


async def test_commands_are_decided_one_after_the_other_and_a_refused_one_spoils_no_other(
    db: Database, take: TakeMoney
) -> None:
    batch = [Take(1, 6), Take(1, 6), Take(3, 1), Take(2, 4), Take(1, 4)]
    first, second, third, *rest = await take(batch, wait=False)
    assert (first, rest) == (4, [6, 0])
    assert isinstance(second, FailedPrecondition)
    assert isinstance(third, NotFound)
    assert await amounts(db) == {1: 0, 2: 6}


async def test_what_somebody_else_has_is_busy_and_left_alone(db: Database, take: TakeMoney) -> None:
    async with db.transaction() as other:
        await other.fetch("SELECT FROM accounts WHERE id = 1 FOR UPDATE")
        assert await take([Take(1, 1), Take(2, 1)], wait=False) == [BUSY, 9]
    assert await amounts(db) == {1: 10, 2: 9}


async def test_a_command_alone_waits_for_its_lock_and_is_decided_by_what_is_there_then(
    db: Database, take: TakeMoney
) -> None:
    async with db.transaction() as other:
        await other.fetch("SELECT FROM accounts WHERE id = 1 FOR UPDATE")
        alone = asyncio.create_task(take.alone(Take(1, 3)))
        await eventually(
            lambda: db.fetch("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%accounts%'")
        )
        await other.send("UPDATE accounts SET amount = 3 WHERE id = 1")
    assert await alone == 0
    assert await amounts(db) == {1: 0, 2: 10}


async def test_a_command_alone_raises_what_it_is_refused_for(db: Database, take: TakeMoney) -> None:
    with pytest.raises(FailedPrecondition):
        await take.alone(Take(1, 11))
    with pytest.raises(NotFound):
        await take.alone(Take(7, 1))
    assert await amounts(db) == {1: 10, 2: 10}


async def test_commands_together_are_answered_each_for_itself(db: Database, take: TakeMoney) -> None:
    refused, taken = await take.together([Take(1, 11), Take(2, 10)])
    assert isinstance(refused, FailedPrecondition)
    assert taken == 0
    assert await amounts(db) == {1: 10, 2: 0}


async def test_a_write_that_fails_undoes_the_batch(
    db: Database, take: TakeMoney, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = TakeMoney.write

    async def half(self: TakeMoney, tx: Transaction, state: Accounts) -> None:
        await whole(self, tx, state)
        raise FailedPrecondition()

    monkeypatch.setattr(TakeMoney, "write", half)
    with pytest.raises(FailedPrecondition):
        await take.alone(Take(1, 1))
    assert await amounts(db) == {1: 10, 2: 10}
