"""Changes of bookings: whoever waits for one is told of it, whichever process made it.

One reader in each process asks, in one statement for all bookings that anybody waits for there, which of them are not
any more as they are known. It keeps nothing: what is known of a booking comes from those who wait.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.booking.bookings.domain import State
from services.booking.watching import statements as sql
from services.chassis.errors import ResourceExhausted
from services.chassis.sight import metrics
from services.chassis.store.database import Database
from services.chassis.store.rows import columns
from services.chassis.writes.looking import Looker

CONNECTIONS = 1
"""To the database: the reader's."""

MAX_OF_USER = 16
"""Who may wait at once for bookings of one user, in each process: a few devices, each with a few pages."""

WOKEN_AT_ONCE = 25
"""How many are told before whatever else there is to do has its turn."""


@dataclass(frozen=True, slots=True)
class SeenBooking:
    """What somebody knows of a booking."""

    booking_id: UUID
    status: State
    """As callers see it."""
    expires_at: datetime | None
    version: int
    """Of one that has refunds, which are seen, too; else 0."""
    show_revision: int
    """Of its show, whose times are seen, too."""


class Changes:
    """Those who wait for bookings to change. `run` has to run."""

    def __init__(self, db: Database, *, max_waiting: int, heartbeat_seconds: float) -> None:
        """`max_waiting`: how many may wait at once, in all.

        `heartbeat_seconds`: where nothing happens for so long, that is what those who watch are told.
        """
        self._db = db
        self.heartbeat_seconds = heartbeat_seconds
        self._max_waiting = max_waiting
        self._places: Counter[UUID] = Counter()
        self._waiting: dict[SeenBooking, set[asyncio.Future[None]]] = {}
        self._looker = Looker(self._look, lambda: bool(self._waiting), "changes of bookings")
        self._looked_at = float("-inf")
        self.ended = False
        metrics.WATCHERS.set_function(self._places.total)

    @contextmanager
    def place(self, user_id: UUID) -> Iterator[None]:
        """Take a place among those who wait for bookings of a user; raise ResourceExhausted if there is none."""
        if self._places[user_id] >= MAX_OF_USER or self._places.total() >= self._max_waiting:
            raise ResourceExhausted()
        self._places[user_id] += 1
        try:
            yield
        finally:
            self._places[user_id] -= 1
            if not self._places[user_id]:
                del self._places[user_id]

    async def after(self, known: SeenBooking, seconds: float) -> bool | None:
        """Wait until a booking is not any more as it is known, or `end` was called, for so many seconds at most.

        Return True if that came; False if the booking has not changed since this was called, None if that is not known.
        """
        if self.ended:
            return True
        loop = asyncio.get_running_loop()
        began, woken = loop.time(), loop.create_future()
        self._waiting.setdefault(known, set()).add(woken)
        self._looker.begin()
        try:
            async with asyncio.timeout(seconds):
                await woken
        except TimeoutError:
            return False if self._looked_at > began else None
        finally:
            others = self._waiting.get(known, set())
            others.discard(woken)
            if not others:
                self._waiting.pop(known, None)
        return True

    async def run(self) -> None:
        """Look for changes for ever, while anybody waits."""
        await self._looker.run()

    def end(self) -> None:
        """Send everybody away."""
        self.ended = True
        for waiting in self._waiting.values():
            for woken in waiting:
                _wake(woken)

    async def _look(self) -> None:
        began, asked = asyncio.get_running_loop().time(), list(self._waiting)
        rows = await self._db.fetch(
            sql.CHANGED, columns(asked, "booking_id", "status", "expires_at", "version", "show_revision")
        )
        self._looked_at = began
        woken_up = [woken for row in rows for woken in self._waiting.get(asked[row.number - 1], ())]
        for count, woken in enumerate(woken_up, 1):
            _wake(woken)
            if not count % WOKEN_AT_ONCE:
                await asyncio.sleep(0)


def _wake(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)
