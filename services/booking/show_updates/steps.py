"""Edits of shows, step by step: inventory is asked how a show is → its bookings are brought up to that, batch by batch.

It is begun by inventory's topic, or by an answer that tells of a revision which a booking does not have.
"""

import logging
from datetime import timedelta

from services.booking.bookings.leases import RETRY_SECONDS
from services.booking.clients import InventoryClient
from services.booking.show_updates import operation
from services.chassis.errors import Failure
from services.chassis.store.database import Database

log = logging.getLogger(__name__)

BATCH = 200
"""Bookings of a show that are updated together; few enough that whoever pays meanwhile does not wait long."""

PASS_SECONDS = 1.0
"""The pause between two passes over the bookings of a show, while some are between two steps."""


class ShowUpdates:
    """Shows that were edited. Any process may carry on with any of them, at any time."""

    def __init__(self, db: Database, inventory: InventoryClient, *, full_refund: timedelta) -> None:
        """`full_refund`: how long all comes back on request after a show was rescheduled."""
        self._db = db
        self._inventory = inventory
        self._full_refund = full_refund

    async def sweep_once(self) -> int:
        """Carry one edited show on by a step; return how much there was to do. A job."""
        update = await operation.claim_update(self._db)
        if update is None:
            return 0
        try:
            show = await self._inventory.show(update.show_id, revision=update.revision)
        except Failure as failure:
            log.warning("the bookings of show %s wait for its new times: %s", update.show_id, failure)
            await operation.move_on(self._db, update, None, RETRY_SECONDS)
            return 0
        updated = await operation.update_bookings(
            self._db, show, update.swept_to, limit=BATCH, full_refund=self._full_refund
        )
        if len(updated) == BATCH:
            await operation.move_on(self._db, update, updated[-1], 0)
        elif await operation.is_outdated(self._db, update):
            await operation.move_on(self._db, update, None, PASS_SECONDS)
        else:
            await operation.finish(self._db, update)
            log.info("bookings follow their show", extra={"show_id": str(update.show_id)})
        return len(updated)
