"""Images, read."""

from collections.abc import Sequence
from uuid import UUID

from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read
from services.inventory.errors import EventNotFound, ImageNotFound
from services.inventory.images import statements as sql
from services.inventory.images.domain import Image, check_count


@retried
async def images_of(db: Database, event_ids: Sequence[UUID]) -> dict[UUID, list[Image]]:
    """Return the images of events, in their order; nothing of events that have none."""
    found: dict[UUID, list[Image]] = {}
    for image in read(Image, await db.fetch(sql.IMAGES_OF_EVENTS, {"event_ids": list(event_ids)})):
        found.setdefault(image.event_id, []).append(image)
    return found


@retried
async def image_of(db: Database, event_id: UUID, source: str) -> Image | None:
    """Return the image that an event has of an upload."""
    found = read(Image, await db.fetch(sql.IMAGE_OF_SOURCE, {"event_id": event_id, "source": source}))
    return found[0] if found else None


@retried
async def check_room(db: Database, event_id: UUID) -> None:
    """Raise what an upload to an event would come to: so no picture is made, and no file kept, in vain."""
    for row in await db.fetch(sql.COUNT_OF_EVENT, {"event_id": event_id}):
        return check_count(row.images)
    raise EventNotFound()


@retried
async def event_of(db: Database, image_id: UUID) -> UUID:
    """Return the event that has an image; raise ImageNotFound."""
    for row in await db.fetch(sql.EVENT_OF_IMAGE, {"id": image_id}):
        found: UUID = row.event_id
        return found
    raise ImageNotFound()


@retried
async def who_shows(db: Database, name: str) -> list[tuple[UUID | None, bool]]:
    """Return the organizations, None: Boxoffice, whose events have an image of a file, and whether these are drafts."""
    return [(row.organization_id, row.is_draft) for row in await db.fetch(sql.WHO_SHOWS_FILE, {"name": name})]
