"""How many calls a process works on at once. Over that, they are refused at the door, before they are read.

Each budget of the contracts has a door of its own, so that a crowd that wants to buy never keeps out what brings money
that was taken to a ticket, or back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, cast

from services.chassis.sight import metrics
from services.chassis.wire.identity import policy

Budget = Literal["SALES", "MONEY"]

BUDGETS: tuple[Budget, ...] = ("SALES", "MONEY")

MAX_CALLS = 512
"""Calls of one budget. They are answered within a second or so, and who is refused is told at once: what waited behind
more would be answered too late for whoever asked."""


class Door:
    """The door of one budget."""

    def __init__(self, budget: Budget) -> None:
        self.inside = 0
        metrics.CALLS_NOW.labels(budget.lower()).set_function(lambda: self.inside)

    @property
    def is_full(self) -> bool:
        """Whether who comes now is refused."""
        return self.inside >= MAX_CALLS


passed: ContextVar[Door | None] = ContextVar("passed", default=None)
"""The door that the present call came through."""


@contextmanager
def outside() -> Iterator[None]:
    """Give the present call's place to others while it only waits to be told something, which costs nothing.

    It takes a place again afterwards, whether there is one or not: it has been let in before.
    """
    door = passed.get()
    if door is None:
        yield
        return
    door.inside -= 1
    try:
        yield
    finally:
        door.inside += 1


def budget_of(method: str) -> Budget:
    """Return from which budget the calls of a method are, such as /boxoffice.bank.v1.BankService/GetSession."""
    return cast(Budget, policy(method).budget)
