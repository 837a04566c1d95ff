"""Idempotency keys: the same key and request give the same answer, whatever happens in between.

A key belongs to a user and a method, and is kept in the service that was called, with the request's hash and the
answer. It is stored on success only: what was refused may be tried again under the same key. After some days it is
forgotten; from then on the same request is a new one.

Operations look keys up and keep them in the transaction that does what is asked (see operation.py). `Once.around` keeps
the answer of a request that takes several transactions. A booking that is being created has its key in its own row
until it is answered: see create.py of booking's operations.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.database import Database, Transaction, retried
from services.chassis.desk import Desk, Outcome
from services.chassis.errors import IdempotencyKeyReused
from services.chassis.lookup import Lookup

FIND = """
    SELECT k.user_id, k.method, k.key, k.request_hash, k.answer
    FROM idempotency_keys k
    JOIN unnest(%s::uuid[], %s::text[], %s::text[]) AS asked (user_id, method, key) USING (user_id, method, key)
"""
KEEP = """
    INSERT INTO idempotency_keys (user_id, method, key, request_hash, answer)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::bytea[], %s::bytea[])
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

NOBODY = UUID(int=0)
"""The user of requests that name none."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it came with a request."""

    user_id: UUID
    method: str
    key: str
    request_hash: bytes

    @property
    def name(self) -> tuple[UUID, str, str]:
        """What the key is found by."""
        return (self.user_id, self.method, self.key)

    def check(self, request_hash: bytes) -> None:
        """Raise IdempotencyKeyReused unless the stored `request_hash` is this request's."""
        if request_hash != self.request_hash:
            raise IdempotencyKeyReused()


def key_of(request: Message, method: str, user_id: UUID = NOBODY) -> Key | None:
    """Return the key that `request` carries, or None. The hash covers everything but the key itself."""
    key: str = request.idempotency_key  # type: ignore[attr-defined]
    if not key:
        return None
    copy = type(request)()
    copy.CopyFrom(request)
    copy.ClearField("idempotency_key")
    return Key(user_id, method, key, hashlib.sha256(copy.SerializeToString(deterministic=True)).digest())


T = TypeVar("T")
M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Once(Generic[T, M]):
    """How to carry a request out once, however often it comes: what it comes to is a T, and its answer an M."""

    key: Key | None
    kind: type[M]
    render: Callable[[T], M]

    async def around(self, answers: "Answers", carry_out: Callable[[], Awaitable[T]]) -> M:
        """Answer a request that takes calls of other services, around which there is no transaction.

        Equal requests at once are all carried out, which therefore has to be repeatable by itself. They are all given
        the answer that was stored first. What is carried out takes the key in its first transaction (BegunOperation),
        so that no other request is carried out under it. Raises IdempotencyKeyReused.
        """
        if self.key is None:
            return self.render(await carry_out())
        # Without a lock: nobody has to wait for what is repeatable.
        stored = await answers.find(self.key)
        if stored is None:
            stored = await answers.keep_first(self.key, self.render(await carry_out()).SerializeToString())
        return self.kind.FromString(stored)


@dataclass(frozen=True, slots=True)
class Keep:
    """The wish to store an answer under a key, unless there is one."""

    urgent: ClassVar[bool] = False

    asked: Key
    answer: bytes

    @property
    def key(self) -> tuple[UUID, str, str]:
        return self.asked.name


class Answers:
    """The stored answers of requests outside of any transaction, found and stored for all at once who ask."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._found: Lookup[Key, Any] = Lookup(self._find, name="find-answers")
        self._desk: Desk[Keep, bytes] = Desk(self._keep, name="keep-answers", max_keys=128)

    async def find(self, key: Key) -> bytes | None:
        """Return the answer stored under `key`, or None; raise IdempotencyKeyReused."""
        return _stored(key, await self._found.of(key))

    async def keep_first(self, key: Key, answer: bytes) -> bytes:
        """Store `answer` unless there is one, and return the one that is there.

        Raises IdempotencyKeyReused, and RequestInProgress if an equal request keeps the key locked for too long.
        """
        return await self._desk.submit(Keep(key, answer))

    async def finish(self) -> None:
        """Store what waits to be stored, and take no more."""
        await self._desk.close()

    async def _find(self, keys: Sequence[Key]) -> dict[Key, Any]:
        rows = await retried(self._db.fetch)(FIND, columns(keys))
        by_name = {(row.user_id, row.method, row.key): row for row in rows}
        return {key: by_name[key.name] for key in keys if key.name in by_name}

    async def _keep(self, batch: Sequence[Keep], *, wait: bool) -> list[Outcome[bytes]]:
        # In the order of their names, so that two processes wait for each other one way round only. Of equal names the
        # one that came first stays first.
        ordered = sorted(batch, key=lambda keep: keep.key)
        names = columns([keep.asked for keep in ordered])
        answers = ([keep.asked.request_hash for keep in ordered], [keep.answer for keep in ordered])
        # A key that is locked for too long raises RequestInProgress; the desk halves the batch: it holds up no other.
        _, rows = await self._db.transact((KEEP_FIRST, (*names, *answers)), (FIND, names))
        by_name = {(row.user_id, row.method, row.key): row for row in rows}
        return [_outcome(keep.asked, by_name[keep.key]) for keep in batch]


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


async def keep(tx: Transaction, *answers: tuple[Key, bytes]) -> None:
    """Store answers under their keys, in the transaction that did what they say."""
    keys = [key for key, _ in answers]
    hashes = [key.request_hash for key in keys]
    await tx.send(KEEP, (*columns(keys), hashes, [answer for _, answer in answers]))


def columns(keys: Sequence[Key]) -> tuple[list[UUID], list[str], list[str]]:
    """Spread keys into the parameters of FIND."""
    return [key.user_id for key in keys], [key.method for key in keys], [key.key for key in keys]


async def forget(db: Database, days: int) -> int:
    """Forget one batch of keys that are older than `days`; return how many. A job."""
    return await db.execute(FORGET, {"days": days})
