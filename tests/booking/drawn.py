"""Values that are read out of bytes which Hypothesis draws in one piece.

It takes Hypothesis ten times as long to draw each number of an example by itself. A failing example is made smaller all
the same: where the bytes are 0, numbers are the least that they may be and lists the shortest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

NEAR = 4
"""How many numbers at each end are drawn more often than others."""


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


def drawn(size: int = 200) -> st.SearchStrategy[Drawn]:
    """Return what draws so many bytes: enough for what is read of them."""
    return st.binary(min_size=size, max_size=size).map(Drawn)
