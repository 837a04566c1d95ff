"""Reminders: when shows start, and who is told that they are near."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from services.chassis.store.database import Database, Transaction
from services.chassis.store.rows import columns
from services.notifications.mails.operation import write_mails
from services.notifications.notices.domain import Fact
from services.notifications.notices.operation import write_notices
from services.notifications.notices.statements import ONE_AT_A_TIME
from services.notifications.reminders import statements as sql
from services.notifications.reminders.domain import KEPT, ShowTime, reminder

BATCH = 500
"""Bookings that are reminded, or forgotten, by one transaction."""


async def put_shows(tx: Transaction, shows: Sequence[ShowTime]) -> None:
    """Note when shows start; one that is moved is reminded of anew."""
    names = ("id", "revision", "starts_at", "ends_at", "set_at", "is_cancelled")
    await tx.send(sql.PUT_SHOWS, columns(shows, *names))


async def unknown_shows(db: Database, *, limit: int) -> list[UUID]:
    """Return some shows of which there are tickets, and of which it is not known when they start."""
    return [row.show_id for row in await db.fetch(sql.UNKNOWN_SHOWS, {"limit": limit})]


async def remind(db: Database, show: ShowTime, window: timedelta, *, limit: int = BATCH) -> None:
    """Remind one batch of those who have tickets of a show that is near; `show` is as inventory says it is now.

    Who is told of it within the window, by the confirmation or as the show was moved, is not reminded of it, too.
    """
    async with db.transaction() as tx:
        await tx.send(ONE_AT_A_TIME)
        await put_shows(tx, [show])
        for near in await tx.fetch(sql.LOCK_SHOW, {"id": show.id, "window": window}):
            given = {"show_id": near.id, "starts_at": near.starts_at, "window": window, "after": near.reminded_to}
            found = await tx.fetch(sql.BOOKINGS_TO_REMIND, given | {"limit": limit}) if near.was_set_before else []
            facts = [reminder(row, near.id, near.starts_at, near.now) for row in found]
            await write_notices(tx, facts)
            await write_mails(tx, facts)
            last = found[-1].id if found else None
            await tx.send(sql.REMIND, {"id": near.id, "reminded_to": last, "is_last": len(found) < limit})


async def late_reminders(tx: Transaction, booking_ids: Sequence[UUID], window: timedelta) -> list[Fact]:
    """Return the reminders of bookings that the topic told of after others of their show were reminded."""
    rows = await tx.fetch(sql.LATE_BOOKINGS, {"ids": list(booking_ids), "window": window})
    return [reminder(row, row.show_id, row.starts_at, row.now) for row in rows]


async def forget(db: Database, *, limit: int = BATCH) -> int:
    """Forget one batch of bookings of shows that were over long ago, and of such shows; return how many. A job."""
    given = {"age": KEPT, "limit": limit}
    return await db.execute(sql.FORGET_BOOKINGS, given) + await db.execute(sql.FORGET_SHOWS, given)
