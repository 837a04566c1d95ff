"""The service is killed between a mail and its answer: no fact is without a mail, a second one has the same id."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

from roster import ROOT
from stack.ports import choose
from tests.databases import Databases, move_clock, opened
from tests.notifications.mail_server import mail_server
from tests.notifications.peers import served_peers
from tests.notifications.topics import BookingEvent, opened_topics
from tests.patience import eventually

COUNT = 4
SHOW = uuid4()


@asynccontextmanager
async def running(environment: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the service as a process of its own, which is killed in the end."""
    command = [sys.executable, "-m", "services.notifications"]
    paths = os.pathsep.join((str(ROOT), str(ROOT / "protos/gen")))
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | environment | {"PYTHONPATH": paths}, cwd=ROOT, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_a_service_that_is_killed_before_the_answer_sends_the_mail_again_and_loses_none(
    databases: Databases,
) -> None:
    async with (
        databases.made("notifications") as url,
        opened(url) as db,
        opened_topics(db) as topics,
        served_peers(topics) as peers,
        mail_server() as server,
    ):
        for number in range(COUNT):
            booked = topics.book(SHOW, number, BookingEvent.CONFIRMED)
            peers.has_address(booked.user_id, f"user{number}@example.com")
        environment = {
            "DATABASE_URL": url,
            "PORT": str(choose(1)[0]),
            **dict.fromkeys(("BOOKING_ADDRESS", "INVENTORY_ADDRESS", "IDENTITY_ADDRESS"), peers.address),
            "WEBHOOK_KEY_SECRET": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ1Njc4",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(server.port),
            "SMTP_SECURITY": "none",
            "UNSUBSCRIBE_SECRET": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ1Njc4",
        }
        server.behaviours.extend(["250 taken", "hang"])
        async with running(environment):
            await eventually(server.held.is_set)
        await move_clock(db, "10 minutes")
        async with running(environment):

            async def all_sent() -> bool:
                rows = await db.fetch("SELECT state FROM mails")
                return [row.state for row in rows] == ["SENT"] * COUNT

            await eventually(all_sent)
        counted = Counter(server.ids)
        assert sorted(counted.values()) == [1] * (COUNT - 1) + [2]
        assert sorted(set(server.to)) == [f"user{number}@example.com" for number in range(COUNT)]
