"""Inventory's jobs. Each does one bounded piece of work and returns how much it did."""

from services.chassis.store.database import Database
from services.chassis.writes import answers
from services.inventory.seats import statements as sql
from services.inventory.seats.commands import Tidy
from services.inventory.seats.operation import SHOW_KEYS, SeatDesk
from services.inventory.viewing import statements as viewing_sql

TIDY_BATCH = 500


async def tidy_holds(db: Database, desk: SeatDesk) -> int:
    """Clear the rows of holds that have lapsed, show by show through the desk."""
    rows = await db.fetch(sql.LAPSED_HOLDS, {"most": TIDY_BATCH})
    cleared = 0
    for row in rows:
        cleared += await desk.submit(Tidy(show_id=row.show_id, seat_ids=row.seat_ids))
    return cleared


async def forget_changes(db: Database, retention_minutes: int) -> int:
    """Forget one batch of changes of seats that are older than they are kept; return how many."""
    return await db.execute(viewing_sql.FORGET_CHANGES, {"minutes": retention_minutes})


async def forget_keys(db: Database, days: int) -> int:
    """Forget one batch of idempotency keys of each table that are older than `days`; return how many."""
    return await answers.forget(db, days) + await answers.forget(db, days, SHOW_KEYS)
