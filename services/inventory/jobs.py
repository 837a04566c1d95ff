"""Inventory's jobs. Each does one bounded piece of work and returns how much it did."""

from services.chassis.store.database import Database, sweep_markers
from services.chassis.writes import answers
from services.inventory.catalogue import cancelling_statements as cancelling_sql
from services.inventory.catalogue import statements as catalogue_sql
from services.inventory.seats import access_statements as access_sql
from services.inventory.seats import statements as sql
from services.inventory.seats.commands import Cause, Release
from services.inventory.seats.holds import Tidy
from services.inventory.seats.operation import SHOW_KEYS, SeatDesk
from services.inventory.seats.rights import WINDOW
from services.inventory.viewing import statements as viewing_sql

TIDY_BATCH = 500


async def tidy_holds(db: Database, desk: SeatDesk) -> int:
    """Clear the rows of holds that have lapsed, show by show through the desk."""
    rows = await db.fetch(sql.LAPSED_HOLDS, {"most": TIDY_BATCH})
    cleared = 0
    for row in rows:
        cleared += await desk.submit(Tidy(show_id=row.show_id, seat_ids=row.seat_ids))
    return cleared


async def clear_cancelled_shows(db: Database, desk: SeatDesk) -> int:
    """End one batch of the holds and reservations of a cancelled show; return how much there was to do.

    Its booked seats are left to booking, which frees each with its refund.
    """
    for show in await db.fetch(cancelling_sql.NEXT_TO_CLEAR):
        seats = await db.fetch(sql.SEATS_TO_CLEAR, {"show_id": show.show_id, "most": TIDY_BATCH})
        if not seats:
            return await db.execute(cancelling_sql.CLEARED, {"show_id": show.show_id})
        held = Tidy(show_id=show.show_id, seat_ids=[seat.id for seat in seats if seat.booking_id is None])
        bookings = dict.fromkeys(seat.booking_id for seat in seats if seat.booking_id is not None)
        releases = [Release(show_id=show.show_id, booking_id=id_, cause=Cause.ABANDONED) for id_ in bookings]
        await desk.submit(held)
        await desk.submit_all(releases)
        return len(seats)
    return 0


async def complete_events(db: Database, *, limit: int = 500) -> int:
    """Complete one batch of events whose last show is over; return how many."""
    async with db.transaction() as tx:
        over = await tx.fetch(catalogue_sql.LOCK_EVENTS_THAT_ARE_OVER, {"limit": limit})
        if not over:
            return 0
        return len(await tx.fetch(catalogue_sql.COMPLETE_EVENTS, {"ids": [row.id for row in over]}))


async def forget_changes(db: Database, retention_minutes: int) -> int:
    """Forget one batch of changes of seats and shows that are older than they are kept; return how many."""
    [row] = await db.fetch(viewing_sql.FORGET_CHANGES, {"minutes": retention_minutes})
    return int(row.forgotten)


async def forget_keys(db: Database, days: int) -> int:
    """Forget one batch of idempotency keys of each table that are older than `days`; return how many."""
    return await answers.forget(db, days) + await answers.forget(db, days, SHOW_KEYS)


async def forget_markers(db: Database) -> int:
    """Forget one batch of marks of transactions that nobody can be in doubt of any more; return how many."""
    return await sweep_markers(db) + await db.execute(sql.FORGET_MARKERS)


async def forget_unbooked_holds(db: Database, hours: int) -> int:
    """Forget one batch of what users held without booking it in windows that are over; return how many."""
    return await db.execute(sql.FORGET_UNBOOKED_HOLDS, {"hours": hours})


async def forget_access_code_tries(db: Database) -> int:
    """Forget one batch of the tries of access codes that count no more; return how many users."""
    return await db.execute(access_sql.FORGET_TRIES, {"window": WINDOW})
