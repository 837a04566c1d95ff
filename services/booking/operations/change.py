"""Cancelling, refunding, expiring, archiving, and taking over what was left unfinished."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.booking import messages
from services.booking.domain.bookings import Booking, State
from services.booking.domain.errors import (
    BookingNotConfirmed,
    BookingNotFound,
    BookingNotPending,
    PaymentInProgress,
    RefundNotAllowed,
)
from services.booking.domain.refunds import RefundPolicy, refund_amount
from services.booking.operations.create import LEASE_SECONDS, Changed
from services.booking.operations.look import seats_by_booking
from services.booking.queries import bookings as sql
from services.chassis import idempotency
from services.chassis.database import READ_CLOCK, Database, Transaction, retried
from services.chassis.outbox import Outbox
from services.chassis.rows import read

EXPIRE_BATCH = 64
"""Few enough that whoever books meanwhile does not wait long behind them."""

M = TypeVar("M", bound=Message)


async def _locked(tx: Transaction, booking_id: UUID, user_id: UUID) -> tuple[Booking, datetime]:
    """Lock a booking of a user and, after that, read the clock; raise BookingNotFound."""
    found, clock = await tx.fetch_all((sql.LOCK_BOOKINGS, {"ids": [booking_id]}), (READ_CLOCK, ()))
    bookings = read(Booking, found)
    if not bookings or bookings[0].user_id != user_id:
        raise BookingNotFound()
    return bookings[0], clock[0].now


@retried
async def cancel(
    db: Database, outbox: Outbox, booking_id: UUID, user_id: UUID, once: idempotency.Once[Changed, M]
) -> M:
    """Cancel a PENDING booking. Raises BookingNotFound, BookingNotPending or PaymentInProgress."""
    async with db.transaction() as tx:
        if (answer := await once.answer(tx)) is not None:
            return answer
        booking, now = await _locked(tx, booking_id, user_id)
        if booking.state == State.CONFIRMING and booking.confirming_from == State.PENDING:
            raise PaymentInProgress()
        if (state := booking.public_state(now)) != State.PENDING:
            raise BookingNotPending(status=state)
        found, seats = await tx.fetch_all(
            (sql.CANCEL, {"id": booking.id, "version": booking.version}), (sql.SEATS, {"booking_ids": [booking.id]})
        )
        cancelled = Changed(read(Booking, found)[0], seats_by_booking(seats)[booking.id])
        answer = await once.keep(tx, cancelled)
        await outbox.append(
            tx,
            [
                messages.give_up(booking.id, booking.show.show_id),
                messages.close_payments(booking.id),
            ],
        )
    return answer


@retried
async def begin_refund(
    db: Database, booking_id: UUID, user_id: UUID, key: idempotency.Key | None, policy: RefundPolicy
) -> Booking:
    """Freeze amount and percentage of a CONFIRMED booking's refund: from here on, it is only carried out.

    A refund that is under way already, or was asked for with the same key, is returned as it is now: the key is
    stored without an answer (docs/adr/0008-refund-answers.md). Raises BookingNotFound, BookingNotConfirmed or
    RefundNotAllowed.
    """
    async with db.transaction() as tx:
        asked_before = key is not None and await idempotency.find(tx, key) is not None
        booking, now = await _locked(tx, booking_id, user_id)
        if asked_before:
            return booking
        if booking.state != State.REFUNDING:
            if booking.state != State.CONFIRMED:
                raise BookingNotConfirmed(status=booking.public_state(now))
            percentage = policy.percentage(now, booking.show.starts_at)
            amount = refund_amount(booking.total_amount, percentage)
            if amount == 0:
                raise RefundNotAllowed()
            frozen = {
                "id": booking.id,
                "version": booking.version,
                "amount": amount,
                "percentage": percentage,
                "lease_seconds": LEASE_SECONDS,
            }
            [booking] = read(Booking, await tx.fetch(sql.BEGIN_REFUNDING, frozen))
        if key:
            # Whoever is answered with success has used the key, also where another request began the refund.
            await idempotency.keep(tx, (key, b""))
    return booking


@retried
async def finish_refund(db: Database, booking_id: UUID) -> Booking:
    """Write down that the money has gone back, if nobody has yet; return the booking."""
    async with db.transaction() as tx:
        _, found = await tx.fetch_all((sql.FINISH_REFUNDING, {"id": booking_id}), (sql.BOOKINGS, {"ids": [booking_id]}))
    return read(Booking, found)[0]


@retried
async def mark_stuck(db: Database, booking_id: UUID) -> bool:
    """Show that a booking's refund cannot be carried out; return whether that is news. It is tried each minute."""
    marked = await db.fetch(sql.REFUND_STUCK, {"id": booking_id})
    return bool(marked and marked[0].is_news)


@retried
async def claim_due(db: Database, *, limit: int = EXPIRE_BATCH) -> list[tuple[UUID, UUID]]:
    """Take one batch of PENDING bookings whose time seems to be up; return (booking, show) of each."""
    async with db.transaction() as tx:
        claimed = await tx.fetch(sql.CLAIM_DUE, {"lease_seconds": LEASE_SECONDS, "limit": limit})
    return [(row.id, row.show_id) for row in claimed]


async def expire(db: Database, booking_ids: Sequence[UUID]) -> int:
    """Expire bookings whose claims inventory has released; return how many were PENDING still."""
    return await db.execute(sql.EXPIRE, {"ids": list(booking_ids)})


async def archive(db: Database, *, days: int = 30, limit: int = 1_000) -> int:
    """Drop the seat rows of one batch of bookings that came to nothing `days` ago; return how many rows.

    What money that comes late could still buy stays.
    """
    return await db.execute(sql.ARCHIVE, {"days": days, "limit": limit})


async def forget_keys(db: Database, days: int) -> int:
    """Forget one batch of idempotency keys that are older than `days`; return how many."""
    return await db.execute(sql.FORGET_KEYS, {"days": days})


@retried
async def claim_unfinished(db: Database, *, limit: int = 100) -> list[Booking]:
    """Take over one batch of steps that nobody has finished."""
    async with db.transaction() as tx:
        claimed = await tx.fetch(sql.CLAIM_UNFINISHED, {"lease_seconds": LEASE_SECONDS, "limit": limit})
    return read(Booking, claimed)


async def postpone(db: Database, booking_ids: Sequence[UUID], seconds: float) -> None:
    """Have unfinished steps taken over in `seconds`."""
    if booking_ids:
        await db.execute(sql.POSTPONE, {"seconds": seconds, "ids": list(booking_ids)})
