"""Ending sessions that nobody pays."""

from datetime import timedelta

from services.chassis.database import Database, retried
from services.payment.bank.domain.sessions import Session, Status
from services.payment.bank.operations import ends
from services.payment.bank.operations.deliveries import Deliveries
from services.payment.bank.operations.sessions import lock, session_of
from services.payment.bank.queries import sessions as sql

SWEEP_BATCH = 200


@retried
async def close(db: Database, deliveries: Deliveries, session_id: str) -> Session:
    """Close an open session, unless its time is up or its payment is under way; return how it stands."""
    async with db.transaction() as tx:
        session, now = await lock(tx, session_id)
        ended = session.ended(Status.CLOSED, now)
        if ended.status != session.status:
            await ends.write(tx, deliveries, [ends.plain(ended, now)], now)
    return ended


@retried
async def end_due(db: Database, deliveries: Deliveries) -> int:
    """End one batch of open sessions whose time is up, or whose payment is to be decided; return how many."""
    async with db.transaction() as tx:
        rows = await tx.fetch(sql.LOCK_DUE, (SWEEP_BATCH,))
        if not rows:
            return 0
        now = max(row.now for row in rows)
        due = [session_of(row) for row in rows]
        decided = await ends.decide(tx, [s for s in due if s.decides_at is not None], now, timedelta())
        over = [ends.plain(ended, now) for s in due if (ended := s.at(now)).status == Status.EXPIRED]
        await ends.write(tx, deliveries, decided + over, now)
    return len(rows)
