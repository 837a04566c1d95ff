"""A desk's kitchen: takes batches of orders, and does with them what the test says, when it says so."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.chassis.writes.desk import BUSY, Desk


@dataclass(frozen=True)
class Order:
    """A command."""

    key: str
    name: str = ""
    urgent: bool = False


@dataclass
class Batch:
    """A batch that is being carried out."""

    orders: Sequence[Order]
    wait: bool
    done: "asyncio.Future[Sequence[Any]]" = field(default_factory=asyncio.Future)

    @property
    def names(self) -> list[str]:
        return [order.name for order in self.orders]

    @property
    def keys(self) -> set[str]:
        return {order.key for order in self.orders}

    def answer(self) -> None:
        """Answer every order with its name."""
        self.done.set_result(self.names)

    def answer_with(self, answer: Callable[[Order], Any]) -> None:
        self.done.set_result([answer(order) for order in self.orders])

    def busy(self) -> None:
        self.done.set_result([BUSY] * len(self.orders))

    def fail(self, error: BaseException) -> None:
        self.done.set_exception(error)


class Kitchen:
    """What a desk runs. Notes as a fault what a desk must never do."""

    def __init__(self) -> None:
        self.history: list[Batch] = []
        self.faults: list[str] = []
        self._new: asyncio.Queue[Batch] = asyncio.Queue()
        self._keys: set[str] = set()

    async def __call__(self, batch: Sequence[Order], *, wait: bool) -> Sequence[Any]:
        running = Batch(list(batch), wait)
        if not batch:
            self.faults.append("an empty batch")
        if running.keys & self._keys:
            self.faults.append(f"of {running.keys}, {self._keys} are in another batch")
        if wait and len(running.keys) > 1:
            self.faults.append("more than one key is waited for")
        self._keys |= running.keys
        self.history.append(running)
        self._new.put_nowait(running)
        try:
            return await running.done
        finally:
            self._keys -= running.keys

    async def next(self) -> Batch:
        """Return the next batch, when it has begun."""
        return await self._new.get()

    @property
    def idle(self) -> bool:
        """Whether every batch that has begun was given to the test."""
        return self._new.empty()


def submit(desk: Desk[Order, Any], *orders: Order) -> list["asyncio.Task[Any]"]:
    """Submit orders, each from a caller of its own."""
    return [asyncio.ensure_future(desk.submit(order)) for order in orders]


async def settle() -> None:
    """Let everything go on that needs no time to pass."""
    for _ in range(50):
        await asyncio.sleep(0)


async def close(desk: Desk[Order, Any]) -> None:
    """Close a desk that has nothing to do, and see that it remembers nothing."""
    await settle()
    assert not getattr(desk._run, "faults", None)
    assert not desk._lines
    assert not desk._lines.ready
    assert not desk._lines.stuck
    assert desk._lines.waiting == 0
    await desk.close()
