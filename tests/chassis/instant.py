"""An event loop whose clock jumps to the next timer as soon as nothing else is to be done.

What waits, waits for no time at all; what would wait for ever is found out at once.
"""

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec

P = ParamSpec("P")


class NothingWillEverHappen(AssertionError):
    """Everybody waits, and no timer is set."""


class _Selector(selectors.DefaultSelector):
    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingWillEverHappen()
        self.skipped += max(timeout, 0)
        return super().select(0)


class InstantLoop(asyncio.SelectorEventLoop):
    """A loop with a clock of its own, which begins at 0."""

    def __init__(self) -> None:
        self._jumping = _Selector()
        super().__init__(self._jumping)
        # Timers are due a little early, so that rounding leaves none for a second jump.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._jumping.skipped


def run(work: Awaitable[None]) -> None:
    """Run `work` on a loop of its own."""
    loop = InstantLoop()
    try:
        loop.run_until_complete(work)
        left = asyncio.all_tasks(loop)
        assert not left, left
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()


def instantly(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test on such a loop."""

    @wraps(test)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        run(test(*args, **kwargs))

    return wrapped
