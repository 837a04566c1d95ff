"""Operations: the one shape that every write has.

An operation carries out commands of one kind, for one caller or for many in the same transaction:

    reads   the statements that lock what the commands are about, then read the clock and the rest: one round trip
    load    the state that commands are decided by, made of what was read
    decide  one command: pure, and what it is refused for spoils no other command
    write   what the decisions have changed, as sets; goes out together with COMMIT

The clock is read after the locks are had: who waited for one is judged by the time at which it came free.

An operation is what a desk runs (see desk.Run); where there is no desk, `alone` carries out one command.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from services.chassis.database import Database, Statement, Transaction, retried
from services.chassis.desk import BUSY, Busy, Command, Outcome
from services.chassis.errors import Failure, Interrupted
from services.chassis.rows import Row

C = TypeVar("C", bound=Command)
S = TypeVar("S")
A = TypeVar("A")

Rows = Mapping[str, list[Row]]
"""What each statement of `reads` gave, by its name."""


class Operation(ABC, Generic[C, S, A]):
    """Carries out commands C, which are decided by a state S and answered with an A."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @abstractmethod
    def reads(self, batch: Sequence[C], *, wait: bool) -> dict[str, Statement]:
        """Return the statements that lock and read, in their order, each with a name.

        With `wait`, locks are waited for; else what somebody else has is skipped.
        """

    @abstractmethod
    async def load(self, tx: Transaction, batch: Sequence[C], rows: Rows) -> tuple[S, Collection[Hashable]]:
        """Return the state, and the keys of commands that somebody else has: those commands stay queued.

        Reads more where it has to.
        """

    @abstractmethod
    def decide(self, command: C, state: S) -> A:
        """Return the answer to one command and note in `state` what it changes; raise the Failure that refuses it."""

    @abstractmethod
    async def write(self, tx: Transaction, state: S) -> None:
        """Write what was changed in `state`."""

    async def __call__(self, batch: Sequence[C], *, wait: bool) -> list[Outcome[A]]:
        """Carry out a batch in one transaction; see desk.Run."""
        async with self._db.transaction() as tx:
            reads = self.reads(batch, wait=wait)
            rows = dict(zip(reads, await tx.fetch_all(*reads.values()), strict=True))
            state, busy = await self.load(tx, batch, rows)
            outcomes = [BUSY if command.key in busy else self._outcome(command, state) for command in batch]
            await self.write(tx, state)
        return outcomes

    async def alone(self, command: C) -> A:
        """Carry out one command in a transaction of its own, and return its answer or raise its Failure."""
        [answer] = await self.together([command])
        if isinstance(answer, Failure):
            raise answer
        return answer

    async def together(self, batch: Sequence[C]) -> list[A | Failure]:
        """Carry out commands in a transaction of their own, once more if the database undid it.

        Locks are waited for. Returns the answer of each command, or its Failure.
        """
        outcomes = await retried(self)(batch, wait=True)
        return [Interrupted() if isinstance(outcome, Busy) else outcome for outcome in outcomes]

    def _outcome(self, command: C, state: S) -> Outcome[A]:
        try:
            return self.decide(command, state)
        except Failure as failure:
            return failure
