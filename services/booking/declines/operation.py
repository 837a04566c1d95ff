"""Declined payments: each gives its booking more time, once."""

from collections.abc import Sequence
from uuid import UUID

from services.booking.bookings import events
from services.booking.bookings.domain import Booking, State
from services.booking.bookings.events import FailedPayment
from services.booking.bookings.statements import LOCK_BOOKINGS
from services.booking.declines import statements as sql
from services.booking.declines.domain import Decline, Extension
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import Row, columns, read


async def new_declines(db: Database, payment_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the declined payments that were not recorded before."""
    known = await db.fetch(sql.KNOWN_DECLINES, {"payment_ids": list(payment_ids)})
    return set(payment_ids) - {row.payment_id for row in known}


@retried
async def record_declines(db: Database, declines: Sequence[Decline], extended: Sequence[Extension]) -> None:
    """Record declines, tell of each once, and copy what inventory extended."""
    ids = sorted({one.booking_id for one in declines} | {one.booking_id for one in extended})
    async with db.transaction() as tx:
        await tx.fetch(LOCK_BOOKINGS, {"ids": ids})
        if extended:
            await tx.send(sql.EXTEND, columns(extended, "booking_id", "expires_at", "sales_end_at"))
        recorded = await tx.fetch(sql.RECORD_DECLINES, columns(declines, "payment_id", "booking_id"))
        bookings = read(Booking, await tx.fetch(LOCK_BOOKINGS, {"ids": ids}))
        if failures := _failures(bookings, recorded):
            await tx.send(sql.PASS_VERSIONS, columns(failures, id="booking.id", version="booking.version"))
            await events.publish_failures(tx, failures)


def _failures(bookings: Sequence[Booking], recorded: Sequence[Row]) -> list[FailedPayment]:
    """Return what there is to tell of declines that are recorded: of each whose booking still waits to be paid."""
    known = {booking.id: booking for booking in bookings if booking.state == State.PENDING}
    failures = []
    for row in recorded:
        if row.booking_id in known:
            known[row.booking_id] = booking = known[row.booking_id].with_failed_payment()
            failures.append(FailedPayment(booking, row.payment_id))
    return failures
