"""Keys that sign codes of tickets, made and forgotten in time.

No code is signed by a key that gates may not know yet, and each key is published until the last show is over that it
has signed for.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.booking.tickets import key_statements as sql
from services.booking.tickets import keys
from services.booking.tickets.codes import NUMBERS
from services.chassis.ids import new_id
from services.chassis.store.database import Database, Statement
from services.chassis.store.rows import Row
from services.chassis.values.key_ages import KeyAge, by_age, is_due
from services.chassis.values.vault import Vault

LEAD = timedelta(days=1)
"""How long a key is published before it signs: gates need not ask for keys any oftener."""

AFTER_START = timedelta(days=7)
"""How long after its start a show is over, whatever it is."""


def ages(rows: Sequence[Row]) -> list[KeyAge]:
    """Return the ages of keys."""
    return [KeyAge(row.id, row.created_at) for row in rows]


async def renew(db: Database, vault: Vault, life: timedelta) -> int:
    """Make the next key if the newest is as old as `life`, and forget the oldest if nobody needs it; return how many.

    A job. Where no number is free, the newest key signs on.
    """
    made = 0
    async with db.transaction() as tx:
        rows, now = await tx.fetch_locked(sql.LOCK_KEYS, sql.KEYS)
        if is_due(ages(rows), now, life) and len(rows) < NUMBERS:
            await tx.send(*_added(rows, vault)[1])
            made = 1
    return made + await _forget(db, rows, now)


async def _forget(db: Database, rows: Sequence[Row], now: datetime) -> int:
    """Forget the oldest key, if another signs, and all shows are over that it has signed for."""
    oldest, *others = by_age(ages(rows)) if rows else (None,)
    signs_since = min((key.created_at + LEAD for key in others), default=None)
    if oldest is None or signs_since is None or signs_since > now:
        return 0
    [row] = await db.fetch(sql.IS_NEEDED, {"before": signs_since, "after_start": AFTER_START})
    return 0 if row.is_needed else await db.execute(sql.REMOVE_KEYS, {"ids": [oldest.kid]})


async def rotate(db: Database, vault: Vault) -> str:
    """Make the next key now; return its id, or the empty string where no number is free. It is published at once."""
    async with db.transaction() as tx:
        rows, _ = await tx.fetch_locked(sql.LOCK_KEYS, sql.KEYS)
        if len(rows) == NUMBERS:
            return ""
        kid, add = _added(rows, vault)
        await tx.send(*add)
    return kid


async def revoke(db: Database, vault: Vault) -> str:
    """Replace all keys by a new one; return its id. No code that was handed out is good from then on."""
    async with db.transaction() as tx:
        rows, _ = await tx.fetch_locked(sql.LOCK_KEYS, sql.KEYS)
        kid, add = _added(rows[:-1] if len(rows) == NUMBERS else rows, vault)
        await tx.send(sql.REMOVE_KEYS, {"ids": [row.id for row in rows]})
        await tx.send(*add)
    return kid


def _added(rows: Sequence[Row], vault: Vault) -> tuple[str, Statement]:
    """Return the id of a new key, and the statement that adds it, under the number that was free for longest."""
    taken = {row.number for row in rows}
    after = (rows[-1].number if rows else -1) + 1
    number = next(number % NUMBERS for number in range(after, after + NUMBERS) if number % NUMBERS not in taken)
    kid = str(new_id())
    return kid, (sql.ADD_KEY, {"id": kid, "number": number, "private_key": keys.make(vault, kid, number)})
