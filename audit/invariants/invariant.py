"""What an invariant is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Invariant:
    """A rule: its name, why it must hold, what it is about, and the query for what breaks it.

    `looks_at` are tables, each with the condition that picks the rows that the rule is about. `sql` says
    IS DISTINCT FROM or IS NOT TRUE wherever a null could hide a fault.
    """

    name: str
    why: str
    looks_at: tuple[str, ...]
    sql: str
