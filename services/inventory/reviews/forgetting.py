"""Forgetting what users have said whose accounts are deleted."""

from uuid import UUID

from services.chassis.store.database import Database, retried
from services.inventory.reviews import statements as sql


@retried
async def forget_reviewer(db: Database, user_id: UUID) -> None:
    """Forget the words of a user's reviews and the name under them; the ratings stay, as they count for the events."""
    async with db.transaction() as tx:
        # Who changes a review writes all of it, as it was when the event was locked.
        await tx.fetch(sql.LOCK_EVENTS_OF_REVIEWER, {"user_id": user_id})
        await tx.send(sql.FORGET_WORDS, {"user_id": user_id})
