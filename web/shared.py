"""Answers that anybody may read, kept a moment: a crowd that reads the same page asks the services once a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from typing import Any, TypeVar

A = TypeVar("A")

SECONDS = 1.0
"""How old an answer may be, counted from when it was asked for."""

MOST = 64
"""So many answers are kept; the one that was asked for first goes first."""


class Shared:
    """What was asked for lately, by what was asked. Nobody changes an answer that he gets."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[Hashable, tuple[float, asyncio.Task[Any]]] = {}

    async def answer(self, key: Hashable, ask: Callable[[], Coroutine[Any, Any, A]]) -> A:
        """Return the answer to the question that `key` names, by `ask` where none is kept; raise what that raises.

        Whoever comes while it is asked waits for the same answer, even if the one who came first is gone. Failures are
        not kept.
        """
        now = self._clock()
        begun, task = self._kept.get(key, (now, None))
        if task is None or now - begun >= SECONDS:
            self._kept.pop(key, None)
            while len(self._kept) >= MOST:
                del self._kept[next(iter(self._kept))]
            task = asyncio.create_task(ask())
            task.add_done_callback(partial(self._drop_failed, key))
            self._kept[key] = now, task
        found: A = await asyncio.shield(task)
        return found

    def _drop_failed(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        _, kept = self._kept.get(key, (0, None))
        if (task.cancelled() or task.exception()) and kept is task:
            del self._kept[key]
