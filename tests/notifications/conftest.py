"""Notifications as it is served, with topics that tests write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from services.chassis.store.database import Database
    from tests.notifications.topics import Topics


@pytest.fixture
async def topics(notifications_db: Database) -> AsyncIterator[Topics]:
    from tests.notifications.topics import opened_topics

    async with opened_topics(notifications_db) as topics:
        yield topics
