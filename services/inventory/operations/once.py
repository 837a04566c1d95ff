"""Creating things once: a request that comes again under its idempotency key gets the answer it got."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

from services.chassis import idempotency
from services.chassis.database import Transaction

T = TypeVar("T")
M = TypeVar("M", bound=Message)


@dataclass(frozen=True, slots=True)
class Once(Generic[T, M]):
    """How to answer a request that creates a T with an M."""

    key: idempotency.Key | None
    kind: type[M]
    render: Callable[[T], M]

    async def answer(self, tx: Transaction) -> M | None:
        """Return the answer that is stored under the key, or None if the request is to be carried out.

        Raises IdempotencyKeyReused if the key was used for another request.
        """
        stored = None if self.key is None else await idempotency.find(tx, self.key)
        return None if stored is None else self.kind.FromString(stored)

    async def keep(self, tx: Transaction, created: T) -> M:
        """Render the answer and store it under the key."""
        answer = self.render(created)
        if self.key is not None:
            await idempotency.keep(tx, (self.key, answer.SerializeToString()))
        return answer
