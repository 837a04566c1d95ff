"""Answers that are kept under idempotency keys: found, kept and forgotten.

Operations call `find` and `keep` in their transactions. Requests that take several transactions and calls of peers keep
the key alone in the first (BegunOperation), and their answer in one of their own: see checkout/opened.py of payment.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from services.chassis.store.database import Database, Statement, Transaction
from services.chassis.store.rows import columns
from services.chassis.writes.idempotency import Key

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


class KeyTable:
    """A table in which answers are kept under keys: the statements on it, and what names a key there."""

    def __init__(self, *, find: str, keep: str, forget: str, named_by: tuple[str, ...]) -> None:
        """`named_by` are columns of the table and attributes of its keys, in the order of `Key.name`."""
        self.find, self.keep, self.forget = find, keep, forget
        self.named_by = named_by
        self.name: Callable[[Any], tuple[Any, ...]] = attrgetter(*named_by)
        """Returns what the key of a row is found by, which is `Key.name`."""


KEYS = KeyTable(find=FIND, keep=KEEP, forget=FORGET, named_by=("user_id", "method", "key"))
"""The table that every service has."""


def find(keys: Sequence[Key], table: KeyTable = KEYS) -> Statement:
    """Return the statement that finds what is kept under keys."""
    return table.find, columns(keys, *table.named_by)


async def keep(tx: Transaction, *kept: Kept, table: KeyTable = KEYS) -> None:
    """Keep answers under their keys, in the transaction that did what they say."""
    await tx.send(table.keep, named(kept, table))


async def forget(db: Database, days: int, table: KeyTable = KEYS) -> int:
    """Forget one batch of keys that are older than `days`; return how many. A job."""
    return await db.execute(table.forget, {"days": days})


def named(kept: Sequence[Kept], table: KeyTable = KEYS) -> dict[str, list[Any]]:
    """Return answers and the names of their keys as columns."""
    return columns(kept, "answer", **{name: f"key.{name}" for name in (*table.named_by, "request_hash")})
