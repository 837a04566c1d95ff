"""Answers that are kept under idempotency keys: found, kept and forgotten.

Operations call `find` and `keep` in their transactions. `Answers` is for requests that take several transactions and
calls of peers: they keep their answers in one of their own.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.errors import IdempotencyKeyReused
from services.chassis.store.database import Database, Statement, Transaction, retried
from services.chassis.store.rows import columns
from services.chassis.work.desk import Desk, Outcome
from services.chassis.work.idempotency import Key, Once
from services.chassis.work.lookup import Lookup

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
KEEP_FIRST = f"""{KEEP}
    ON CONFLICT (user_id, method, key) DO UPDATE SET answer = excluded.answer
    WHERE idempotency_keys.answer = '' AND idempotency_keys.request_hash = excluded.request_hash
"""
"""Keep answers where there are none, or where an equal request has begun and has not been answered."""

FORGET = """
    DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM idempotency_keys
        WHERE created_at < (SELECT boxoffice_clock()) - make_interval(days => %(days)s)
        ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED
    ))
    RETURNING user_id, method, key
"""

T = TypeVar("T")
M = TypeVar("M", bound=Message)


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
    await tx.send(KEEP, _columns(kept))


async def forget(db: Database, days: int) -> int:
    """Forget one batch of keys that are older than `days`; return how many. A job."""
    return await db.execute(FORGET, {"days": days})


@dataclass(frozen=True, slots=True)
class Keep:
    """The wish to store an answer under a key, unless there is one."""

    urgent: ClassVar[bool] = False

    kept: Kept

    @property
    def key(self) -> tuple[UUID, str, str]:
        """Answers to equal requests take turns."""
        return self.kept.key.name


class Answers:
    """The stored answers of requests outside of any transaction, found and stored for all at once who ask."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._found: Lookup[Key, Any] = Lookup(self._find, name="find-answers")
        self._desk: Desk[Keep, bytes] = Desk(self._keep, name="keep-answers", max_keys=128)

    async def around(self, once: Once[T, M], carry_out: Callable[[], Awaitable[T]]) -> M:
        """Answer a request that takes calls of other services, around which there is no transaction.

        Equal requests at once are all carried out, which therefore has to be repeatable by itself. They are all given
        the answer that was stored first. What is carried out takes the key in its first transaction (BegunOperation),
        so that no other request is carried out under it. Raises IdempotencyKeyReused.
        """
        if once.key is None:
            return once.render(await carry_out())
        # Without a lock: nobody has to wait for what is repeatable.
        stored = await self.find(once.key)
        if stored is None:
            stored = await self.keep_first(once.key, once.render(await carry_out()).SerializeToString())
        return once.kind.FromString(stored)

    async def find(self, key: Key) -> bytes | None:
        """Return the answer stored under `key`, or None; raise IdempotencyKeyReused."""
        return _stored(key, await self._found.of(key))

    async def keep_first(self, key: Key, answer: bytes) -> bytes:
        """Store `answer` unless there is one, and return the one that is there.

        Raises IdempotencyKeyReused, and RequestInProgress if an equal request keeps the key locked for too long.
        """
        return await self._desk.submit(Keep(Kept(key, answer)))

    async def finish(self) -> None:
        """Store what waits to be stored, and take no more."""
        await self._desk.close()

    async def _find(self, keys: Sequence[Key]) -> dict[Key, Any]:
        rows = await retried(self._db.fetch)(*find(keys))
        by_name = {(row.user_id, row.method, row.key): row for row in rows}
        return {key: by_name[key.name] for key in keys if key.name in by_name}

    async def _keep(self, batch: Sequence[Keep], *, wait: bool) -> list[Outcome[bytes]]:
        # In the order of their names, so that two processes wait for each other one way round only. Of equal names the
        # one that came first stays first.
        ordered = sorted((command.kept for command in batch), key=lambda kept: kept.key.name)
        # A key that is locked for too long raises RequestInProgress; the desk halves the batch: it holds up no other.
        _, rows = await self._db.transact((KEEP_FIRST, _columns(ordered)), find([kept.key for kept in ordered]))
        by_name = {(row.user_id, row.method, row.key): row for row in rows}
        return [_outcome(command.kept.key, by_name[command.key]) for command in batch]


def _stored(key: Key, row: Any) -> bytes | None:
    if row is None:
        return None
    key.check(bytes(row.request_hash))
    return bytes(row.answer) or None


def _outcome(key: Key, row: Any) -> Outcome[bytes]:
    try:
        key.check(bytes(row.request_hash))
    except IdempotencyKeyReused as failure:
        return failure
    return bytes(row.answer)


def _columns(kept: Sequence[Kept]) -> dict[str, list[Any]]:
    return columns(
        kept,
        "answer",
        user_id="key.user_id",
        method="key.method",
        key="key.key",
        request_hash="key.request_hash",
    )
