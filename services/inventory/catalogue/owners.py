"""Whose things of the catalogue are and who may use them, for the policies of methods that are about them."""

from functools import partial
from uuid import UUID

from services.chassis.errors import Failure, NotFound
from services.chassis.store.database import Database, retried
from services.chassis.wire.owners import Shared, Things
from services.inventory.catalogue import statements as sql
from services.inventory.errors import (
    EventNotFound,
    ImageNotFound,
    MovieNotFound,
    ScreenNotFound,
    ShowNotFound,
    VenueNotFound,
)
from services.inventory.images.statements import OWNER_OF_IMAGE


def things(db: Database) -> dict[str, Things]:
    """Return whose what is that requests name, by the field that names it."""
    return {
        "event_id": _things(db, sql.OWNER_OF_EVENT, EventNotFound),
        "movie_id": _things(db, sql.OWNER_OF_EVENT, MovieNotFound),
        "image_id": _things(db, OWNER_OF_IMAGE, ImageNotFound),
        "venue_id": _things(db, sql.OWNER_OF_VENUE, VenueNotFound),
        "screen_id": _things(db, sql.OWNER_OF_SCREEN, ScreenNotFound),
        "show_id": Things(
            partial(owner, db, sql.OWNER_OF_SHOW, ShowNotFound), partial(_hidden, db, sql.OWNER_OF_SHOW, ShowNotFound)
        ),
    }


def _things(db: Database, statement: str, absent: type[NotFound]) -> Things:
    return Things(
        partial(owner, db, statement, absent),
        partial(_hidden, db, statement, absent),
        partial(shared, db, statement, absent),
    )


@retried
async def owner(db: Database, statement: str, absent: type[NotFound], id_: UUID) -> UUID | None:
    """Return the organization whose a thing is, None: Boxoffice's own; raise `absent` if there is none."""
    for row in await db.fetch(statement, {"id": id_}):
        found: UUID | None = row.organization_id
        return found
    raise absent()


@retried
async def _hidden(db: Database, statement: str, absent: type[NotFound], id_: UUID) -> Failure | None:
    """Return what they are told of a draft who are not in its organization."""
    return absent() if any(row.is_draft for row in await db.fetch(statement, {"id": id_})) else None


@retried
async def shared(db: Database, statement: str, absent: type[NotFound], id_: UUID) -> Shared:
    """Return who may use a thing; raise `absent` if there is none."""
    for row in await db.fetch(statement, {"id": id_}):
        return Shared(row.organization_id, None if row.shared_with is None else frozenset(row.shared_with))
    raise absent()
