"""Whose things of the catalogue are, for the policies of methods that are about them."""

from functools import partial
from uuid import UUID

from services.chassis.errors import NotFound
from services.chassis.store.database import Database, retried
from services.chassis.wire.owners import Things
from services.inventory.catalogue import statements as sql
from services.inventory.errors import EventNotFound, ShowNotFound, VenueNotFound


def things(db: Database) -> dict[str, Things]:
    """Return whose what is that requests name, by the field that names it."""
    return {
        "event_id": Things(partial(_owner, db, sql.OWNER_OF_EVENT, EventNotFound)),
        "venue_id": Things(partial(_owner, db, sql.OWNER_OF_VENUE, VenueNotFound)),
        "show_id": Things(partial(_owner, db, sql.OWNER_OF_SHOW, ShowNotFound)),
    }


@retried
async def _owner(db: Database, statement: str, absent: type[NotFound], id_: UUID) -> UUID | None:
    for row in await db.fetch(statement, {"id": id_}):
        found: UUID | None = row.organization_id
        return found
    raise absent()
