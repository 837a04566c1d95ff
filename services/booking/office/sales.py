"""What was sold, as it is read: summed up of the bookings when it is asked for."""

from collections.abc import Mapping
from uuid import UUID

from services.booking.errors import ExportTooLarge
from services.booking.office import statements as sql
from services.booking.office.domain import Days, SalesLine, added_up
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read

MAX_LINES = 20_000
"""Of one answer: less than what gRPC's clients read."""


async def sales_of(db: Database, shows: Mapping[UUID, str], days: Days) -> list[SalesLine]:
    """Return what was sold of shows, each by the days of its time zone; raise ExportTooLarge.

    Shows are asked for one by one: each in a statement of its own, which is short.
    """
    found: list[SalesLine] = []
    for show_id, time_zone in shows.items():
        found = added_up([*found, *await _sales_of_show(db, show_id, time_zone, days)])
        if len(found) > MAX_LINES:
            raise ExportTooLarge(limit=str(MAX_LINES))
    return found


@retried
async def _sales_of_show(db: Database, show_id: UUID, time_zone: str, days: Days) -> list[SalesLine]:
    """Return a show's lines, or the first of more than there may be."""
    given = {"show_id": show_id, "time_zone": time_zone, "first": days.first, "last": days.last}
    return read(SalesLine, await db.fetch(sql.SALES_OF_SHOW, given | {"limit": MAX_LINES + 1}))
