"""Free bookings: how many a user may make in a day.

A free booking costs nothing to make, so whoever wants to keep seats from others could make any number. What is counted
is what was made on a day, by UTC: one that is given back counts all the same.
"""

from collections.abc import Sequence
from uuid import UUID

from services.booking.bookings.domain import Booking
from services.booking.creating import statements as sql
from services.chassis.store.database import Database, Transaction
from services.chassis.wire.identity import Caller


def may_be_free(who: Caller | None) -> bool:
    """Tell whether free bookings are for a caller where they are for verified e-mail addresses only.

    They are for admins and our own services, whomever they book for, and for whoever calls where nobody is verified.
    """
    return who is None or bool(who.service) or "ADMIN" in who.roles or who.email_verified


async def count_free(tx: Transaction, free: Sequence[Booking], per_day: int) -> set[UUID]:
    """Count free bookings that are about to be made, in their order; return those that are more than a user may make.

    Whoever books for the same user at the same time waits.
    """
    rows = await tx.fetch(sql.LOCK_FREE_BOOKINGS, {"user_ids": sorted({booking.user_id for booking in free})})
    made = {row.user_id: row.made for row in rows}
    too_many = set()
    for booking in free:
        if made[booking.user_id] < per_day:
            made[booking.user_id] += 1
        else:
            too_many.add(booking.id)
    await tx.send(sql.COUNT_FREE_BOOKINGS, {"user_id": list(made), "made": list(made.values())})
    return too_many


async def forget_free(db: Database, *, limit: int = 500) -> int:
    """Forget one batch of what was made before today; return of how many users."""
    return await db.execute(sql.FORGET_FREE_BOOKINGS, {"limit": limit})
