"""The service is killed while a webhook is under way: nothing is lost, what comes twice has the same id."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections import Counter
from uuid import uuid4

from roster import ROOT
from stack.ports import choose
from tests.databases import Databases, move_clock, opened
from tests.notifications.peers import served_peers
from tests.notifications.receivers import Hooks, opened_hooks, receiver
from tests.notifications.test_killed import running
from tests.notifications.topics import opened_topics
from tests.patience import eventually

KILLS = int(os.environ.get("WEBHOOK_KILLS", "2"))
MESSAGES = 4 * KILLS
SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ1Njc4"


async def test_a_service_that_is_killed_in_mid_delivery_sends_again_and_loses_none(databases: Databases) -> None:
    async with (
        databases.made("notifications") as url,
        opened(url) as db,
        opened_topics(db) as topics,
        served_peers(topics) as peers,
        opened_hooks(db) as hooks,
        receiver() as at,
    ):
        made = await hooks.enabled(at)
        await hooks.tell(times=MESSAGES)
        topics.bookings.extend(hooks.bookings)
        environment = {
            "DATABASE_URL": url,
            "PORT": str(choose(1)[0]),
            **dict.fromkeys(("BOOKING_ADDRESS", "INVENTORY_ADDRESS", "IDENTITY_ADDRESS"), peers.address),
            **dict.fromkeys(("WEBHOOK_KEY_SECRET", "UNSUBSCRIBE_SECRET"), SECRET),
            "WEBHOOK_LOOPBACK": "true",
        }
        for kill in range(1, KILLS + 1):
            at.answers.extend(["200", "hang"])
            at.held.clear()
            async with running(environment):
                await eventually(at.held.is_set)
            await move_clock(db, f"{2 * kill} minutes")
        async with running(environment):

            async def took_all() -> bool:
                return (await hooks.get(made)).sent_to == MESSAGES

            await eventually(took_all)
        assert sorted(set(at.numbers)) == list(range(1, MESSAGES + 1))
        assert at.numbers == sorted(at.numbers)
        times = Counter((each.number, each.id) for each in at.posted)
        assert len(times) == MESSAGES
        assert sum(times.values()) == MESSAGES + KILLS


async def test_the_example_takes_messages_and_nothing_that_others_signed(hooks: Hooks) -> None:
    port = choose(1)[0]
    made = await hooks.endpoint(f"http://127.0.0.1:{port}/")
    environment = os.environ | {"WEBHOOK_SECRET": made.secret, "PORT": str(port)}
    command = [sys.executable, str(ROOT / "examples/receive_webhooks.py")]
    example = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await eventually(lambda: _is_there(port))
        await hooks.send()
        assert await hooks.state(made) == "ENABLED"
        await hooks.tell(times=2)
        await hooks.send()
        assert [outcome for _, outcome, _ in await hooks.attempts(made)] == ["TAKEN"] * 3
        assert example.stdout is not None
        lines = [(await example.stdout.readline()).decode().split()[1:] for _ in range(3)]
        assert lines == [["webhook.challenge", "None"], ["booking.confirmed", "1"], ["booking.confirmed", "2"]]
        stranger = {"webhook-id": str(uuid4()), "webhook-timestamp": "1", "webhook-signature": "v1,bm8="}
        assert (await hooks.poster.post(made.endpoint.url, "{}", stranger)).status == 401
    finally:
        example.kill()
        await example.wait()


def _is_there(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0
