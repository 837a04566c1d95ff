"""Transactions on seats leave their marks beside the seats, and are asked for there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.chassis.store.database import Database
from services.inventory.jobs import forget_markers
from services.inventory.seats.commands import Hold
from services.inventory.seats.domain import Price
from services.inventory.seats.listing import SetPrices
from services.inventory.seats.operation import ChangeSeats
from tests.chassis.wire import Break, Wire
from tests.databases import Databases, opened
from tests.inventory.rules import RULES
from tests.inventory.sale import OnSale, opened_sale


@pytest.fixture
async def wire(databases: Databases) -> AsyncIterator[Wire]:
    async with databases.made("inventory") as url, Wire(url).open() as wire:
        yield wire


async def marks(db: Database, table: str) -> int:
    [row] = await db.fetch(f"SELECT count(*) AS marks FROM {table}")
    return int(row.marks)


@pytest.mark.parametrize("where", [Break.ANSWER_LOST, Break.BEFORE])
async def test_a_hold_whose_commit_is_lost_is_held_once(wire: Wire, where: Break) -> None:
    asked: list[str] = []
    async with opened(wire.url) as db, opened_sale(db) as on_sale:
        lost = False

        def watch(statement: str) -> Break | None:
            nonlocal lost
            if "_markers" in statement:
                asked.append(statement.split()[2])
            if statement == "COMMIT" and not lost:
                lost = True
                return where
            return None

        wire.watch = watch
        await on_sale.hold(uuid4(), 0)
        assert lost
        assert await on_sale.sequence() == 1
    assert set(asked) == {"show_markers"}
    assert len(asked) == 3, "the mark, the question, and then who wrote it, or the mark of another try"


async def test_what_writes_the_catalogue_too_leaves_its_mark_there(on_sale: OnSale) -> None:
    before = await marks(on_sale.db, "commit_markers")
    await on_sale.hold(uuid4(), 0)
    assert (await marks(on_sale.db, "commit_markers"), await marks(on_sale.db, "show_markers")) == (before, 1)
    await on_sale.set_price(30_000)
    assert (await marks(on_sale.db, "commit_markers"), await marks(on_sale.db, "show_markers")) == (before + 1, 1)


async def test_marks_are_forgotten_when_nobody_can_be_in_doubt_any_more(on_sale: OnSale) -> None:
    await on_sale.hold(uuid4(), 0)
    await on_sale.hold(uuid4(), 1)
    await on_sale.db.execute(
        "UPDATE show_markers SET created_at = created_at - interval '16 minutes'"
        " WHERE id = (SELECT min(id::text)::uuid FROM show_markers)"
    )
    assert await forget_markers(on_sale.db) == 1
    assert await forget_markers(on_sale.db) == 0
    assert await marks(on_sale.db, "show_markers") == 1


async def test_a_batch_with_a_command_about_prices_leaves_its_mark_in_the_catalogue(inventory_db: Database) -> None:
    operation = ChangeSeats(inventory_db, RULES)
    hold = Hold(show_id=uuid4(), user_id=uuid4(), seat_ids=[uuid4()])
    prices = SetPrices(show_id=uuid4(), prices=[Price("REGULAR", 1)])
    assert operation.marks([hold, prices]).beside == operation.marks([prices, hold]).beside == {}
    assert operation.marks([hold]).beside == {"show_id": hold.show_id}
