"""Dropping what nobody needs any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.booking.bookings.domain import State
from services.booking.tidying import statements as sql
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read


@dataclass(frozen=True, slots=True)
class OldBooking:
    """A booking that came to nothing long ago."""

    id: UUID
    show_id: UUID
    state: State


@retried
async def old_bookings(db: Database, *, days: int, limit: int) -> list[OldBooking]:
    """Return one batch of bookings that came to nothing `days` ago, and have seat rows still.

    What money that comes late could still buy is not among them.
    """
    return read(OldBooking, await db.fetch(sql.TO_ARCHIVE, {"days": days, "limit": limit}))


async def archive(db: Database, booking_ids: Sequence[UUID]) -> int:
    """Drop the seat rows of bookings that came to nothing, for good; return how many rows."""
    return await db.execute(sql.ARCHIVE, {"ids": list(booking_ids)})


async def forget_keys(db: Database, days: int) -> int:
    """Forget one batch of idempotency keys that are older than `days`; return how many."""
    return await db.execute(sql.FORGET_KEYS, {"days": days})


async def forget_guests(db: Database, days: int, *, limit: int = 500) -> int:
    """Forget one batch of names of guests whose shows began more than `days` ago; return how many. A job."""
    return await db.execute(sql.FORGET_GUESTS, {"days": days, "limit": limit})


async def number_bookings(db: Database, *, limit: int = 500) -> int:
    """Number one batch of bookings that were made before bookings had numbers; return how many."""
    return await db.execute(sql.NUMBER_BOOKINGS, {"limit": limit})
