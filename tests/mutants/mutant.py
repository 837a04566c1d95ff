"""What a mutant is: a bug to plant, as a change of one text in one file."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


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
    """A bug to plant."""

    name: str
    file: str
    """Its path in the repository."""
    before: str
    """The text that is changed; it occurs once."""
    after: str
    breaks: Promise
    suites: Sequence[str]
    """What pytest is to run, one after the other, until one fails; the cheapest comes first."""
    equivalent: str = ""
    """Why no test can notice the bug, where that is so."""

    def plant(self, root: Path) -> str:
        """Write the bug into the tree at `root`; return what the file was. Raise ValueError unless it fits there."""
        path = root / self.file
        text = path.read_text()
        if text.count(self.before) != 1:
            raise ValueError(f"{self.name}: its text occurs {text.count(self.before)} times in {self.file}: adapt it")
        path.write_text(text.replace(self.before, self.after))
        return text
