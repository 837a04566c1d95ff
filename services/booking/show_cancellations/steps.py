"""Cancelling shows, step by step: the wish is written → inventory cancels them → every booking is brought to its end.

Inventory's answer is the pivot: from then on it lets nobody hold, reserve, extend or confirm, and the sweep only goes
forward. A booking that is under way between the two services meets that answer, and is found by a later pass.
"""

import logging
from collections.abc import Sequence
from uuid import UUID

from services.booking.bookings.domain import State
from services.booking.bookings.leases import RETRY_SECONDS
from services.booking.clients import InventoryClient
from services.booking.errors import CancellationNotFound
from services.booking.refunds.domain import SHOW_CANCELLED, RefundPolicy
from services.booking.refunds.operation import BeginRefunds, RefundSeats
from services.booking.show_cancellations import operation
from services.booking.show_cancellations.domain import Cancellation, CancelWish, Figures, Subject, Sweep
from services.booking.show_cancellations.operation import CancelUnpaid, CancelUnpaidBookings
from services.chassis.errors import Failure, is_transient
from services.chassis.store.database import Database
from services.chassis.writes.outbox import Outbox

log = logging.getLogger(__name__)

BATCH = 100
"""Bookings of a show that are looked at together; few enough that whoever pays meanwhile does not wait long."""

PASS_SECONDS = 1.0
"""The pause between two passes over the bookings of a show, while some are under way."""


class ShowCancellations:
    """Cancellations of shows, as they are asked for and looked at."""

    def __init__(self, db: Database, inventory: InventoryClient) -> None:
        self._db = db
        self._inventory = inventory

    async def preview(self, subject: Subject, *, by_admin: bool) -> Figures:
        """Return what cancelling it would come to now, or raise why it cannot be cancelled."""
        found = await self._inventory.cancel_shows(*subject, by_admin=by_admin, validate_only=True)
        return await operation.figures_of(self._db, found.open_ids)

    async def cancel(self, wish: CancelWish, token: str) -> Sequence[Cancellation]:
        """Cancel shows; return how far they are. Who comes second is answered as the first one was.

        Raises what inventory refuses, or CancellationChanged if the token is of other figures.
        """
        subject = wish.subject
        found = await self._inventory.cancel_shows(*subject, by_admin=wish.by_admin, validate_only=True)
        if not found.is_cancelled:
            open_ids = found.open_ids
            await operation.request(self._db, wish, open_ids, token)
            try:
                found = await self._inventory.cancel_shows(*subject, by_admin=wish.by_admin)
            except Failure as failure:
                if not is_transient(failure):
                    await operation.give_up(self._db, open_ids)
                raise
        await operation.mark_cancelled(self._db, found.show_ids)
        return await operation.cancellations(self._db, found.show_ids)

    async def progress(self, show_id: UUID) -> Cancellation:
        """Return how far a cancelled show is; raise CancellationNotFound."""
        for one in await operation.cancellations(self._db, [show_id]):
            return one
        raise CancellationNotFound()


class Sweeps:
    """Sweeps of cancelled shows. Any process may carry on with any of them, at any time."""

    def __init__(self, db: Database, outbox: Outbox, inventory: InventoryClient) -> None:
        self._db = db
        self._inventory = inventory
        self._cancel = CancelUnpaidBookings(db, outbox)
        # No time decides how much comes back. Recovery carries these refunds out, as many at a time as it does of any.
        self._refund = BeginRefunds(db, RefundPolicy(()), lease_seconds=0)

    async def sweep_once(self) -> int:
        """Carry one cancelled show on by a step; return how much there was to do. A job."""
        sweep = await operation.claim_sweep(self._db)
        if sweep is None:
            return 0
        if sweep.cancelled_at is None:
            return await self._ask_again(sweep)
        found = await operation.next_bookings(self._db, sweep, BATCH)
        unpaid = [CancelUnpaid(one.id) for one in found if one.state != State.CONFIRMED]
        paid = [RefundSeats(one.id, None, (), SHOW_CANCELLED, None) for one in found if one.state == State.CONFIRMED]
        # What is refused has moved on since it was found: the next pass finds it as it is then.
        if unpaid:
            await self._cancel.together(unpaid)
        if paid:
            await self._refund.together(paid)
        if len(found) == BATCH:
            await operation.move_on(self._db, sweep.show_id, found[-1].id, 0)
            return len(found)
        if not found and sweep.swept_to is None and await self._is_over(sweep.show_id):
            return await self._finish(sweep.show_id)
        await operation.move_on(self._db, sweep.show_id, None, PASS_SECONDS)
        return len(found)

    async def _ask_again(self, sweep: Sweep) -> int:
        """Have inventory cancel a show whose canceller got no answer."""
        try:
            found = await self._inventory.cancel_shows(*sweep.subject, by_admin=sweep.by_admin)
        except Failure as failure:
            log.warning("the cancellation of show %s waits: %s", sweep.show_id, failure)
            if is_transient(failure):
                await operation.move_on(self._db, sweep.show_id, None, RETRY_SECONDS)
            else:
                await operation.give_up(self._db, [sweep.show_id])
            return 0
        await operation.mark_cancelled(self._db, found.show_ids)
        return len(found.show_ids)

    async def _is_over(self, show_id: UUID) -> bool:
        """Tell whether no booking of a cancelled show is under way, here or at inventory."""
        if await operation.is_unfinished(self._db, show_id):
            return False
        return await self._inventory.count_claims(show_id) == 0

    async def _finish(self, show_id: UUID) -> int:
        if await operation.finish(self._db, show_id):
            log.info("show swept", extra={"show_id": str(show_id)})
        return 1
