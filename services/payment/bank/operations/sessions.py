"""What happens to sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from services.chassis.database import READ_CLOCK, Database, Transaction, retried
from services.payment.bank.domain import events
from services.payment.bank.domain.errors import SessionMismatch, SessionNotFound
from services.payment.bank.domain.sessions import Session, Status
from services.payment.bank.operations.deliveries import Deliveries
from services.payment.bank.queries import sessions as sql

SWEEP_BATCH = 200


@retried
async def create(
    db: Database,
    *,
    session_id: str,
    payment_id: UUID,
    amount: int,
    currency: str,
    expires_at: datetime,
    description: str,
    items: Sequence[str],
) -> Session:
    """Create a session, or return the one of this id; raise SessionMismatch if that has other facts."""
    parameters = (session_id, payment_id, amount, currency, description, list(items), expires_at)
    row = (await db.fetch(sql.CREATE_SESSION, parameters))[0]
    session = _session(row)
    if (session.payment_id, session.amount, session.currency, session.expires_at) != (
        payment_id,
        amount,
        currency,
        expires_at,
    ):
        raise SessionMismatch()
    return session.at(row.now)


@retried
async def get(db: Database, session_id: str) -> tuple[Session, datetime]:
    """Return a session as it is now, and when that is; raise SessionNotFound."""
    rows = await db.fetch(sql.SESSION, (session_id,))
    if not rows:
        raise SessionNotFound()
    now: datetime = rows[0].now
    return _session(rows[0]).at(now), now


@retried
async def end(db: Database, deliveries: Deliveries, session_id: str, wanted: Status) -> Session:
    """Bring an open session to the end that is wanted, or to EXPIRED if its time is up; return how it stands.

    A session that has ended is returned as it is. Raises SessionNotFound. The money and the webhook are written in
    the same transaction.
    """
    async with db.transaction() as tx:
        session, now = await lock(tx, session_id)
        ended = session.ended(wanted, now)
        if ended.status != session.status:
            await tx.send(sql.END_SESSION, (ended.status, now, session_id))
            if ended.status == Status.CAPTURED:
                await tx.send(sql.CAPTURE, (session_id, ended.amount, ended.currency))
            if event := events.of_session(ended, now):
                await deliveries.append(tx, [event])
    return ended


async def expire(db: Database, deliveries: Deliveries) -> int:
    """End one batch of open sessions whose time is up; return how many there were."""
    async with db.transaction() as tx:
        rows = await tx.fetch(sql.LOCK_OVERDUE, (SWEEP_BATCH,))
        if rows:
            now: datetime = rows[0].now
            ended = [_session(row).ended(Status.EXPIRED, now) for row in rows]
            await tx.send(sql.END_OVERDUE, (now, [session.id for session in ended]))
            await deliveries.append(tx, [event for session in ended if (event := events.of_session(session, now))])
    return len(rows)


async def lock(tx: Transaction, session_id: str) -> tuple[Session, datetime]:
    """Lock a session and return it with the time that it is then; raise SessionNotFound."""
    rows, [clock] = await tx.fetch_all((sql.LOCK_SESSION, (session_id,)), (READ_CLOCK, ()))
    if not rows:
        raise SessionNotFound()
    return _session(rows[0]), clock.now


def _session(row: Any) -> Session:
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
    )
