"""Refunds of bookings: begun in one transaction, and carried out from then on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from services.booking.bookings import events
from services.booking.bookings import statements as bookings_sql
from services.booking.bookings.domain import Booking, State
from services.booking.bookings.leases import LEASE_SECONDS
from services.booking.bookings.locked import LockedBookings, bookings_of, locks
from services.booking.refunds import statements as sql
from services.booking.refunds.domain import RefundPolicy, begin_refund
from services.chassis.store.database import Database, Statement, Transaction, retried
from services.chassis.store.rows import columns, read
from services.chassis.writes.idempotency import Key
from services.chassis.writes.operation import BegunOperation, Rows


@dataclass(frozen=True, slots=True)
class BeginRefund:
    """The wish of a user to get the money for a booking back."""

    urgent: ClassVar[bool] = False

    booking_id: UUID
    user_id: UUID
    idempotency: Key | None

    @property
    def key(self) -> UUID:
        """Wishes for one booking take turns."""
        return self.booking_id


class BeginRefunds(BegunOperation[BeginRefund, LockedBookings, Booking]):
    """Freezes amount and percentage of refunds of CONFIRMED bookings: from here on, they are only carried out.

    Answers with the booking. A refund that is under way already, or was asked for with the same key, is answered with
    the booking as it is now: the key is kept without an answer (docs/adr/0008-refund-answers.md). Refuses with
    BookingNotFound, BookingNotConfirmed or RefundNotAllowed.
    """

    def __init__(self, db: Database, policy: RefundPolicy) -> None:
        super().__init__(db)
        self._policy = policy

    def reads(self, batch: Sequence[BeginRefund], *, wait: bool) -> dict[str, Statement]:
        """Lock the bookings."""
        return locks(command.key for command in batch)

    async def load(self, tx: Transaction, batch: Sequence[BeginRefund], rows: Rows) -> tuple[LockedBookings, set[UUID]]:
        """Nothing depends on more than the bookings."""
        return LockedBookings(now=rows["clock"][0].now, bookings=bookings_of(rows)), set()

    def again(self, command: BeginRefund, state: LockedBookings) -> Booking:
        """Return the booking, however far its refund is."""
        return state.of_user(command.booking_id, command.user_id)

    def decide(self, command: BeginRefund, state: LockedBookings) -> Booking:
        """Begin the refund, unless another request has begun it: its key is used up all the same."""
        booking = state.of_user(command.booking_id, command.user_id)
        if booking.state == State.REFUNDING:
            return booking
        return state.move(begin_refund(booking, self._policy, state.now))

    async def write(self, tx: Transaction, state: LockedBookings) -> None:
        """Write the refunds that were begun."""
        if state.moved:
            begun = columns(state.moved, "id", "version", "refund_amount", "refund_percentage")
            await tx.send(sql.BEGIN_REFUNDING, begun | {"lease_seconds": LEASE_SECONDS})


@retried
async def finish_refund(db: Database, booking_id: UUID) -> Booking:
    """Write down that the money has gone back, if nobody has yet; return the booking."""
    async with db.transaction() as tx:
        finished, found = await tx.fetch_all(
            (sql.FINISH_REFUNDING, {"id": booking_id}), (bookings_sql.BOOKINGS, {"ids": [booking_id]})
        )
        [booking] = read(Booking, found)
        await events.publish(tx, [booking] if finished else [])
    return booking


@retried
async def mark_refund_stuck(db: Database, booking_id: UUID) -> bool:
    """Show that a booking's refund cannot be carried out; return whether that is news. It is tried each minute."""
    marked = await db.fetch(sql.REFUND_STUCK, {"id": booking_id})
    return bool(marked and marked[0].is_news)
