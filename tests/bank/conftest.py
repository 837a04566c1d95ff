"""A bank to call, and somebody who takes its webhooks."""

from collections.abc import AsyncIterator

import pytest

from services.chassis.database import Database
from tests.bank.support import Bank, Receiver, receiving, served_bank


@pytest.fixture
async def bank(bank_db: Database) -> AsyncIterator[Bank]:
    async with served_bank(bank_db) as (bank, _, _):
        yield bank


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver
