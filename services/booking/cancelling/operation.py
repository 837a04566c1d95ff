"""Cancelling bookings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from services.booking.bookings import events
from services.booking.bookings import statements as bookings_sql
from services.booking.bookings.domain import BookedSeat, Changed
from services.booking.bookings.locked import LockedBookings, bookings_of, locks
from services.booking.bookings.rows import seats_by_booking
from services.booking.cancelling import messages
from services.booking.cancelling import statements as sql
from services.chassis.store.database import Database, Statement, Transaction
from services.chassis.store.rows import columns
from services.chassis.writes.idempotency import Once
from services.chassis.writes.operation import KeyedOperation, Rows
from services.chassis.writes.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Cancel:
    """The wish of a user to cancel a booking."""

    urgent: ClassVar[bool] = False

    booking_id: UUID
    user_id: UUID
    once: Once[Changed, Any]

    @property
    def key(self) -> UUID:
        """Wishes for one booking take turns."""
        return self.booking_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellable(LockedBookings):
    """Bookings and their seats."""

    seats: Mapping[UUID, list[BookedSeat]]


class CancelBookings(KeyedOperation[Cancel, Cancellable, Changed, Any]):
    """Cancels PENDING bookings; answers with the booking as that has left it.

    Refuses with BookingNotFound, BookingNotPending or PaymentInProgress.
    """

    def __init__(self, db: Database, outbox: Outbox) -> None:
        super().__init__(db)
        self._outbox = outbox

    def reads(self, batch: Sequence[Cancel], *, wait: bool) -> dict[str, Statement]:
        """Lock the bookings, and read their seats."""
        seats = (bookings_sql.SEATS, columns(batch, booking_ids="key"))
        return locks(command.key for command in batch) | {"seats": seats}

    async def load(self, tx: Transaction, batch: Sequence[Cancel], rows: Rows) -> tuple[Cancellable, set[UUID]]:
        """Put the seats to their bookings."""
        seats = seats_by_booking(rows["seats"])
        return Cancellable(now=rows["clock"][0].now, bookings=bookings_of(rows), seats=seats), set()

    def decide(self, command: Cancel, state: Cancellable) -> Changed:
        """Cancel the booking, if nothing was paid for it."""
        booking = state.of_user(command.booking_id, command.user_id)
        return Changed(state.move(booking.cancelled(state.now)), state.seats[booking.id])

    async def write(self, tx: Transaction, state: Cancellable) -> None:
        """Write what was cancelled, and have inventory and payment told."""
        if state.moved:
            await tx.send(sql.CANCEL_BOOKINGS, columns(state.moved, "id", "version", "updated_at", "cancel_reason"))
        await events.publish(tx, state.public)
        await self._outbox.append(tx, [message for one in state.moved for message in messages.cancelled(one)])
