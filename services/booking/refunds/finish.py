"""Refunds that were carried out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar
from uuid import UUID

from services.booking.bookings import events
from services.booking.bookings import statements as bookings_sql
from services.booking.bookings.domain import Booking, RefundState, State
from services.booking.bookings.events import PartRefund
from services.booking.bookings.locked import locks
from services.booking.refunds import statements as sql
from services.booking.refunds.domain import paid_back
from services.booking.refunds.operation import RefundableBookings, count_refunds, loaded
from services.chassis.store.database import Database, Statement, Transaction, retried
from services.chassis.store.rows import columns, read
from services.chassis.writes.operation import Operation, Rows


@dataclass(frozen=True, slots=True)
class FinishRefund:
    """The money of a refund is with the customer."""

    urgent: ClassVar[bool] = False

    booking_id: UUID
    refund_id: UUID
    undone: int
    """As often as it had failed after all when payment was asked for it."""

    @property
    def key(self) -> UUID:
        """Refunds of one booking take turns."""
        return self.booking_id


@dataclass(frozen=True, slots=True)
class RefundingBookings:
    """Bookings whose refunds are carried out, and what is told of them."""

    bookings: RefundableBookings
    finished: list[UUID] = field(default_factory=list)
    parts: list[PartRefund] = field(default_factory=list)
    again: list[Booking] = field(default_factory=list)
    """Those that have been REFUNDED all the while, and whose money is back again."""


class FinishRefunds(Operation[FinishRefund, RefundingBookings, None]):
    """Writes down that refunds were carried out, if nobody has yet. With the last one, the booking is REFUNDED.

    One that has failed after all since payment was asked for it stays on its way: it is asked for again.
    """

    def reads(self, batch: Sequence[FinishRefund], *, wait: bool) -> dict[str, Statement]:
        """Lock the bookings, then read their seats and refunds."""
        named = columns(batch, booking_ids="booking_id")
        statements = {"seats": (bookings_sql.SEATS, named), "refunds": (bookings_sql.REFUNDS, named)}
        return locks(command.key for command in batch) | statements

    async def load(
        self, tx: Transaction, batch: Sequence[FinishRefund], rows: Rows
    ) -> tuple[RefundingBookings, set[UUID]]:
        """Nothing depends on more than the bookings, their seats and refunds."""
        return RefundingBookings(loaded(rows)), set()

    def decide(self, command: FinishRefund, state: RefundingBookings) -> None:
        """Finish the refund, and the booking where no seat is left and no other refund is under way."""
        known = state.bookings
        refunds = known.refunds[command.booking_id]
        place = next(place for place, refund in enumerate(refunds) if refund.id == command.refund_id)
        if refunds[place].state == RefundState.REFUNDED or refunds[place].undone != command.undone:
            return
        refunds[place] = replace(refunds[place], state=RefundState.REFUNDED)
        state.finished.append(command.refund_id)
        booking = known.bookings[command.booking_id]
        left = sum(seat.refund_id is None for seat in known.seats[booking.id])
        all_back = not left and all(refund.state == RefundState.REFUNDED for refund in refunds)
        if all_back and booking.state == State.CONFIRMED:
            known.move(booking.refunded(known.now))
        elif all_back:
            state.again.append(known.move(booking.with_other_refunds()))
        else:
            moved = known.move(booking.with_other_refunds())
            state.parts.append(PartRefund(moved, command.refund_id, paid_back(refunds), left))

    async def write(self, tx: Transaction, state: RefundingBookings) -> None:
        """Write the refunds and the bookings, and tell of them."""
        if state.finished:
            await tx.send(sql.FINISH_REFUNDS, {"ids": state.finished})
            await count_refunds(tx, [part.booking for part in state.parts] + state.again)
            ended = state.bookings.public
            await tx.send(sql.END_BOOKINGS, columns(ended, "id", "version", "updated_at"))
            await events.publish(tx, ended + state.again)
            await events.publish_parts(tx, state.parts)


@retried
async def finish_whole(db: Database, booking_id: UUID) -> Booking:
    """Write down that the money has gone back that the release before wanted back; return the booking."""
    async with db.transaction() as tx:
        finished, found = await tx.fetch_all(
            (sql.FINISH_REFUNDING, {"id": booking_id}), (bookings_sql.BOOKINGS, {"ids": [booking_id]})
        )
        [booking] = read(Booking, found)
        await events.publish(tx, [booking] if finished else [])
    return booking
