"""Signing keys, made and forgotten in time: no token is ever signed with a key that nobody knows yet."""

from datetime import timedelta

from services.chassis.ids import new_id
from services.chassis.store.database import Database
from services.identity.keys import domain as rules
from services.identity.keys import statements as sql
from services.identity.keys.domain import KeyAge
from services.identity.keys.signing import Vault


async def renew(db: Database, vault: Vault, life: timedelta) -> int:
    """Make the next key if the newest is as old as `life`, and forget keys of no more use; return how many. A job."""
    async with db.transaction() as tx:
        rows, now = await tx.fetch_locked(sql.LOCK_KEYS, sql.KEYS)
        ages = [KeyAge(row.id, row.created_at) for row in rows]
        made = 0
        if rules.is_due(ages, now, life):
            kid = str(new_id())
            await tx.send(sql.ADD_KEY, {"id": kid, "private_key": vault.make(kid)})
            made = 1
        gone = [key.kid for key in rules.outlived(ages, now)] if ages else []
        if gone:
            await tx.send(sql.REMOVE_KEYS, {"ids": gone})
    return made + len(gone)


async def rotate(db: Database, vault: Vault) -> str:
    """Make the next key now; return its id. It is published at once, and signs when everybody can know it."""
    kid = str(new_id())
    await db.transact((sql.LOCK_KEYS, ()), (sql.ADD_KEY, {"id": kid, "private_key": vault.make(kid)}))
    return kid


async def revoke(db: Database, vault: Vault) -> str:
    """Replace all keys by a new one; return its id. All access tokens end, as soon as everybody has asked for keys."""
    kid = str(new_id())
    async with db.transaction() as tx:
        rows, _ = await tx.fetch_locked(sql.LOCK_KEYS, sql.KEYS)
        await tx.send(sql.REMOVE_KEYS, {"ids": [row.id for row in rows]})
        await tx.send(sql.ADD_KEY, {"id": kid, "private_key": vault.make(kid)})
    return kid
