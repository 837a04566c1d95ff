"""Settling captures: recorded first, with what they come to; then, when inventory has answered, for good."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.booking import messages
from services.booking.domain.bookings import Booking, Capture, Decline, Extension, Settlement, State, settle
from services.booking.domain.errors import BookingNotFound, CaptureMismatch
from services.booking.operations.create import LEASE_SECONDS
from services.booking.queries import bookings as sql
from services.chassis.database import Database, retried
from services.chassis.errors import Failure
from services.chassis.outbox import Message, Outbox
from services.chassis.rows import columns, read


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
            (sql.LOCK_BOOKINGS, columns(batch, ids="booking_id")),
            (sql.CAPTURES, columns(batch, payment_ids="payment_id")),
        )
        bookings = {booking.id: booking for booking in read(Booking, locked)}
        seen = {capture.payment_id: capture for capture in read(Capture, known)}
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

        begun: list[Booking] = []
        if new:
            captures = columns(
                [capture for capture, _ in new], "payment_id", "booking_id", "session_id", "amount", "currency"
            )
            await tx.send(sql.RECORD_CAPTURES, captures | {"settlement": [settlement for _, settlement in new]})
            await outbox.append(tx, _returns(new))
        if confirming:
            moved = columns(confirming, "id", "version", payment_id=lambda booking: bookings[booking.id].payment_id)
            begun = read(Booking, await tx.fetch(sql.BEGIN_CONFIRMING, moved | {"lease_seconds": LEASE_SECONDS}))
            assert len(begun) == len(confirming), "the rows are locked"
    return Recorded(refusals, begun)


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
            (sql.CONFIRM, columns(confirmed, "id", "version")),
            (sql.FAIL_CONFIRMING, columns(refused, "id", "version", "payment_id")),
        )
        for settlement, rows in ((Settlement.KEPT, kept), (Settlement.NO_TICKET, returned)):
            await tx.send(sql.SETTLE_CAPTURES, columns(rows, payment_ids="payment_id") | {"settlement": settlement})
        await outbox.append(
            tx,
            [messages.return_money(row.payment_id, row.total_amount, Settlement.NO_TICKET) for row in returned],
        )


async def new_declines(db: Database, payment_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the declined payments that were not heard of before."""
    known = await db.fetch(sql.KNOWN_DECLINES, {"payment_ids": list(payment_ids)})
    return set(payment_ids) - {row.payment_id for row in known}


@retried
async def record_declines(db: Database, declines: Sequence[Decline], extended: Sequence[Extension]) -> None:
    """Record declines, and copy what inventory extended."""
    async with db.transaction() as tx:
        await tx.send(sql.RECORD_DECLINES, columns(declines, "payment_id", "booking_id"))
        if extended:
            await tx.send(sql.EXTEND, columns(extended, "booking_id", "expires_at"))
