"""Idempotency keys: the same key and request give the same answer, whatever happens in between.

A key belongs to a user and a method, and may belong to more (answers.KeyTable). It is kept in the service that was
called, with the request's hash and the answer. A refused request keeps no key, and may be tried again with it. If calls
of other services follow, the key is kept first, without an answer, and the answer when there is one. After some days
the key is forgotten; from then on the same request is a new one.

Operations look keys up and keep them in the transaction that does what is asked (see operation.py); what keeps them is
answers.py. A booking that is being created has its key in its own row until it is answered: see booking/creating.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from services.chassis.errors import IdempotencyKeyReused

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
    def name(self) -> tuple[UUID | str, ...]:
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
