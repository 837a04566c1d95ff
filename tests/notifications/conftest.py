"""Notifications as it is served, with topics that tests write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from services.chassis.store.database import Database
    from tests.notifications.house import House
    from tests.notifications.receivers import Hooks
    from tests.notifications.topics import Topics


@pytest.fixture
async def topics(notifications_db: Database) -> AsyncIterator[Topics]:
    from tests.notifications.topics import opened_topics

    async with opened_topics(notifications_db) as topics:
        yield topics


@pytest.fixture
async def opening(topics: Topics) -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def house(topics: Topics, opening: AsyncExitStack) -> House:
    from tests.notifications.house import House
    from tests.notifications.mail_server import MailServer
    from tests.notifications.peers import served_peers

    peers = await opening.enter_async_context(served_peers(topics))
    server = MailServer()
    await server.start()
    opening.push_async_callback(server.stop)
    return House(topics, peers, server)


@pytest.fixture
async def hooks(notifications_db: Database) -> AsyncIterator[Hooks]:
    from tests.notifications.receivers import opened_hooks

    async with opened_hooks(notifications_db) as hooks:
        yield hooks
