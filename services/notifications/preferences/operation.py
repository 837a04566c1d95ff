"""Preferences: read, set, and given up by a link."""

from collections.abc import Sequence
from uuid import UUID

from services.chassis.store.database import Database, retried
from services.notifications.preferences import statements as sql
from services.notifications.preferences.domain import UNCHOSEN, Preferences


@retried
async def find(db: Database, user_ids: Sequence[UUID]) -> dict[UUID, Preferences]:
    """Return what users have chosen; whoever has chosen nothing is not among them."""
    rows = await db.fetch(sql.PREFERENCES, {"user_ids": list(user_ids)})
    return {row.user_id: Preferences(row.language, row.reminders) for row in rows}


async def preferences_of(db: Database, user_id: UUID) -> Preferences:
    """Return what a user has chosen, or what holds for those who have chosen nothing."""
    return (await find(db, [user_id])).get(user_id, UNCHOSEN)


@retried
async def set_preferences(db: Database, user_id: UUID, chosen: Preferences) -> None:
    """Keep what a user has chosen."""
    given = {"user_id": user_id, "language": chosen.language, "reminders": chosen.reminders}
    await db.execute(sql.SET_PREFERENCES, given)


@retried
async def give_up_reminders(db: Database, user_id: UUID) -> None:
    """Have a user mailed no reminders any more; their language stays what it is."""
    await db.execute(sql.NO_REMINDERS, {"user_id": user_id})
