"""Looking things up for many who ask at once, in one statement, or in one call of a peer.

While one is under way, or put off for a moment as desks do it, those who ask queue; the next one is for all of them. It
begins after they came, so nobody misses what he was told of before he asked.
"""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from services.chassis.errors import Failure, is_transient
from services.chassis.writes.desk import Desk, Outcome

LANES = 2

ASKING_LANES = 8
"""Calls of a peer at once, where those under way take long: a replica that hangs holds up the calls to it alone."""

MAX_BATCH = 512

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Wanted(Generic[K]):
    """The wish to see what is found under a key."""

    urgent: ClassVar[bool] = False

    key: K


class Lookup(Generic[K, V]):
    """Reads by key."""

    def __init__(
        self,
        read: Callable[[Sequence[K]], Awaitable[Mapping[K, V | Failure]]],
        *,
        name: str = "",
        max_keys: int = 128,
        lanes: int = LANES,
        gathers_each: bool = False,
    ) -> None:
        """`read` returns what it finds for so many keys at most, each once; a Failure is raised to who asks for it.

        `name` is what metrics call it; `lanes`: how many reads may be under way at once; `gathers_each` is the desk's.
        """
        self._read = read
        self._desk: Desk[Wanted[K], V | None] = Desk(
            self._run, name=name, lanes=lanes, max_batch=MAX_BATCH, max_keys=max_keys, gathers_each=gathers_each
        )

    async def get(self, key: K) -> V | None:
        """Return what there is under `key`, or None; raise what reading raises, or ResourceExhausted."""
        return await self._desk.submit(Wanted(key))

    async def get_all(self, keys: Sequence[K]) -> list[V | Failure | None]:
        """Return what there is under each of the keys, or None; the Failure of one that `get` would raise it for."""
        return await self._desk.submit_all([Wanted(key) for key in keys])

    async def _run(self, batch: Sequence[Wanted[K]], *, wait: bool) -> Sequence[Outcome[V | None]]:
        found = await self._find(list(dict.fromkeys(wanted.key for wanted in batch)))
        return [found.get(wanted.key) for wanted in batch]

    async def _find(self, keys: Sequence[K]) -> Mapping[K, V | Failure]:
        """Read keys; if they are refused together, read them in halves: the refusal concerns the key that causes it."""
        try:
            return await self._read(keys)
        except Failure as failure:
            if is_transient(failure):
                raise
            if len(keys) == 1:
                return {keys[0]: failure}
        middle = len(keys) // 2
        return {**await self._find(keys[:middle]), **await self._find(keys[middle:])}
