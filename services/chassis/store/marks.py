"""The marks by which transactions are known to have been committed (docs/adr/0002-commit-markers.md).

A mark is a row that a transaction writes first. Asking whether the transaction was committed writes the same row again,
and a fence beside it: the unique index waits for the first transaction's end. Where the rows that a transaction writes
may lie on another server than the table of marks, it has to leave its mark beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

MARK = "INSERT INTO commit_markers (id) VALUES (%(id)s)"
FENCE = "INSERT INTO commit_markers (id) VALUES (%(id)s), (%(fence)s)"
FENCED = "SELECT FROM commit_markers WHERE id = %(id)s"
SWEEP_MARKERS = """
    DELETE FROM commit_markers WHERE id = ANY(ARRAY(
        SELECT id FROM commit_markers WHERE created_at < (SELECT clock_timestamp()) - interval '15 minutes'
        ORDER BY created_at LIMIT 5000 FOR UPDATE SKIP LOCKED
    ))
"""

Written = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Marks:
    """A table of marks, by the statements on it, and what names a mark there beside its id."""

    mark: str = MARK
    fence: str = FENCE
    fenced: str = FENCED
    beside: Mapping[str, Any] = field(default_factory=dict)

    def leave(self, id_: UUID) -> Written:
        """Return the statement with which a transaction begins."""
        return self.mark, {**self.beside, "id": id_}

    def ask(self, id_: UUID, fence: UUID) -> Written:
        """Return the statement that fails where the transaction was committed, and else fences it off for good."""
        return self.fence, {**self.beside, "id": id_, "fence": fence}

    def find(self, fence: UUID) -> Written:
        """Return the statement that finds the fence where an earlier question wrote it, whose answer was lost."""
        return self.fenced, {**self.beside, "id": fence}


COMMIT_MARKS = Marks()
"""Those of most transactions."""
