"""Lines: the commands of a desk that wait, those of each key in the order they came, urgent ones first.

A key is in one of four places: ready, with commands that no batch has; taken by a batch; stuck, skipped too often; or
at rest between two tries. Which of them it is in, the desk says.
"""

import asyncio
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar


class Command(Protocol):
    """What a desk takes."""

    @property
    def key(self) -> Hashable:
        """What the command needs for itself while it is carried out."""

    @property
    def urgent(self) -> bool:
        """Whether it goes before, and has a queue of its own."""


C = TypeVar("C", bound=Command)
A = TypeVar("A")


@dataclass(slots=True, eq=False)
class Entry(Generic[C, A]):
    """A command that was queued."""

    command: C
    answer: asyncio.Future[A]
    since: float
    """When it came, on the event loop's clock."""
    span: Any = None
    """Whose it is, where that is traced."""
    waits: bool = True

    @property
    def has_left(self) -> bool:
        """Whether its caller has gone, or has been answered."""
        return self.answer.done()


@dataclass(slots=True, eq=False)
class Line(Generic[C, A]):
    """The commands of one key that wait."""

    urgent: deque[Entry[C, A]] = field(default_factory=deque)
    ordinary: deque[Entry[C, A]] = field(default_factory=deque)
    skips: int = 0
    """How often the key was skipped in a row, because another process had it."""

    def __bool__(self) -> bool:
        return bool(self.urgent or self.ordinary)

    def queue_for(self, command: C) -> deque[Entry[C, A]]:
        """Return the queue that is for `command`."""
        return self.urgent if command.urgent else self.ordinary

    @property
    def since(self) -> float:
        """When the first command came that waits."""
        return min((queue[0].since for queue in (self.urgent, self.ordinary) if queue), default=0.0)


class Lines(Generic[C, A]):
    """The lines of a desk."""

    def __init__(self) -> None:
        self._by_key: dict[Hashable, Line[C, A]] = {}
        self._queued = {True: 0, False: 0}  # how many commands wait, urgent and ordinary
        self.ready: deque[Hashable] = deque()  # keys with commands that no batch has, in turn
        self.stuck: deque[Hashable] = deque()  # keys that were skipped too often

    def __bool__(self) -> bool:
        return bool(self._by_key)

    @property
    def waiting(self) -> int:
        """How many commands wait."""
        return sum(self._queued.values())

    def waiting_like(self, command: C) -> int:
        """Return how many commands of the same urgency wait."""
        return self._queued[command.urgent]

    @property
    def since(self) -> float:
        """When the first command came that is ready."""
        return min(self._by_key[key].since for key in self.ready)

    def add(self, entry: Entry[C, A]) -> bool:
        """Put a command at the end of its line; return whether its key is ready because of that."""
        key = entry.command.key
        line = self._by_key.get(key)
        is_new = line is None
        if line is None:
            line = self._by_key[key] = Line()
            self.ready.append(key)
        line.queue_for(entry.command).append(entry)
        self._queued[entry.command.urgent] += 1
        return is_new

    def take(self, *, keys: int, commands: int) -> list[Entry[C, A]]:
        """Take a batch: the commands of so many keys that are ready, and so many commands, at most."""
        batch: list[Entry[C, A]] = []
        taken_keys = 0
        while self.ready and taken_keys < keys and len(batch) < commands:
            key = self.ready.popleft()
            if taken := self.take_from(key, commands - len(batch)):
                batch += taken
                taken_keys += 1
            else:
                self.let_go(key)
        return batch

    def take_from(self, key: Hashable, most: int) -> list[Entry[C, A]]:
        """Take commands of one key, leaving out those whose callers have gone."""
        line = self._by_key[key]
        taken: list[Entry[C, A]] = []
        for queue, urgent in ((line.urgent, True), (line.ordinary, False)):
            while queue and len(taken) < most:
                entry = queue.popleft()
                entry.waits = False
                self._queued[urgent] -= 1
                if not entry.has_left:
                    taken.append(entry)
        return taken

    def put_back(self, key: Hashable, entries: Sequence[Entry[C, A]]) -> int:
        """Put skipped commands back to the front of their line; return how often the key was skipped in a row."""
        line = self._by_key[key]
        for entry in reversed(entries):
            if not entry.has_left:
                entry.waits = True
                line.queue_for(entry.command).appendleft(entry)
                self._queued[entry.command.urgent] += 1
        line.skips += 1
        return line.skips

    def drop(self, entry: Entry[C, A]) -> None:
        """Forget a command whose caller went away while it waited."""
        if entry.waits:
            entry.waits = False
            self._queued[entry.command.urgent] -= 1
            self._by_key[entry.command.key].queue_for(entry.command).remove(entry)

    def served(self, key: Hashable) -> bool:
        """Let go of a key whose commands were carried out; return whether it is ready again."""
        self._by_key[key].skips = 0
        return self.let_go(key)

    def let_go(self, key: Hashable) -> bool:
        """Let go of a key; return whether commands of it wait, which are ready for the next batch."""
        if self._by_key[key]:
            self.ready.append(key)
            return True
        del self._by_key[key]
        return False
