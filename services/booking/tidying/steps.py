"""Archiving, step by step: inventory closes the claims of expired bookings for good, then their seat rows are dropped.

Sales that have ended may go on: the show is rescheduled. Money that comes late would buy a booking without seats then.
"""

from services.booking.bookings.domain import State
from services.booking.clients import InventoryClient
from services.booking.messages import Release, release_of
from services.booking.tidying.operation import archive, old_bookings
from services.chassis.store.database import Database

BATCH = 250
"""Bookings that are archived together: not more than inventory releases by one call."""


class Archive:
    """Bookings that came to nothing, and their seat rows."""

    def __init__(self, db: Database, inventory: InventoryClient) -> None:
        self._db = db
        self._inventory = inventory

    async def archive_once(self, *, days: int = 30, limit: int = BATCH) -> int:
        """Drop the seat rows of one batch of bookings that came to nothing `days` ago; return how many rows. A job."""
        old = await old_bookings(self._db, days=days, limit=limit)
        closed = [one.id for one in old if one.state == State.CANCELLED]
        expired = [one for one in old if one.state == State.EXPIRED]
        if expired:
            answers = await self._inventory.release(
                [release_of(one.id, one.show_id, Release.ABANDONED) for one in expired]
            )
            closed += [one.id for one, refusal in zip(expired, answers, strict=True) if refusal is None]
        return await archive(self._db, closed)
