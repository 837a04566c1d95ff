"""The saga: what happens to a booking across services, step by step.

Every step is written down before its call goes out, and can be taken over from the row by anybody: each call may be
repeated. No transaction is open during a call. The row's version fences off whoever was too slow.

Inventory's confirm is the pivot: before it, a saga that cannot go on is undone; after it, it only goes forward.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from services.booking.bookings.domain import Booking, Changed, State
from services.booking.bookings.leases import claim_unfinished
from services.booking.captures.steps import Captures
from services.booking.clients import InventoryClient, PaymentClient
from services.booking.creating.steps import CreateBookings
from services.booking.declines.steps import Declines
from services.booking.expiry.steps import Expiry
from services.booking.refunds.steps import Refunds
from services.booking.show_cancellations.steps import Sweeps
from services.booking.show_updates.steps import ShowUpdates
from services.booking.tidying.steps import Archive
from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.chassis.writes.outbox import Outbox

log = logging.getLogger(__name__)

FULL_REFUND = timedelta(days=7)
"""How long all comes back on request after a show was rescheduled, where nothing else is set."""

RECOVERY_SECONDS = 1.0
"""The pause between two looks for unfinished steps."""


class Saga:
    """The steps of bookings, and the recovery of those that nobody has finished."""

    def __init__(
        self,
        db: Database,
        outbox: Outbox,
        inventory: InventoryClient,
        payments: PaymentClient,
        *,
        render: Callable[[Changed], bytes],
        expiry: timedelta,
        extension: timedelta,
        free_per_day: int = 0,
        free_takes_email: bool = False,
        full_refund: timedelta = FULL_REFUND,
    ) -> None:
        """`render` makes of a created booking what its caller is answered.

        `free_per_day`: how many free bookings a user may make in a day; 0: any number. `free_takes_email`: whether they
        are only for callers whose e-mail address is verified. `full_refund`: how long all comes back on request after a
        show was rescheduled.
        """
        self.free_takes_email = free_takes_email
        self._db = db
        self.captures = Captures(db, outbox, inventory, render=render)
        self.create = CreateBookings(
            db, inventory, self.captures.confirm, render=render, expiry=expiry, free_per_day=free_per_day
        )
        self.expiry = Expiry(db, inventory)
        self.declines = Declines(db, inventory, self.expiry, extension=extension)
        self.refunds = Refunds(db, inventory, payments)
        self.sweeps = Sweeps(db, outbox, inventory)
        self.show_updates = ShowUpdates(db, inventory, full_refund=full_refund)
        self.archive = Archive(db, inventory)

    async def recover(self) -> None:
        """Finish, for ever, what was left unfinished."""
        while True:
            try:
                while await self.recover_once():
                    pass
            except Failure as failure:
                log.warning("recovery waits: %s", failure)
            except Exception:  # a defect with one booking must not end the recovery of all others
                log.exception("recovery stumbled")
            await asyncio.sleep(RECOVERY_SECONDS)

    async def recover_once(self) -> int:
        """Take over one batch of unfinished steps and carry them on; return how many there were."""
        claimed, refunds = await claim_unfinished(self._db), await self.refunds.claim()
        by_state: dict[State, list[Booking]] = {}
        for booking in claimed:
            by_state.setdefault(booking.state, []).append(booking)
        await asyncio.gather(
            self.create.give_up(by_state.get(State.RESERVING, [])),
            self.captures.confirm(by_state.get(State.CONFIRMING, [])),
            *(self.refunds.carry_out_whole(booking) for booking in by_state.get(State.REFUNDING, [])),
            *(self.refunds.carry_out(refund) for refund in refunds),
        )
        return len(claimed) + len(refunds)
