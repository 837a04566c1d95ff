"""Reminders, step by step: a show that is near, how it is by inventory's word, then those who have tickets."""

from datetime import datetime, timedelta
from uuid import UUID

from services.chassis.errors import Code, Failure
from services.chassis.store.database import READ_CLOCK, Database
from services.chassis.writes.consumer import PROGRESS
from services.notifications.clients import BOOKINGS, BookingClient, InventoryClient
from services.notifications.reminders import operation
from services.notifications.reminders import statements as sql
from services.notifications.reminders.domain import BEHIND, LONG_AGO, ShowTime

NEVER_AGAIN = 2**31 - 1
"""The revision of a show that inventory does not know: nothing that is read late brings it back."""

LEARNED = 20
"""Shows that inventory is asked about by one run of the job."""


class Reminders:
    """Reminds of shows."""

    def __init__(
        self, db: Database, booking: BookingClient, inventory: InventoryClient, consumer: str, window: timedelta
    ) -> None:
        """`consumer` reads the topic of bookings; `window` is how long before its start a show is near."""
        self._db = db
        self._booking = booking
        self._inventory = inventory
        self._consumer = consumer
        self._window = window

    async def remind_once(self) -> int:
        """Remind one batch of those who have tickets of a show that is near; return how much there was to do. A job.

        The topics may be unread for hours, where the service was away. So inventory is asked how the show is, and
        nobody is reminded before the topic of bookings is read.
        """
        near = await self._db.fetch(sql.NEXT_SHOW, {"window": self._window})
        if not near or await self._is_behind(near[0].now):
            return 0
        show = await self._show(near[0].id, near[0].now)
        await operation.remind(self._db, show, self._window)
        return 1

    async def learn_once(self) -> int:
        """Ask inventory when some shows start of which the topic does not tell any more; return how many. A job."""
        ids = await operation.unknown_shows(self._db, limit=LEARNED)
        shows = [await self._show(id_, LONG_AGO) for id_ in ids]
        if shows:
            async with self._db.transaction() as tx:
                await operation.put_shows(tx, shows)
        return len(shows)

    async def _is_behind(self, now: datetime) -> bool:
        """Tell whether bookings have changed a while ago, and it is not read yet."""
        known = await self._db.fetch(PROGRESS, {"consumer": self._consumer, "topic": BOOKINGS})
        page = await self._booking.events(int(known[0].read_to) if known else None)
        return any(event.time.ToDatetime(now.tzinfo) < now - BEHIND for event in page.events[:1])

    async def _show(self, show_id: UUID, set_at: datetime) -> ShowTime:
        """Return how a show is, or raise Failure; one that inventory does not know is as good as cancelled."""
        try:
            now = await self._inventory.show(show_id)
            return ShowTime(show_id, now.revision, now.starts_at, now.ends_at, set_at, now.is_cancelled)
        except Failure as failure:
            if failure.code is not Code.NOT_FOUND:
                raise
        [clock] = await self._db.fetch(READ_CLOCK)
        return ShowTime(show_id, NEVER_AGAIN, clock.now, clock.now, set_at, is_cancelled=True)
