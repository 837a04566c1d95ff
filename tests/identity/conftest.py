"""Identity on a real database, behind a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from services.chassis.store.database import Database
    from tests.identity.house import House


@pytest.fixture
async def house(identity_db: Database) -> AsyncIterator[House]:
    from tests.identity.house import opened_house

    async with opened_house(identity_db) as house:
        yield house
