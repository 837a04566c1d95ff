"""A bank to call, and somebody who takes its webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from services.chassis.store.database import Database
    from tests.bank.support import Bank, Receiver


@pytest.fixture
async def bank(bank_db: Database) -> AsyncIterator[Bank]:
    from tests.bank.support import served_bank

    async with served_bank(bank_db) as (bank, _, _):
        yield bank


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    from tests.bank.support import receiving

    async with receiving() as receiver:
        yield receiver
