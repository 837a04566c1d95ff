"""What a service keeps of a user, as JSON, in pages.

Each kind of record has a statement, which gives those of a user behind `after` in the order of `position`, an id.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.chassis.store.database import Database

ROWS = 100
"""Records that are read at once."""

PAGE_BYTES = 1024 * 1024
"""How much a page has, by one record more at most: far less than gRPC's clients read."""

_FIRST = UUID(int=0)
_TOKEN = re.compile(r"(\d{1,3})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of records."""

    name: str
    statement: str
    """Takes `user_id`, `after` and `limit`; gives `position` and `record`, which is JSON."""


async def page(db: Database, kinds: Sequence[Kind], user_id: UUID, token: str) -> tuple[list[str], str]:
    """Return a page of what is kept of a user, and the token of the next one. A token of another list begins anew."""
    read = _TOKEN.fullmatch(token)
    index, after = (int(read[1]), UUID(read[2])) if read else (0, _FIRST)
    records: list[str] = []
    size = 0
    for number, kind in enumerate(kinds[index:], index):
        more = True
        while more:
            rows = await db.fetch(kind.statement, {"user_id": user_id, "after": after, "limit": ROWS})
            for row in rows:
                record = f'{{"kind":"{kind.name}","data":{row.record}}}'
                records.append(record)
                size, after = size + len(record.encode()), row.position
                if size >= PAGE_BYTES:
                    return records, f"{number}-{after}"
            more = len(rows) == ROWS
        after = _FIRST
    return records, ""
