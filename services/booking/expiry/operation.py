"""Expiring bookings whose time is up."""

from collections.abc import Sequence
from uuid import UUID

from services.booking.bookings import events
from services.booking.bookings.domain import Booking
from services.booking.bookings.leases import LEASE_SECONDS
from services.booking.expiry import statements as sql
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read

EXPIRE_BATCH = 64
"""Few enough that whoever books meanwhile does not wait long behind them."""


@retried
async def claim_due(db: Database, *, limit: int = EXPIRE_BATCH) -> list[tuple[UUID, UUID]]:
    """Take one batch of PENDING bookings whose time seems to be up; return (booking, show) of each."""
    async with db.transaction() as tx:
        claimed = await tx.fetch(sql.CLAIM_DUE, {"lease_seconds": LEASE_SECONDS, "limit": limit})
    return [(row.id, row.show_id) for row in claimed]


@retried
async def expire(db: Database, booking_ids: Sequence[UUID]) -> int:
    """Expire bookings whose claims inventory has released; return how many were PENDING still."""
    async with db.transaction() as tx:
        expired = read(Booking, await tx.fetch(sql.EXPIRE, {"ids": list(booking_ids)}))
        await events.publish(tx, expired)
    return len(expired)
