"""Bringing bookings up to the revisions of their shows, as booking's database has it."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from boxoffice.events.v1 import events_pb2

from services.booking.bookings import shows
from services.booking.bookings.domain import BookedShow
from services.booking.bookings.leases import LEASE_SECONDS
from services.booking.show_updates import statements as sql
from services.booking.show_updates.domain import ShowUpdate
from services.chassis.store.database import Database, Transaction, retried
from services.chassis.store.rows import read

CONSUMER = "show-updates"

_KINDS = (events_pb2.ShowEvent.UPDATED, events_pb2.ShowEvent.RESCHEDULED)


async def note_updates(tx: Transaction, told: Sequence[events_pb2.ShowEvent]) -> None:
    """Have the bookings of shows follow of which inventory's topic tells that their times or halls are other ones."""
    # Events from before the revision was told have it as their version.
    revisions = {UUID(event.show_id): event.revision or event.version for event in told if event.kind in _KINDS}
    if revisions:
        await tx.send(*shows.noted(revisions))


@retried
async def claim_update(db: Database) -> ShowUpdate | None:
    """Take one show whose bookings are to be brought up to date, and that nobody is at."""
    claimed = read(ShowUpdate, await db.fetch(sql.CLAIM_UPDATE, {"lease_seconds": LEASE_SECONDS}))
    return claimed[0] if claimed else None


@retried
async def update_bookings(
    db: Database, show: BookedShow, after: UUID | None, *, limit: int, full_refund: timedelta
) -> list[UUID]:
    """Bring the next bookings of a show behind `after` up to date; return which, in their order."""
    given = {
        "show_id": show.show_id,
        "starts_at": show.starts_at,
        "sales_end_at": show.sales_end_at,
        "screen": show.screen,
        "revision": show.show_revision,
        "full_refund_seconds": full_refund.total_seconds(),
        "after": after,
        "limit": limit,
    }
    async with db.transaction() as tx:
        updated = sorted(row.id for row in await tx.fetch(sql.UPDATE_BOOKINGS, given))
        await tx.send(sql.SHORTEN_OFFERS, {"ids": updated, "starts_at": show.starts_at})
    return updated


@retried
async def is_outdated(db: Database, update: ShowUpdate) -> bool:
    """Tell whether a booking of a show has not its revision yet."""
    return bool(await db.fetch(sql.FIND_OUTDATED, {"show_id": update.show_id, "revision": update.revision}))


async def move_on(db: Database, update: ShowUpdate, swept_to: UUID | None, seconds: float) -> None:
    """Go on behind a booking, in `seconds`."""
    given = {"show_id": update.show_id, "revision": update.revision, "swept_to": swept_to, "seconds": seconds}
    await db.execute(sql.MOVE_ON, given)


async def finish(db: Database, update: ShowUpdate) -> None:
    """Write that all bookings of a show have its revision."""
    await db.execute(sql.FINISH, {"show_id": update.show_id, "revision": update.revision})
