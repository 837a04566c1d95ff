"""Identity on a real database, behind a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from services.chassis.store.database import Database
    from tests.identity.house import House


@pytest.fixture
async def house(identity_db: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Identity, whose passwords are hashed at once. What takes its time is shown by houses that tests open."""
    from argon2 import PasswordHasher

    from services.identity.accounts import hashing
    from tests.identity.house import opened_house

    monkeypatch.setattr(hashing, "_HASHER", PasswordHasher(memory_cost=8, time_cost=1, parallelism=1))
    async with opened_house(identity_db) as house:
        yield house
