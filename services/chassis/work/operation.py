"""Operations: the one shape that every write has.

An operation carries out commands of one kind, for one caller or for many in the same transaction:

    reads   the statements that lock what the commands are about, then read the clock and the rest: one round trip
    load    the state that commands are decided by, made of what was read
    decide  one command: pure, and what it is refused for spoils no other command
    write   what the decisions have changed, as sets; goes out together with COMMIT

The clock is read after the locks are had: who waited for one is judged by the time at which it came free.

An operation is what a desk runs (see desk.Run); where there is no desk, `alone` carries out one command.

Three kinds differ in what they do about idempotency keys, and in nothing else:

    Operation        its commands carry none
    KeyedOperation   keeps the answer under the key, in the transaction that does what it says
    BegunOperation   keeps the key alone: the answer comes later, or is read from what there is then

Keys are looked up in the round trip of `reads`, after the locks. Of equal requests at the same time, one keeps the key;
the others' transactions are undone by it (see database.py), and run again they find what was kept.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from services.chassis.errors import Failure, Interrupted
from services.chassis.store.database import Database, Statement, Transaction, retried
from services.chassis.store.rows import Row
from services.chassis.work import answers
from services.chassis.work.answers import Kept
from services.chassis.work.desk import BUSY, Busy, Command, Outcome
from services.chassis.work.idempotency import Key, Once

C = TypeVar("C", bound=Command)
S = TypeVar("S")
D = TypeVar("D")
A = TypeVar("A")

Rows = Mapping[str, list[Row]]
"""What each statement of `reads` gave, by its name."""


class _Steps(ABC, Generic[C, S, D]):
    """What an operation does to carry out commands C, which are decided by a state S and come to a D."""

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
    def decide(self, command: C, state: S) -> D:
        """Return what one command comes to, and note in `state` what it changes; raise the Failure that refuses it."""

    @abstractmethod
    async def write(self, tx: Transaction, state: S) -> None:
        """Write what was changed in `state`."""

    async def _read(
        self, tx: Transaction, batch: Sequence[C], keys: Sequence[Key], *, wait: bool
    ) -> tuple[S, Collection[Hashable], dict[tuple[Any, ...], Row]]:
        """Return the state, the busy keys, and what is kept under the idempotency keys of the commands, by name."""
        reads = self.reads(batch, wait=wait)
        asked = {"idempotency": answers.find(keys)} if keys else {}
        statements = {**reads, **asked}
        rows = dict(zip(statements, await tx.fetch_all(*statements.values()), strict=True))
        state, busy = await self.load(tx, batch, rows)
        return state, busy, {(row.user_id, row.method, row.key): row for row in rows.get("idempotency", ())}


class _Run(ABC, Generic[C, A]):
    """The ways to have commands carried out."""

    @abstractmethod
    async def __call__(self, batch: Sequence[C], *, wait: bool) -> list[Outcome[A]]:
        """Carry out a batch in one transaction; see desk.Run."""

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


class Operation(_Steps[C, S, A], _Run[C, A]):
    """Carries out commands C, which are decided by a state S and answered with an A."""

    async def __call__(self, batch: Sequence[C], *, wait: bool) -> list[Outcome[A]]:
        """Carry out a batch in one transaction; see desk.Run."""
        async with self._db.transaction() as tx:
            state, busy, _ = await self._read(tx, batch, (), wait=wait)
            outcomes = [BUSY if command.key in busy else self._outcome(command, state) for command in batch]
            await self.write(tx, state)
        return outcomes

    def _outcome(self, command: C, state: S) -> Outcome[A]:
        try:
            return self.decide(command, state)
        except Failure as failure:
            return failure


class KeyedCommand(Command, Protocol):
    """A command whose answer is kept."""

    @property
    def once(self) -> Once[Any, Any] | None:
        """The command's idempotency key, and how its answer is rendered; None: it is answered as it was decided."""


K = TypeVar("K", bound=KeyedCommand)


class KeyedOperation(_Steps[K, S, D], _Run[K, A], Generic[K, S, D, A]):
    """Carries out commands, and keeps the answer A to each under its idempotency key, where it has one."""

    async def __call__(self, batch: Sequence[K], *, wait: bool) -> list[Outcome[A]]:
        """Carry out a batch in one transaction; see desk.Run."""
        keys = [command.once.key for command in batch if command.once and command.once.key]
        async with self._db.transaction() as tx:
            state, busy, rows = await self._read(tx, batch, keys, wait=wait)
            known = {name: (bytes(row.request_hash), bytes(row.answer)) for name, row in rows.items()}
            kept: list[Kept] = []
            outcomes = [
                BUSY if command.key in busy else self._outcome(command, state, known, kept) for command in batch
            ]
            await self.write(tx, state)
            if kept:
                await answers.keep(tx, *kept)
        return outcomes

    def _outcome(
        self,
        command: K,
        state: S,
        known: dict[tuple[Any, ...], tuple[bytes, bytes]],
        kept: list[Kept],
    ) -> Outcome[A]:
        once, key = command.once, command.once and command.once.key
        try:
            if once and key and key.name in known:
                request_hash, stored = known[key.name]
                key.check(request_hash)
                return once.kind.FromString(stored)  # type: ignore[no-any-return]  # its kind is the command's affair
            decided: Any = self.decide(command, state)
        except Failure as failure:
            return failure
        if once is None or isinstance(decided, Failure):
            return decided  # type: ignore[no-any-return]  # what is not rendered is the answer
        answer = once.render(decided)
        if key:
            stored = answer.SerializeToString()
            known[key.name] = (key.request_hash, stored)
            kept.append(Kept(key, stored))
        return answer  # type: ignore[no-any-return]


class BegunCommand(Command, Protocol):
    """A command that uses its idempotency key up, and is answered later."""

    @property
    def idempotency(self) -> Key | None:
        """The command's idempotency key."""


B = TypeVar("B", bound=BegunCommand)


class BegunOperation(_Steps[B, S, A], _Run[B, A]):
    """Carries out commands, and keeps the idempotency key of each, so that no other request can use it."""

    def again(self, command: B, state: S) -> A:
        """Return what a command comes to whose key was kept before; unless it says otherwise, it is decided anew."""
        return self.decide(command, state)

    def answered(self, answer: bytes) -> A:
        """Return what a command comes to whose key has got its answer since it was kept."""
        raise NotImplementedError("nobody gives keys of this operation an answer")

    async def __call__(self, batch: Sequence[B], *, wait: bool) -> list[Outcome[A]]:
        """Carry out a batch in one transaction; see desk.Run."""
        keys = [command.idempotency for command in batch if command.idempotency]
        async with self._db.transaction() as tx:
            state, busy, rows = await self._read(tx, batch, keys, wait=wait)
            known = {name: (bytes(row.request_hash), bytes(row.answer)) for name, row in rows.items()}
            kept: list[Key] = []
            outcomes = [
                BUSY if command.key in busy else self._outcome(command, state, known, kept) for command in batch
            ]
            await self.write(tx, state)
            if kept:
                await answers.keep(tx, *[Kept(key, b"") for key in kept])
        return outcomes

    def _outcome(
        self, command: B, state: S, known: dict[tuple[Any, ...], tuple[bytes, bytes]], kept: list[Key]
    ) -> Outcome[A]:
        key = command.idempotency
        try:
            if key and key.name in known:
                request_hash, stored = known[key.name]
                key.check(request_hash)
                return self.answered(stored) if stored else self.again(command, state)
            outcome = self.decide(command, state)
        except Failure as failure:
            return failure
        if key:
            known[key.name] = (key.request_hash, b"")
            kept.append(key)
        return outcome
