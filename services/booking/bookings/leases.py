"""Leases: each step of the saga that is under way has one, after which recovery takes it over."""

from collections.abc import Sequence
from uuid import UUID

from services.booking.bookings import statements as sql
from services.booking.bookings.domain import Booking
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read

LEASE_SECONDS = 8.0
"""How long a step may take before recovery takes it over; longer than any call within it."""

RETRY_SECONDS = 2.0
"""When a step whose peer was away is tried again."""


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
