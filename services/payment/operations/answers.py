"""Answers that were given under an idempotency key."""

from services.chassis import idempotency
from services.chassis.database import Database, retried
from services.chassis.idempotency import Key


@retried
async def known(db: Database, key: Key) -> bytes | None:
    """Return the answer stored under `key`, or None; raise IdempotencyKeyReused if it answers another request."""
    rows = await db.fetch(idempotency.FIND, idempotency.columns([key]))
    if not rows:
        return None
    key.check(rows[0].request_hash)
    return bytes(rows[0].answer)


@retried
async def keep(db: Database, key: Key, answer: bytes) -> bytes:
    """Store `answer` under `key`, unless an equal request was faster; return the one that is stored."""
    async with db.transaction() as tx:
        earlier = await idempotency.find(tx, key)
        if earlier is not None:
            return earlier
        await idempotency.keep(tx, (key, answer))
    return answer
