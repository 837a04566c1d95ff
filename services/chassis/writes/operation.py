"""Operations: the one shape that every write has.

An operation carries out commands of one kind, for one caller or for many in the same transaction:

    reads   the statements that lock what the commands are about, then read the clock and the rest: one round trip
    load    the state that commands are decided by, made of what was read
    decide  one command: pure, and what it is refused for spoils no other command
    write   what the decisions have changed, as sets; goes out together with COMMIT

The clock is read after the locks are had: who waited for one is judged by the time at which it came free.

An operation is what a desk runs (see desk.Run); where there is no desk, `alone` carries out one command.

Three kinds differ in what they do about idempotency keys, and in nothing else: in `_key`, `_again`, `_answer`, `_kept`.

    Operation        its commands carry none
    KeyedOperation   keeps the answer under the key, in the transaction that does what it says
    BegunOperation   keeps the key alone: the answer comes later, or is read from what there is then

Keys are looked up in the round trip of `reads`, after the locks. Of equal requests at the same time, one keeps the
key. The others wait for its lock, or their transactions are undone by its key and run again (see database.py); then
they find what was kept.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

from google.protobuf.message import Message

from services.chassis.errors import Failure, Interrupted
from services.chassis.store.database import Database, Statement, Transaction, retried
from services.chassis.store.marks import COMMIT_MARKS, Marks
from services.chassis.store.rows import Row
from services.chassis.writes import answers
from services.chassis.writes.answers import Kept, KeyTable
from services.chassis.writes.desk import BUSY, Busy, Command, Outcome
from services.chassis.writes.idempotency import Key, Once

C = TypeVar("C", bound=Command)
S = TypeVar("S")
D = TypeVar("D")
A = TypeVar("A")

Rows = Mapping[str, list[Row]]
"""What each statement of `reads` gave, by its name."""

Known = dict[tuple[Any, ...], tuple[bytes, bytes]]
"""Under the names of idempotency keys: the request's hash, and the answer."""


class _Runner(ABC, Generic[C, S, D, A]):
    """Carries out commands C, which are decided by a state S, come to a D and are answered with an A."""

    key_table: ClassVar[KeyTable] = answers.KEYS
    """Where the idempotency keys of its commands are kept."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @abstractmethod
    def reads(self, batch: Sequence[C], *, wait: bool) -> dict[str, Statement]:
        """Return the statements that lock and read, in their order, each with a name.

        With `wait`, they wait for locks; otherwise they skip rows that another transaction has locked.
        """

    @abstractmethod
    async def load(self, tx: Transaction, batch: Sequence[C], rows: Rows) -> tuple[S, Collection[Hashable]]:
        """Return the state, and the keys whose rows another transaction has locked: commands of these stay queued.

        May read more.
        """

    @abstractmethod
    def decide(self, command: C, state: S) -> D:
        """Return what one command comes to, and note in `state` what it changes; raise the Failure that refuses it."""

    @abstractmethod
    async def write(self, tx: Transaction, state: S) -> None:
        """Write what was changed in `state`."""

    def marks(self, batch: Sequence[C]) -> Marks:
        """Return where the transaction of a batch leaves its mark: beside the rows that it writes."""
        return COMMIT_MARKS

    # What kinds of operations differ in; as it stands here, commands have no keys.

    def _key(self, command: C) -> Key | None:
        """Return the command's idempotency key."""
        return None

    def _again(self, command: C, state: S, stored: bytes) -> A:
        """Return the answer to a command under whose key `stored` is kept."""
        raise NotImplementedError("commands that have keys are answered again")

    @abstractmethod
    def _answer(self, command: C, decided: D) -> A:
        """Return the answer to a command that came to this."""

    def _kept(self, answer: A) -> bytes:
        """Return what is kept of an answer under its key: nothing, so that the key alone is kept."""
        return b""

    # The ways to have commands carried out.

    async def __call__(self, batch: Sequence[C], *, wait: bool) -> list[Outcome[A]]:
        """Carry out a batch in one transaction; see desk.Run."""
        async with self._db.transaction(self.marks(batch)) as tx:
            reads = self.reads(batch, wait=wait)
            if keys := [key for command in batch if (key := self._key(command))]:
                reads = {**reads, "idempotency": answers.find(keys, self.key_table)}
            rows = dict(zip(reads, await tx.fetch_all(*reads.values()), strict=True))
            state, busy = await self.load(tx, batch, rows)
            known = self._known(rows.get("idempotency", ()))
            kept: list[Kept] = []
            outcomes = [
                BUSY if command.key in busy else self._outcome(command, state, known, kept) for command in batch
            ]
            await self.write(tx, state)
            if kept:
                await answers.keep(tx, *kept, table=self.key_table)
        return outcomes

    def _known(self, rows: Sequence[Row]) -> Known:
        return {self.key_table.name(row): (bytes(row.request_hash), bytes(row.answer)) for row in rows}

    def _outcome(self, command: C, state: S, known: Known, kept: list[Kept]) -> Outcome[A]:
        """Return what a command comes to; equal requests behind it in the batch find its answer in `known`."""
        key = self._key(command)
        try:
            if key and key.name in known:
                request_hash, stored = known[key.name]
                key.check(request_hash)
                return self._again(command, state, stored)
            decided = self.decide(command, state)
        except Failure as failure:
            return failure
        answer = self._answer(command, decided)
        if key and not isinstance(answer, Failure):
            stored = self._kept(answer)
            known[key.name] = (key.request_hash, stored)
            kept.append(Kept(key, stored))
        return answer

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


class Operation(_Runner[C, S, A, A]):
    """Carries out commands C, which are decided by a state S and answered with an A."""

    def _answer(self, command: C, decided: A) -> A:
        return decided


class KeyedCommand(Command, Protocol):
    """A command whose answer is kept."""

    @property
    def once(self) -> Once[Any, Any] | None:
        """The command's idempotency key, and how its answer is rendered; None: it is answered as it was decided."""


K = TypeVar("K", bound=KeyedCommand)


class KeyedOperation(_Runner[K, S, D, A]):
    """Carries out commands, and keeps the answer A to each under its idempotency key, where it has one."""

    def _key(self, command: K) -> Key | None:
        return command.once.key if command.once else None

    def _again(self, command: K, state: S, stored: bytes) -> A:
        assert command.once is not None, "it has a key"
        return cast(A, command.once.kind.FromString(stored))

    def _answer(self, command: K, decided: D) -> A:
        if command.once is None or isinstance(decided, Failure):
            return cast(A, decided)  # what is not rendered is the answer
        return cast(A, command.once.render(decided))

    def _kept(self, answer: A) -> bytes:
        return cast(Message, answer).SerializeToString()


class BegunCommand(Command, Protocol):
    """A command that uses its idempotency key up, and is answered later."""

    @property
    def idempotency(self) -> Key | None:
        """The command's idempotency key."""


B = TypeVar("B", bound=BegunCommand)


class BegunOperation(Operation[B, S, A]):
    """Carries out commands, and keeps the idempotency key of each, so that no other request can use it."""

    def again(self, command: B, state: S) -> A:
        """Return what a command comes to whose key was kept before; unless it says otherwise, it is decided anew."""
        return self.decide(command, state)

    def answered(self, answer: bytes) -> A:
        """Return what a command comes to whose key has got its answer since it was kept."""
        raise NotImplementedError("nobody gives keys of this operation an answer")

    def _key(self, command: B) -> Key | None:
        return command.idempotency

    def _again(self, command: B, state: S, stored: bytes) -> A:
        return self.answered(stored) if stored else self.again(command, state)
