"""Answers that are kept under idempotency keys: found, kept and forgotten.

Operations call `find` and `keep` in their transactions. Requests that take several transactions and calls of peers keep
the key alone in the first (BegunOperation), and their answer in one of their own: see checkout/opened.py of payment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.chassis.store.database import Database, Statement, Transaction
from services.chassis.store.rows import columns
from services.chassis.work.idempotency import Key

FIND = """
    SELECT k.user_id, k.method, k.key, k.request_hash, k.answer
    FROM idempotency_keys k
    JOIN unnest(%(user_id)s::uuid[], %(method)s::text[], %(key)s::text[]) AS asked (user_id, method, key)
        USING (user_id, method, key)
"""
KEEP = """
    INSERT INTO idempotency_keys (user_id, method, key, request_hash, answer)
    SELECT * FROM unnest(
        %(user_id)s::uuid[], %(method)s::text[], %(key)s::text[], %(request_hash)s::bytea[], %(answer)s::bytea[]
    )
"""
FORGET = """
    DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM idempotency_keys
        WHERE created_at < (SELECT boxoffice_clock()) - make_interval(days => %(days)s)
        ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    ))
    RETURNING user_id, method, key
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer and its key, to be kept. An empty answer is one that comes later."""

    key: Key
    answer: bytes


def find(keys: Sequence[Key]) -> Statement:
    """Return the statement that finds what is kept under keys."""
    return FIND, columns(keys, "user_id", "method", "key")


async def keep(tx: Transaction, *kept: Kept) -> None:
    """Keep answers under their keys, in the transaction that did what they say."""
    await tx.send(KEEP, named(kept))


async def forget(db: Database, days: int) -> int:
    """Forget one batch of keys that are older than `days`; return how many. A job."""
    return await db.execute(FORGET, {"days": days})


def named(kept: Sequence[Kept]) -> dict[str, list[Any]]:
    """Return answers and the names of their keys as columns."""
    return columns(
        kept,
        "answer",
        user_id="key.user_id",
        method="key.method",
        key="key.key",
        request_hash="key.request_hash",
    )
