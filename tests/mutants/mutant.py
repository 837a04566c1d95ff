"""What a mutant is: a bug to plant, as a change of one piece of code in one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.mutants.places import Place, defined
from tests.mutants.syntax import changed


class Promise(StrEnum):
    """What a bug breaks."""

    SEATS = "seats"
    """A seat is sold twice, or lost, or somebody gets more than is allowed."""
    MONEY = "money"
    """Money is kept without a ticket, given back wrongly, or a ticket goes without money."""
    REQUESTS = "requests"
    """A request is answered wrongly, done twice or not at all, or holds up others."""


SEATS, MONEY, REQUESTS = Promise.SEATS, Promise.MONEY, Promise.REQUESTS


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug to plant.

    Files, line ends and comments are no part of it: it stays where it is when a file is moved or put into format.
    """

    name: str
    where: str
    """The class, function or constant that is changed, such as `Hold.apply`, whichever file it is in.

    Where others have its name too, the folder or file comes first: `bank:refund`.
    """
    before: str
    """The piece that is changed: an expression, statements, or a part of a text such as SQL. It is there once.

    A statement `...` stands for any statements, which stay as they are; `{key: value}` also for a part of a dict.
    """
    after: str
    breaks: Promise
    suites: Sequence[str]
    """What pytest is to run, one after the other, until one fails; the cheapest comes first."""
    equivalent: str = ""
    """Why no test can notice the bug, where that is so."""

    def find(self, root: Path) -> tuple[Place, str]:
        """Find the bug's place in the tree at `root`; return it and what its file becomes.

        Raise ValueError unless there is exactly one.
        """
        places = defined(root, self.where)
        fits = [(place, code) for place in places for code in changed(place.node, self.before, self.after)]
        if len(fits) != 1:
            listed = ", ".join(map(str, places)) or "which is nowhere"
            raise ValueError(f"{self.name}: fits {len(fits)} times into {self.where} ({listed}): adapt it")
        [(place, code)] = fits
        return place, place.put(code)
