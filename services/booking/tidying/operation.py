"""Dropping what nobody needs any more."""

from services.booking.tidying import statements as sql
from services.chassis.store.database import Database


async def archive(db: Database, *, days: int = 30, limit: int = 1_000) -> int:
    """Drop the seat rows of one batch of bookings that came to nothing `days` ago; return how many rows.

    What money that comes late could still buy stays.
    """
    return await db.execute(sql.ARCHIVE, {"days": days, "limit": limit})


async def forget_keys(db: Database, days: int) -> int:
    """Forget one batch of idempotency keys that are older than `days`; return how many."""
    return await db.execute(sql.FORGET_KEYS, {"days": days})


async def number_bookings(db: Database, *, limit: int = 500) -> int:
    """Number one batch of bookings that were made before bookings had numbers; return how many."""
    return await db.execute(sql.NUMBER_BOOKINGS, {"limit": limit})
