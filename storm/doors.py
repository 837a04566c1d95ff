"""Four gates of a show that is sold meanwhile, two of them without a connection half of the time.

Each ticket is shown to all of them, again and again. With a connection it must let in once; without, once at each gate;
and whoever came in on a ticket that had let in must be listed in the end.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from boxoffice.booking.v1 import gates_pb2

from boxoffice_client import Client
from boxoffice_client.errors import BoxofficeError
from boxoffice_client.gate import Gate, Scan
from stack.postgres import Server
from stack.tokens import ADMIN, Tokens
from storm.client import GaveUp, Refused, StormShop
from storm.report import DoorCount
from storm.shows import make_show
from storm.stories import Customer

ONLINE, OFFLINE = ("North", "East"), ("South", "West")
"""The gates that always have a connection, and those that have none half of the time."""
DAY = 86_400
TURN_SECONDS = 6.0
PAUSE_SECONDS = 0.1
SELLERS = 6
BUYING_SECONDS = 0.5
SETTLED_SECONDS = 20.0
SYNC_SECONDS = 60.0
REFUNDS = 0.2
"""The share of tickets that somebody tries to give back."""

COUNTED = """
    SELECT count(*), count(*) FILTER (WHERE came_in), count(*) FILTER (WHERE came_in AND is_offline),
        count(*) FILTER (WHERE came_in AND result <> 'ADMITTED') FROM scans
"""
DOUBLE_ONLINE = """
    SELECT ticket_id FROM scans WHERE NOT is_offline AND came_in GROUP BY ticket_id HAVING count(*) > 1
"""
DOUBLE_AT_ONE = "SELECT ticket_id FROM scans WHERE came_in GROUP BY ticket_id, gate_id HAVING count(*) > 1"
MOST = "SELECT coalesce(max(times), 0) FROM (SELECT count(*) AS times FROM scans WHERE came_in GROUP BY ticket_id) AS t"
CAME_IN = "SELECT regexp_replace(key, '[+]offline$', '') FROM scans WHERE came_in"


class Doors:
    """The show, its gates, and what these have done."""

    def __init__(self, url: str, tokens: Tokens | None, folder: Path, seed: str) -> None:
        self._client = Client(url)
        self._admin = self._client
        if tokens is not None:
            self._admin = self._client.with_options(token=tokens.token_for(ADMIN, "ADMIN", seconds=DAY))
        self._folder = folder
        self._chance = random.Random(f"doors {seed}")
        self._codes: list[str] = []
        self._gates: dict[str, Gate] = {}
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._came_in: set[str] = set()
        """The scans by which gates have let somebody in."""

    async def open(self, shop: StormShop) -> None:
        """Make the show and its gates."""
        self._show = await make_show(shop)
        for name in (*ONLINE, *OFFLINE):
            offline = gates_pb2.Gate.ANY if name in OFFLINE else gates_pb2.Gate.NEVER
            ends_at = datetime.now(UTC) + timedelta(days=365)
            made = await asyncio.to_thread(
                self._admin.create_gate, name=name, show_ids=[self._show.id], ends_at=ends_at, offline=offline
            )
            self._gates[name] = Gate(self._client, made.credential, self._show.id, self._folder / name, gate_id=made.id)
        for name in self._gates:
            chance = random.Random(f"{name} {self._chance.random()}")
            self._threads.append(threading.Thread(target=self._stand, args=(name, chance), daemon=True))
            self._threads[-1].start()

    async def sell(self, shop: StormShop) -> None:
        """Sell tickets; give some back, whether they were used or not."""
        await asyncio.gather(*(self._sell_on(shop) for _ in range(SELLERS)))

    async def _sell_on(self, shop: StormShop) -> None:
        while self._show.seats:
            with suppress(Refused, GaveUp, BoxofficeError):
                await self._sell_one(Customer(shop, self._chance))
            await asyncio.sleep(BUYING_SECONDS)

    async def _sell_one(self, customer: Customer) -> None:
        booking = await customer.book(self._show.id, [self._show.seats.popleft()])
        await customer.pay(await customer.session(booking), "pm_succeed")
        if await customer.until(booking, "CONFIRMED", seconds=SETTLED_SECONDS) != "CONFIRMED":
            return
        [ticket] = (await asyncio.to_thread(self._admin.list_tickets, booking_id=booking["id"])).tickets
        self._codes.append((await asyncio.to_thread(self._admin.get_ticket_code, ticket_id=ticket.id)).code)
        if self._chance.random() < REFUNDS:
            await asyncio.sleep(self._chance.uniform(0, 2))
            await customer.send(customer.refund(booking))

    def _stand(self, name: str, chance: random.Random) -> None:
        """Scan what people show, at one gate, until the storm is over."""
        gate, turn = self._gates[name], time.monotonic()
        while not self._over.wait(PAUSE_SECONDS):
            if name in OFFLINE and time.monotonic() > turn:
                turn = time.monotonic() + TURN_SECONDS
                self._turn(gate)
            if self._codes:
                # The newest are shown everywhere at the same time.
                codes = self._codes[-4:] if chance.random() < 0.6 else self._codes
                with suppress(BoxofficeError):
                    self._note(gate.scan(chance.choice(codes)))

    def _turn(self, gate: Gate) -> None:
        """Take a gate's connection away, or give it back; in between it sends what it has done, and gets a new list."""
        with suppress(BoxofficeError, ValueError):
            gate.sync()
            gate.refresh()
            gate.online = not gate.online

    def _note(self, scan: Scan) -> None:
        if scan.came_in:
            self._came_in.add(scan.key)

    def close(self) -> None:
        """Have the gates send no one in any more."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def reckon(self, server: Server, say: Callable[[str], None]) -> tuple[DoorCount, list[str]]:
        """Have the gates send what they have judged; return what came of it, and what breaks a promise."""
        end = time.monotonic() + SYNC_SECONDS
        for name, gate in self._gates.items():
            while gate.journal.unsent and time.monotonic() < end:
                with suppress(BoxofficeError):
                    gate.sync()
            if gate.journal.unsent:
                say(f"gate {name} could not send what it has judged")
            gate.journal.close()
        self._client.close()
        with server.connect("booking") as connection:
            [(scans, came_in, offline, conflicts)] = connection.execute(COUNTED).fetchall()
            [(most,)] = connection.execute(MOST).fetchall()
            online, at_one = (len(connection.execute(each).fetchall()) for each in (DOUBLE_ONLINE, DOUBLE_AT_ONE))
            kept = {key for (key,) in connection.execute(CAME_IN).fetchall()}
        found = DoorCount(scans, came_in, offline, conflicts, online, most)
        broken = [
            f"doors: {what}: {number}"
            for what, number in {
                "tickets let in twice at gates with a connection": online,
                "tickets let in twice at one gate": at_one,
                "people came in who are not listed": len(self._came_in - kept),
                f"tickets let in more often than once and at {len(OFFLINE)} gates without a connection": max(
                    0, most - 1 - len(OFFLINE)
                ),
            }.items()
            if number
        ]
        return found, broken
