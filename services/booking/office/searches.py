"""Searches of bookings: how often they may be made, and what they find."""

from datetime import timedelta
from uuid import UUID

from services.booking.errors import TooManySearches
from services.booking.office import statements as sql
from services.booking.office.domain import Wanted
from services.chassis.store.database import Database, retried

WINDOW = timedelta(minutes=1)
SEARCHES = 30
"""How many a user may make within a window."""

_LAST = "\U0010ffff"
"""Comes after all that words begin with."""


async def spend(db: Database, user_id: UUID) -> None:
    """Count a search of a user; raise TooManySearches."""
    given = {"user_id": user_id, "cost": WINDOW / SEARCHES, "window": WINDOW}
    if not (await db.transact((sql.SPEND_SEARCH, given)))[0]:
        raise TooManySearches()


@retried
async def find(
    db: Database, wanted: Wanted, organization_id: UUID | None, *, after: UUID | None, limit: int
) -> list[UUID]:
    """Return bookings of an organization's shows, newest first, that are older than `after`."""
    given = {"organization_id": organization_id, "number": wanted.number, "after": after, "limit": limit}
    for index, word in enumerate(wanted.words):
        given |= {f"word_{index}": word, f"end_{index}": word + _LAST}
    return [row.id for row in await db.fetch(sql.find_bookings(wanted.words), given)]


async def forget_searches(db: Database, *, limit: int = 500) -> int:
    """Forget one batch of searches that count no more; return of how many users."""
    return await db.execute(sql.FORGET_SEARCHES, {"limit": limit})
