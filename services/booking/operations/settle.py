"""Settling captures: recorded first, with what they come to; then, when inventory has answered, for good."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from services.booking import messages
from services.booking.domain.bookings import Booking, Capture, Settlement, State, settle
from services.booking.domain.errors import BookingNotFound, CaptureMismatch
from services.booking.operations import rows
from services.booking.operations.create import LEASE_SECONDS
from services.booking.queries import bookings as sql
from services.chassis.database import Database, retried
from services.chassis.errors import Failure
from services.chassis.outbox import Message, Outbox


@dataclass(frozen=True, slots=True)
class Recorded:
    """A batch of captures, recorded."""

    refusals: Sequence[Failure | None]
    """For each capture None, or why it could not be recorded."""
    confirming: Sequence[Booking]
    """Bookings that inventory has to confirm now."""


@retried
async def record(db: Database, outbox: Outbox, batch: Sequence[Capture]) -> Recorded:
    """Record captures and begin to confirm what they may buy. What buys nothing is sent back in full.

    A capture that is known already changes nothing. One that is being confirmed is left to whoever does that.
    """
    async with db.transaction() as tx:
        locked, known = await tx.fetch_all(
            (sql.LOCK_BOOKINGS, ([capture.booking_id for capture in batch],)),
            (sql.CAPTURES, ([capture.payment_id for capture in batch],)),
        )
        bookings = {row.id: rows.booking(row) for row in locked}
        seen = {row.payment_id: Capture(*row[:5]) for row in known}
        refusals: list[Failure | None] = []
        new: list[tuple[Capture, Settlement]] = []
        confirming: list[Booking] = []
        for capture in batch:
            booking = bookings.get(capture.booking_id)
            refusal: Failure | None = None
            if capture.payment_id in seen:
                refusal = None if seen[capture.payment_id] == capture else CaptureMismatch()
            elif booking is None:
                refusal = BookingNotFound()
            else:
                seen[capture.payment_id] = capture
                settlement = settle(booking, capture)
                new.append((capture, settlement))
                if settlement == Settlement.CONFIRM:
                    confirming.append(booking)
                    # The next capture for the same booking in this batch must see what this one did.
                    bookings[booking.id] = replace(booking, state=State.CONFIRMING, payment_id=capture.payment_id)
            refusals.append(refusal)

        begun: list[Any] = []
        if new:
            await tx.send(
                sql.RECORD_CAPTURES,
                (
                    [capture.payment_id for capture, _ in new],
                    [capture.booking_id for capture, _ in new],
                    [capture.session_id for capture, _ in new],
                    [capture.amount for capture, _ in new],
                    [capture.currency for capture, _ in new],
                    [settlement for _, settlement in new],
                ),
            )
            await outbox.append(tx, _returns(new))
        if confirming:
            begun = await tx.fetch(
                sql.BEGIN_CONFIRMING,
                (
                    LEASE_SECONDS,
                    [booking.id for booking in confirming],
                    [booking.version for booking in confirming],
                    [bookings[booking.id].payment_id for booking in confirming],
                ),
            )
            assert len(begun) == len(confirming), "the rows are locked"
    return Recorded(refusals, [rows.booking(row) for row in begun])


def _returns(settled: Sequence[tuple[Capture, Settlement]]) -> list[Message]:
    """Return the messages that send money back."""
    kept = (Settlement.CONFIRM, Settlement.KEPT)
    return [
        messages.return_money(capture.payment_id, capture.amount, settlement)
        for capture, settlement in settled
        if settlement not in kept
    ]


@retried
async def finish(db: Database, outbox: Outbox, confirmed: Sequence[Booking], refused: Sequence[Booking]) -> None:
    """Write down what inventory answered: the money is kept, or goes back in full.

    A booking that somebody else has taken over meanwhile is left alone.
    """
    async with db.transaction() as tx:
        kept, returned = await tx.fetch_all(
            (sql.CONFIRM, ([b.id for b in confirmed], [b.version for b in confirmed])),
            (
                sql.FAIL_CONFIRMING,
                ([b.id for b in refused], [b.version for b in refused], [b.payment_id for b in refused]),
            ),
        )
        await tx.send(sql.SETTLE_CAPTURES, (Settlement.KEPT, [row.payment_id for row in kept]))
        await tx.send(sql.SETTLE_CAPTURES, (Settlement.NO_TICKET, [row.payment_id for row in returned]))
        await outbox.append(
            tx,
            [messages.return_money(row.payment_id, row.total_amount, Settlement.NO_TICKET) for row in returned],
        )


async def new_declines(db: Database, payment_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the declined payments that were not heard of before."""
    known = await db.fetch(sql.KNOWN_DECLINES, (list(payment_ids),))
    return set(payment_ids) - {row.payment_id for row in known}


@retried
async def record_declines(
    db: Database, declines: Sequence[tuple[UUID, UUID]], extended: Sequence[tuple[UUID, Any]]
) -> None:
    """Record (payment, booking) declines, and copy what inventory extended."""
    async with db.transaction() as tx:
        await tx.send(sql.RECORD_DECLINES, ([payment for payment, _ in declines], [id_ for _, id_ in declines]))
        if extended:
            await tx.send(sql.EXTEND, ([id_ for id_, _ in extended], [until for _, until in extended]))
