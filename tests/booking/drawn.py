"""Values that are read out of bytes which Hypothesis draws in one piece.

It takes Hypothesis ten times as long to draw each number of an example by itself. A failing example is made smaller all
the same: where the bytes are 0, numbers are the least that they may be and lists the shortest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

T = TypeVar("T")

NEAR = 4
"""How many numbers at each end are drawn more often than others."""
MANY, BYTES = 20, 4_000
"""How many values are made of one example, and of how many bytes at most: Hypothesis likes no larger ones."""


class Drawn:
    """The bytes of an example. After their end all is 0."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __repr__(self) -> str:
        return f"Drawn(bytes.fromhex({self._data.hex()!r}))"

    def integer(self, least: int, most: int) -> int:
        """Return a number; of a large range often one that is small, or near one of its ends."""
        span = most - least + 1
        if span <= 256:
            return least + (self._read(1) * span >> 8)
        kind, number = self._read(1), self._read(4)
        if kind < 24:
            return least + number % NEAR
        if kind < 48:
            return most - number % NEAR
        if kind < 112:
            span = min(span, 2 << kind % span.bit_length())
        return least + (number * span >> 32)

    def boolean(self) -> bool:
        """Return whether."""
        return bool(self.integer(0, 1))

    def one_of(self, values: Sequence[T]) -> T:
        """Return one of some values."""
        return values[self.integer(0, len(values) - 1)]

    def maybe(self, make: Callable[[], T]) -> T | None:
        """Return what is made, or None."""
        return make() if self.boolean() else None

    def several(self, make: Callable[[], T], least: int, most: int) -> list[T]:
        """Return so many of what is made."""
        return [make() for _ in range(self.integer(least, most))]

    def shuffled(self, values: Sequence[T]) -> list[T]:
        """Return the values in some order."""
        left = list(values)
        return [left.pop(self.integer(0, len(left) - 1)) for _ in values]

    def _read(self, count: int) -> int:
        self._at += count
        return int.from_bytes(self._data[self._at - count : self._at], "little")


def holds_for(
    count: int, make: Callable[[Drawn], T], *, size: int = 200
) -> Callable[[Callable[[T], None]], Callable[[list[T]], None]]:
    """Hold a test against so many values, each made of so many bytes: enough for what is read of them.

    They come several at a time, as Hypothesis takes longer for an example than a test for a value.
    """

    many = min(MANY, BYTES // size)

    def several(data: bytes) -> list[T]:
        return [make(Drawn(data[at : at + size])) for at in range(0, len(data), size)]

    def decorate(test: Callable[[T], None]) -> Callable[[list[T]], None]:
        def each(values: list[T]) -> None:
            for value in values:
                try:
                    test(value)
                except Exception as error:
                    error.add_note(f"for {value!r}")
                    raise

        each.__name__, each.__qualname__, each.__doc__ = test.__name__, test.__qualname__, test.__doc__
        each.__module__ = test.__module__
        examples = settings(max_examples=-(-count // many), deadline=None, database=None)
        return examples(given(st.binary(min_size=size * many, max_size=size * many).map(several))(each))

    return decorate
