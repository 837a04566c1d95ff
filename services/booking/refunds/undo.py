"""Refunds that the bank had carried out, and that failed after all."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar
from uuid import UUID

from services.booking.bookings import events
from services.booking.bookings import statements as bookings_sql
from services.booking.bookings.domain import RefundState
from services.booking.bookings.events import PartRefund
from services.booking.bookings.locked import locks
from services.booking.errors import BookingNotFound
from services.booking.refunds import statements as sql
from services.booking.refunds.domain import paid_back
from services.booking.refunds.operation import RefundableBookings, count_refunds, loaded
from services.chassis.store.database import Statement, Transaction
from services.chassis.store.rows import columns
from services.chassis.writes.operation import Operation, Rows


@dataclass(frozen=True, slots=True)
class UndoRefund:
    """The bank's word that a refund failed which it had carried out."""

    urgent: ClassVar[bool] = False

    booking_id: UUID
    refund_id: UUID

    @property
    def key(self) -> UUID:
        """Refunds of one booking take turns."""
        return self.booking_id


@dataclass(frozen=True, slots=True)
class UndoneRefunds:
    """Bookings with refunds that failed after all."""

    bookings: RefundableBookings
    undone: list[UUID] = field(default_factory=list)
    parts: list[PartRefund] = field(default_factory=list)


class UndoRefunds(Operation[UndoRefund, UndoneRefunds, None]):
    """Lets refunds be on their way again; refuses with BookingNotFound.

    Bookings stay what they are, REFUNDED too: their seats may be others' by now. The release before kept no refund of
    its own: then payment alone shows that it is stuck.
    """

    def reads(self, batch: Sequence[UndoRefund], *, wait: bool) -> dict[str, Statement]:
        """Lock the bookings, then read their seats and refunds."""
        named = columns(batch, booking_ids="booking_id")
        statements = {"seats": (bookings_sql.SEATS, named), "refunds": (bookings_sql.REFUNDS, named)}
        return locks(command.key for command in batch) | statements

    async def load(self, tx: Transaction, batch: Sequence[UndoRefund], rows: Rows) -> tuple[UndoneRefunds, set[UUID]]:
        """Nothing depends on more than the bookings, their seats and refunds."""
        return UndoneRefunds(loaded(rows)), set()

    def decide(self, command: UndoRefund, state: UndoneRefunds) -> None:
        """Begin the refund again. Whoever has just heard that it was carried out must not write that any more."""
        known = state.bookings
        booking = known.bookings.get(command.booking_id)
        if booking is None:
            raise BookingNotFound()
        refunds = known.refunds[booking.id]
        place = next((place for place, refund in enumerate(refunds) if refund.id == command.refund_id), None)
        if place is None:
            return
        before = refunds[place]
        refunds[place] = replace(before, state=RefundState.PROCESSING, undone=before.undone + 1)
        state.undone.append(before.id)
        if before.state == RefundState.REFUNDED:
            left = sum(seat.refund_id is None for seat in known.seats[booking.id])
            moved = known.move(booking.with_other_refunds())
            state.parts.append(PartRefund(moved, before.id, paid_back(refunds), left, is_undone=True))

    async def write(self, tx: Transaction, state: UndoneRefunds) -> None:
        """Write the refunds and the bookings, and tell of them."""
        if state.undone:
            await tx.send(sql.UNDO_REFUNDS, {"ids": state.undone})
            await count_refunds(tx, [part.booking for part in state.parts])
            await events.publish_parts(tx, state.parts)
