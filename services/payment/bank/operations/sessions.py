"""Sessions as they stand: looked at, or locked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.chassis.database import READ_CLOCK, Database, Transaction
from services.chassis.lookup import Lookup
from services.payment.bank.domain.errors import SessionNotFound
from services.payment.bank.domain.sessions import Session, Status
from services.payment.bank.queries import sessions as sql


class Sessions:
    """Sessions as they stand, looked up for all at once who ask."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._by_id: Lookup[str, tuple[Session, datetime]] = Lookup(self._find, name="look-sessions")

    async def get(self, session_id: str) -> tuple[Session, datetime]:
        """Return a session as it is now, and when that is; raise SessionNotFound."""
        found = await self._by_id.of(session_id)
        if found is None:
            raise SessionNotFound()
        return found

    async def _find(self, ids: Sequence[str]) -> dict[str, tuple[Session, datetime]]:
        rows = await self._db.fetch(sql.SESSIONS, (list(ids),))
        return {row.id: (session_of(row).at(row.now), row.now) for row in rows}


async def lock(tx: Transaction, session_id: str) -> tuple[Session, datetime]:
    """Lock a session and return it with the time that it is then; raise SessionNotFound."""
    rows, [clock] = await tx.fetch_all((sql.LOCK_SESSION, (session_id,)), (READ_CLOCK, ()))
    if not rows:
        raise SessionNotFound()
    return session_of(rows[0]), clock.now


def session_of(row: Any) -> Session:
    """Read a session."""
    return Session(
        row.id,
        row.payment_id,
        row.amount,
        row.currency,
        row.description,
        row.items,
        Status(row.status),
        row.refunded_amount,
        row.expires_at,
        row.order_id,
        row.payment_method,
        row.decides_at,
    )
