"""Exports of bookings: what is kept of them, and the bookings, page by page."""

from uuid import UUID

from services.booking.office import statements as sql
from services.booking.office.domain import Export, ExportedBooking
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read


@retried
async def begin(db: Database, export: Export, organization_id: UUID | None) -> None:
    """Keep that an export of a show of an organization begins."""
    given = {"id": export.id, "show_id": export.show_id, "organization_id": organization_id}
    given |= {"exported_by": export.exported_by}
    await db.transact((sql.BEGIN_EXPORT, given | {"with_contacts": export.with_contacts}))


async def count(db: Database, export_id: UUID, bookings: int, *, is_last: bool) -> None:
    """Keep how many bookings an export has, and whether these are all."""
    await db.execute(sql.COUNT_EXPORT, {"id": export_id, "bookings": bookings, "is_last": is_last})


@retried
async def page_of(db: Database, show_id: UUID, *, after: UUID | None, limit: int) -> list[ExportedBooking]:
    """Return bookings of a show that are tickets or were, oldest first, that are newer than `after`."""
    given = {"show_id": show_id, "after": after, "limit": limit}
    return read(ExportedBooking, await db.fetch(sql.BOOKINGS_OF_EXPORT, given))


async def forget_exports(db: Database, days: int, *, limit: int = 500) -> int:
    """Forget one batch of exports that began more than `days` ago; return how many. A job."""
    return await db.execute(sql.FORGET_EXPORTS, {"days": days, "limit": limit})


@retried
async def list_exports(db: Database, organization_id: UUID | None, *, after: UUID | None, limit: int) -> list[Export]:
    """Return exports of an organization's shows, or of Boxoffice's own, newest first, that are older than `after`."""
    given = {"after": after, "limit": limit}
    if organization_id is None:
        return read(Export, await db.fetch(sql.OWN_EXPORTS, given))
    return read(Export, await db.fetch(sql.EXPORTS, given | {"organization_id": organization_id}))
