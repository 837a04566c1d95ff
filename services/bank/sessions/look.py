"""Sessions as they stand."""

from collections.abc import Sequence
from datetime import datetime

from services.bank.domain.sessions import Session
from services.bank.errors import SessionNotFound
from services.bank.sessions import statements as sql
from services.chassis.store.database import Database
from services.chassis.store.rows import read
from services.chassis.writes.lookup import Lookup


class Sessions:
    """Sessions as they stand, looked up for all at once who ask."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._by_id: Lookup[str, tuple[Session, datetime]] = Lookup(self._find, name="look-sessions")

    async def get(self, session_id: str) -> tuple[Session, datetime]:
        """Return a session as it is now, and when that is; raise SessionNotFound."""
        found = await self._by_id.get(session_id)
        if found is None:
            raise SessionNotFound()
        return found

    async def _find(self, ids: Sequence[str]) -> dict[str, tuple[Session, datetime]]:
        rows = await self._db.fetch(sql.SESSIONS, {"ids": list(ids)})
        sessions = zip(read(Session, rows), rows, strict=True)
        return {session.id: (session.at(row.now), row.now) for session, row in sessions}
