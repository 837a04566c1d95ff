"""Cancelling shows as booking's database has it: the wish, the sweep's steps, and how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from boxoffice.events.v1 import events_pb2

from services.booking.bookings import events
from services.booking.bookings.domain import State
from services.booking.bookings.leases import LEASE_SECONDS
from services.booking.bookings.locked import LockedBookings, bookings_of, locks
from services.booking.cancelling import messages
from services.booking.cancelling import statements as cancelling_sql
from services.booking.errors import CancellationChanged
from services.booking.show_cancellations import statements as sql
from services.booking.show_cancellations.domain import (
    Cancellation,
    CancelWish,
    Figures,
    RefundSum,
    Sweep,
    SweptBooking,
)
from services.chassis.store.database import Database, Statement, Transaction, retried
from services.chassis.store.rows import Row, columns, read
from services.chassis.writes.operation import Operation, Rows
from services.chassis.writes.outbox import Outbox

CONSUMER = "cancelled-shows"


@dataclass(frozen=True, slots=True)
class CancelUnpaid:
    """The wish to cancel a booking whose show is cancelled, if it is not paid."""

    urgent: ClassVar[bool] = False

    booking_id: UUID

    @property
    def key(self) -> UUID:
        """Wishes for one booking take turns."""
        return self.booking_id


class CancelUnpaidBookings(Operation[CancelUnpaid, LockedBookings, None]):
    """Cancels bookings that wait for their payment, or expired and might be revived. Others are left alone."""

    def __init__(self, db: Database, outbox: Outbox) -> None:
        super().__init__(db)
        self._outbox = outbox

    def reads(self, batch: Sequence[CancelUnpaid], *, wait: bool) -> dict[str, Statement]:
        """Lock the bookings."""
        return locks(command.key for command in batch)

    async def load(
        self, tx: Transaction, batch: Sequence[CancelUnpaid], rows: Rows
    ) -> tuple[LockedBookings, set[UUID]]:
        """Nothing depends on more than the bookings."""
        return LockedBookings(now=rows["clock"][0].now, bookings=bookings_of(rows)), set()

    def decide(self, command: CancelUnpaid, state: LockedBookings) -> None:
        """Cancel the booking, unless it has moved on since it was found."""
        booking = state.bookings.get(command.booking_id)
        if booking is not None and booking.state in (State.PENDING, State.EXPIRED):
            state.move(booking.cancelled_with_its_show(state.now))

    async def write(self, tx: Transaction, state: LockedBookings) -> None:
        """Write what was cancelled, and have inventory and payment told."""
        if state.moved:
            moved = columns(state.moved, "id", "version", "updated_at", "cancel_reason")
            await tx.send(cancelling_sql.CANCEL_BOOKINGS, moved)
        await events.publish(tx, state.public)
        await self._outbox.append(tx, [message for one in state.moved for message in messages.cancelled(one)])


@retried
async def figures_of(db: Database, show_ids: Sequence[UUID]) -> Figures:
    """Return what cancelling these shows comes to now."""
    async with db.transaction() as tx:
        return await _figures(tx, show_ids)


async def _figures(tx: Transaction, show_ids: Sequence[UUID]) -> Figures:
    named = {"show_ids": list(show_ids)}
    [counted], sums = await tx.fetch_all((sql.COUNT_PENDING, named), (sql.SUM_REFUNDS, named))
    return Figures(list(show_ids), counted.pending, read(RefundSum, sums))


@retried
async def request(db: Database, wish: CancelWish, show_ids: Sequence[UUID], token: str) -> None:
    """Write that shows are to be cancelled; raise CancellationChanged if the token is of other figures.

    Where somebody else has asked for all of them before, the token does not matter: the figures have changed by that.
    """
    async with db.transaction() as tx:
        known = await tx.fetch(sql.KNOWN, {"show_ids": list(show_ids)})
        if len(known) == len(show_ids) > 0:
            return
        figures = await _figures(tx, show_ids)
        if figures.token != token:
            raise CancellationChanged(
                shows=len(show_ids),
                confirmed_bookings=figures.confirmed_bookings,
                refunds=figures.told_refunds,
                token=figures.token,
            )
        given = {
            "event_id": wish.subject.event_id,
            "reason": wish.reason,
            "cancelled_by": wish.cancelled_by,
            "by_admin": wish.by_admin,
            "show_ids": list(show_ids),
            "lease_seconds": LEASE_SECONDS,
        }
        await tx.send(sql.REQUEST, given)


async def give_up(db: Database, show_ids: Sequence[UUID]) -> None:
    """Forget shows that inventory has refused to cancel."""
    await db.execute(sql.GIVE_UP, {"show_ids": list(show_ids)})


async def mark_cancelled(db: Database, show_ids: Sequence[UUID]) -> None:
    """Write that inventory has cancelled shows: their bookings are swept from now on."""
    await db.execute(sql.REMEMBER, {"show_ids": list(show_ids)})


async def remember_cancelled(tx: Transaction, told: Sequence[events_pb2.ShowEvent]) -> None:
    """Have the shows swept of which inventory's topic tells that they are cancelled."""
    show_ids = [UUID(event.show_id) for event in told if event.kind == events_pb2.ShowEvent.CANCELLED]
    if show_ids:
        await tx.send(sql.REMEMBER, {"show_ids": show_ids})


@retried
async def claim_sweep(db: Database) -> Sweep | None:
    """Take one cancelled show that nobody is sweeping."""
    claimed = read(Sweep, await db.fetch(sql.CLAIM_SWEEP, {"lease_seconds": LEASE_SECONDS}))
    return claimed[0] if claimed else None


@retried
async def next_bookings(db: Database, sweep: Sweep, limit: int) -> list[SweptBooking]:
    """Return the next bookings of this pass that something is to be decided about."""
    found = await db.fetch(sql.SWEEP, {"show_id": sweep.show_id, "after": sweep.swept_to, "limit": limit})
    return read(SweptBooking, found)


async def move_on(db: Database, show_id: UUID, swept_to: UUID | None, seconds: float) -> None:
    """Have the sweep go on behind a booking, in `seconds`."""
    await db.execute(sql.MOVE_ON, {"show_id": show_id, "swept_to": swept_to, "seconds": seconds})


@retried
async def is_unfinished(db: Database, show_id: UUID) -> bool:
    """Tell whether a booking of a show has not come to its end; one whose refunds are stuck has, as far as it can."""
    return bool(await db.fetch(sql.FIND_UNFINISHED, {"show_id": show_id}))


async def finish(db: Database, show_id: UUID) -> bool:
    """Write that no ticket and no money is left of a show; return whether that is news."""
    rows: Sequence[Row] = await db.fetch(sql.FINISH, {"show_id": show_id})
    return bool(rows)


@retried
async def cancellations(db: Database, show_ids: Sequence[UUID]) -> list[Cancellation]:
    """Return those of the shows that are cancelled, and how far they are."""
    return read(Cancellation, await db.fetch(sql.PROGRESS, {"show_ids": list(show_ids)}))
