"""Idempotency keys: the same key and request give the same answer, whatever happens in between.

A key belongs to a user and a method, and is kept in the service that was called, in the transaction that does
what was asked for. It is stored on success only: what was refused may be tried again under the same key.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.database import Transaction
from services.chassis.errors import IdempotencyKeyReused

FIND = """
    SELECT k.user_id, k.method, k.key, k.request_hash, k.answer
    FROM idempotency_keys k
    JOIN unnest(%s::uuid[], %s::text[], %s::text[]) AS asked (user_id, method, key) USING (user_id, method, key)
"""
KEEP = """
    INSERT INTO idempotency_keys (user_id, method, key, request_hash, answer)
    SELECT * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::bytea[], %s::bytea[])
"""
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"

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


async def find(tx: Transaction, key: Key) -> bytes | None:
    """Return the answer stored under `key`, or None. Requests with the same key take turns from here on.

    Raises IdempotencyKeyReused if the key was used for another request.
    """
    _, rows = await tx.fetch_all(
        (LOCK, ("/".join(map(str, key.name)),)),
        (FIND, columns([key])),
    )
    if not rows:
        return None
    key.check(rows[0].request_hash)
    return bytes(rows[0].answer)


async def keep(tx: Transaction, *answers: tuple[Key, bytes]) -> None:
    """Store answers under their keys, in the transaction that did what they say."""
    keys = [key for key, _ in answers]
    hashes = [key.request_hash for key in keys]
    await tx.send(KEEP, (*columns(keys), hashes, [answer for _, answer in answers]))


def columns(keys: Sequence[Key]) -> tuple[list[UUID], list[str], list[str]]:
    """Spread keys into the parameters of FIND."""
    return [key.user_id for key in keys], [key.method for key in keys], [key.key for key in keys]
