"""Captures, step by step: CONFIRMING → inventory confirms → CONFIRMED, or the money goes back.

Inventory's confirm is the pivot: a booking that it has confirmed only goes forward.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from services.booking.bookings import shows
from services.booking.bookings.domain import Booking, Changed, State
from services.booking.bookings.leases import RETRY_SECONDS, postpone
from services.booking.bookings.seats import ConfirmedClaim
from services.booking.captures.domain import Capture
from services.booking.captures.operation import Confirmation, FinishConfirming, RecordCaptures
from services.booking.clients import InventoryClient
from services.booking.transfers.operation import shares_to_book
from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.chassis.writes.outbox import Outbox

log = logging.getLogger(__name__)


class Captures:
    """Money that was taken for bookings."""

    def __init__(
        self, db: Database, outbox: Outbox, inventory: InventoryClient, *, render: Callable[[Changed], bytes]
    ) -> None:
        self._db = db
        self._inventory = inventory
        self._record = RecordCaptures(db, outbox)
        self._finish = FinishConfirming(db, outbox, render)

    async def settle(self, captures: Sequence[Capture]) -> Sequence[Failure | None]:
        """Record captures and settle them; for each None, or why it could not be recorded.

        What is recorded is settled in the end, by recovery if need be.
        """
        recorded = await self._record.together(captures)
        confirming = [answer for answer in recorded if isinstance(answer, Booking)]
        try:
            await self.confirm(confirming)
        except Failure as failure:
            log.warning("%d confirmations are left to recovery: %s", len(confirming), failure)
        return [answer if isinstance(answer, Failure) else None for answer in recorded]

    async def confirm(self, bookings: Sequence[Booking]) -> Mapping[UUID, Booking]:
        """Have inventory confirm bookings, and write down its answers; if it is away, recovery asks again.

        Return those that it has answered for, as they are then.
        """
        if not bookings:
            return {}
        answers: Sequence[Failure | ConfirmedClaim]
        try:
            names = [(booking.id, booking.show.show_id) for booking in bookings]
            answers = await self._inventory.confirm(names, await self._from_others(bookings))
        except Failure as failure:
            answers = [failure] * len(bookings)
        answered, unknown = [], []
        newer: dict[UUID, int] = {}
        for booking, answer in zip(bookings, answers, strict=True):
            if isinstance(answer, ConfirmedClaim):
                if answer.show_revision > booking.show.show_revision:
                    newer[booking.show.show_id] = answer.show_revision
                answered.append(Confirmation(booking, True, answer.seat_ids))
            elif answer.reason == "CLAIM_CLOSED":
                answered.append(Confirmation(booking, has_seats=False))
            else:
                log.warning("booking %s is not confirmed yet: %s", booking.id, answer)
                unknown.append(booking.id)
        finished = await self._finish.together(answered) if answered else []
        await postpone(self._db, unknown, RETRY_SECONDS)
        await shows.note(self._db, newer)
        return {one.id: one for one in finished if isinstance(one, Booking)}

    async def _from_others(self, bookings: Sequence[Booking]) -> list[int]:
        """Return how many tickets of their shows the users of bookings have from others, where money came late.

        An acceptance that is under way is waited for. A later one counts the seats of these bookings, which are
        CONFIRMING. Until a booking expires, acceptances count its seats, so nothing is to be counted for it.
        """
        late = {(one.user_id, one.show.show_id) for one in bookings if one.confirming_from == State.EXPIRED}
        if not late:
            return []
        _, rows = await self._db.transact(*shares_to_book(sorted(late)))
        tickets = {(row.user_id, row.show_id): row.tickets for row in rows}
        return [
            tickets.get((one.user_id, one.show.show_id), 0) if one.confirming_from == State.EXPIRED else 0
            for one in bookings
        ]
