"""Several calls at once, and not too many."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

AT_ONCE = 16

T = TypeVar("T")
R = TypeVar("R")


async def each(things: Sequence[T], work: Callable[[T], Awaitable[R]]) -> list[R]:
    """Do `work` on each of `things`, some at once, and return what came of each, in order."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def do(thing: T) -> R:
        async with turn:
            return await work(thing)

    return await asyncio.gather(*(do(thing) for thing in things))
