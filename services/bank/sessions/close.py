"""Ending sessions that nobody pays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from services.bank.domain.sessions import Session, SessionStatus
from services.bank.errors import SessionNotFound
from services.bank.sessions import ends
from services.bank.sessions import statements as sql
from services.bank.sessions.ends import LockedSessions
from services.bank.webhooks.deliveries import Deliveries
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction, retried
from services.chassis.store.rows import read
from services.chassis.writes.operation import Operation, Rows

SWEEP_BATCH = 200


@dataclass(frozen=True, slots=True)
class Close:
    """The wish to close a session."""

    urgent: ClassVar[bool] = False

    key: str


class CloseSessions(Operation[Close, LockedSessions, Session]):
    """Closes an open session, unless its time is up or its payment is under way; answers with how it stands."""

    def __init__(self, db: Database, deliveries: Deliveries) -> None:
        super().__init__(db)
        self._deliveries = deliveries

    def reads(self, batch: Sequence[Close], *, wait: bool) -> dict[str, Statement]:
        """Lock the sessions."""
        ids = {"ids": [command.key for command in batch]}
        return {"sessions": (sql.WAIT_FOR_SESSIONS, ids), "clock": (READ_CLOCK, ())}

    async def load(self, tx: Transaction, batch: Sequence[Close], rows: Rows) -> tuple[LockedSessions, set[str]]:
        """Nothing depends on more than the sessions."""
        sessions = {session.id: session for session in read(Session, rows["sessions"])}
        return LockedSessions(rows["clock"][0].now, sessions), set()

    def decide(self, command: Close, state: LockedSessions) -> Session:
        """Close the session, or note that its time is up; raise SessionNotFound."""
        session = state.sessions.get(command.key)
        if session is None:
            raise SessionNotFound()
        ended = session.ended(SessionStatus.CLOSED, state.now)
        return state.end(ended) if ended.status != session.status else ended

    async def write(self, tx: Transaction, state: LockedSessions) -> None:
        """Write what has ended."""
        await ends.write(tx, self._deliveries, state)


@retried
async def end_due(db: Database, deliveries: Deliveries) -> int:
    """End one batch of open sessions whose time is up, or whose payment is to be decided; return how many."""
    async with db.transaction() as tx:
        rows = await tx.fetch(sql.LOCK_DUE, {"most": SWEEP_BATCH})
        if not rows:
            return 0
        due = read(Session, rows)
        locked = LockedSessions(max(row.now for row in rows), {session.id: session for session in due})
        under_way = [session for session in due if session.decides_at is not None]
        await ends.read_past(tx, locked, under_way)
        for session in under_way:
            locked.pay(session, timedelta())
        for session in due:
            if (over := session.at(locked.now)).status == SessionStatus.EXPIRED:
                locked.end(over)
        await ends.write(tx, deliveries, locked)
    return len(rows)
