"""`make kills`: notifications, mail server and PostgreSQL are killed again and again while bookings are confirmed."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from roster import ROOT, named
from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.chassis.store.migrate import migrate
from stack.ports import choose
from tests.chassis import own_server as own_servers
from tests.chassis.own_server import OwnServer
from tests.databases import move_clock, opened
from tests.notifications.peers import served_peers
from tests.notifications.recorder import MOMENT_SECONDS
from tests.notifications.topics import BookingEvent, opened_topics
from tests.patience import eventually

COUNT = int(os.environ.get("KILLS", "0"))
AT_ONCE = 30
"""Bookings that are confirmed between two kills."""
MINUTES = 6
"""How far the clock goes after a kill: longer than a lease, and than the longest pause."""
SHOW = uuid4()

pytestmark = [
    pytest.mark.skipif(not COUNT, reason="make kills asks for it"),
    pytest.mark.timeout(900),
]


@dataclass
class Killable:
    """A process that is started again after each kill."""

    command: list[str]
    environment: dict[str, str]
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        paths = os.pathsep.join((str(ROOT), str(ROOT / "protos/gen")))
        environment = os.environ | self.environment | {"PYTHONPATH": paths}
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *self.command,
            env=environment,
            cwd=ROOT,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

    async def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()


@dataclass
class Kills:
    """What is killed, and what came of it."""

    db: Database
    file: Path
    own: OwnServer
    victims: dict[str, Killable]
    between: int = 0
    """Kills between a mail's DATA and the note of its answer."""
    minutes: int = 0
    done: Counter[str] = field(default_factory=Counter)
    _open: set[tuple[str, int]] = field(default_factory=set)

    def got(self) -> Counter[str]:
        return Counter(line.split(" ")[0] for line in self.file.read_text().splitlines() if " " in line)

    async def ask(self, question: Callable[[], Awaitable[Any]]) -> Any:
        """Ask until PostgreSQL answers."""

        async def answered() -> list[Any]:
            try:
                return [await question()]
            except Failure:
                return []

        [answer] = await eventually(answered)
        return answer

    async def sent(self) -> set[str]:
        rows = await self.ask(lambda: self.db.fetch("SELECT id FROM mails WHERE state = 'SENT'"))
        return {f"<{row.id}@boxoffice.example>" for row in rows}

    async def kill(self, name: str) -> None:
        if name == "postgres":
            await asyncio.to_thread(self.own.kill)
            self.own.start()
        else:
            await self.victims[name].kill()
        sent = await self.sent()
        left = {(id_, times) for id_, times in self.got().items() if id_ not in sent}
        self.between += len(left - self._open)
        self._open |= left
        if name != "postgres":
            await self.victims[name].start()
        self.done[name] += 1
        self.minutes += MINUTES
        await self.ask(lambda: move_clock(self.db, f"{self.minutes} minutes"))


@pytest.fixture
def own_server() -> Iterator[OwnServer]:
    with own_servers.running() as own:
        yield own


@asynccontextmanager
async def killing(own: OwnServer, url: str, db: Database, address: str, file: Path) -> AsyncIterator[Kills]:
    """Run mail server and notifications on a database."""
    port = choose(1)[0]
    environment = {
        "DATABASE_URL": url,
        "PORT": str(choose(1)[0]),
        **dict.fromkeys(("BOOKING_ADDRESS", "INVENTORY_ADDRESS", "IDENTITY_ADDRESS"), address),
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(port),
        "SMTP_SECURITY": "none",
        "UNSUBSCRIBE_SECRET": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTEyMzQ1Njc4",
        "WEBHOOK_KEY_SECRET": "whsec_ZWluWndlaURyZWlWaWVyRnVlbmZTZWNoc1NpZWJlbjg=",
    }
    victims = {
        "mail server": Killable(["tests.notifications.recorder", str(port), str(file)], {}),
        "notifications": Killable(["services.notifications"], environment),
    }
    try:
        for victim in victims.values():
            await victim.start()
        yield Kills(db, file, own, victims)
    finally:
        for victim in victims.values():
            await victim.kill()


async def test_nobody_is_without_a_mail_and_who_has_two_got_the_second_by_a_kill_before_the_answer_was_noted(
    own_server: OwnServer, tmp_path: Path
) -> None:
    chance, mails = random.Random(7), tmp_path / "mails"
    mails.touch()
    url = own_server.server.create_database("notifications")
    await asyncio.to_thread(migrate, "notifications", named("notifications").folder / "migrations", url)
    async with (
        opened(url) as db,
        opened_topics(db) as topics,
        served_peers(topics) as peers,
        killing(own_server, url, db, peers.address, mails) as kills,
    ):
        order = ["notifications", "mail server", "postgres"]
        for number in range(COUNT):
            booked = topics.book(SHOW, 0, BookingEvent.CONFIRMED)
            peers.has_address(booked.user_id, f"user{number}@example.com")
            if number % AT_ONCE == AT_ONCE - 1:
                before = kills.got().total()
                await eventually(lambda before=before: kills.got().total() > before + chance.randrange(10))
                await asyncio.sleep(chance.uniform(0, 2 * MOMENT_SECONDS))
                await kills.kill(order[number // AT_ONCE % len(order)])

        async def all_sent() -> bool:
            return len(await kills.sent()) == COUNT

        await eventually(all_sent, 120)
        got, lines = kills.got(), kills.file.read_text().splitlines()
        duplicates = got.total() - len(got)
        kinds = ", ".join(f"{count} of {name}" for name, count in kills.done.items())
        print(f"\n{COUNT} confirmations, kills: {kinds}; {kills.between} between DATA and the note of its answer")
        print(f"mails: {len(got)}, second ones: {duplicates}, users without one: {COUNT - len(got)}")
        assert {line.split(" ")[1] for line in lines} == {f"user{number}@example.com" for number in range(COUNT)}
        assert duplicates <= kills.between <= kills.done.total()
