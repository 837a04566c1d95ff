"""A mutation that is asked for twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.system.client import Client, Json, Show


@dataclass(frozen=True)
class Case:
    """Requests of a method, as JSON with the variables of its path among the fields."""

    right: Json
    """What is asked for; nothing of it has happened yet."""
    other: Json
    """Something else that the same user could have."""
    refused: Json
    """Something that the same user is refused, for good."""
    theirs: Json | None
    """Something that another user can have; None where it is nobody's."""
    database: str
    effects: str
    """Counts in `database` how often what is right has happened."""
    name: object
    """What the count is of."""
    headers: Json = field(default_factory=dict)
    """What says who calls, where somebody with an account has to."""


Prepare = Callable[[Client, Show], Awaitable[Case]]
