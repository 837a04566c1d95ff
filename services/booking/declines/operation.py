"""Declined payments: each gives its booking more time, once."""

from collections.abc import Sequence
from uuid import UUID

from services.booking.declines import statements as sql
from services.booking.declines.domain import Decline, Extension
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import columns


async def new_declines(db: Database, payment_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the declined payments that were not recorded before."""
    known = await db.fetch(sql.KNOWN_DECLINES, {"payment_ids": list(payment_ids)})
    return set(payment_ids) - {row.payment_id for row in known}


@retried
async def record_declines(db: Database, declines: Sequence[Decline], extended: Sequence[Extension]) -> None:
    """Record declines, and copy what inventory extended."""
    async with db.transaction() as tx:
        await tx.send(sql.RECORD_DECLINES, columns(declines, "payment_id", "booking_id"))
        if extended:
            await tx.send(sql.EXTEND, columns(extended, "booking_id", "expires_at", "sales_end_at"))
