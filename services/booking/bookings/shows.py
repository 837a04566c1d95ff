"""Revisions of shows that booking is told of: bookings of the ones before are brought up to date by a job."""

from collections.abc import Mapping
from uuid import UUID

from services.booking.bookings import statements as sql
from services.chassis.store.database import Database, Statement


def noted(revisions: Mapping[UUID, int]) -> Statement:
    """Return the statement that notes revisions of shows; what is known of later ones stays."""
    return sql.NOTE_REVISIONS, {"show_id": list(revisions), "revision": list(revisions.values())}


async def note(db: Database, revisions: Mapping[UUID, int]) -> None:
    """Note revisions of shows, if there are any."""
    if revisions:
        await db.execute(*noted(revisions))
