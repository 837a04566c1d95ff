"""What happens to sessions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.chassis.database import READ_CLOCK, Database, Transaction, retried
from services.chassis.ids import new_id
from services.chassis.lookup import Lookup
from services.payment.bank.domain import events
from services.payment.bank.domain.errors import SessionMismatch, SessionNotFound
from services.payment.bank.domain.scenarios import SCENARIOS, Telling, tellings
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
    order_id: str,
) -> Session:
    """Create a session, or return the one of this id; raise SessionMismatch if that has other facts."""
    parameters = (session_id, payment_id, amount, currency, description, list(items), expires_at, order_id)
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


class Sessions:
    """Sessions as they stand, looked up for all at once who ask."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._by_id: Lookup[str, tuple[Session, datetime]] = Lookup(self._find)

    async def get(self, session_id: str) -> tuple[Session, datetime]:
        """Return a session as it is now, and when that is; raise SessionNotFound."""
        found = await self._by_id.of(session_id)
        if found is None:
            raise SessionNotFound()
        return found

    async def _find(self, ids: Sequence[str]) -> dict[str, tuple[Session, datetime]]:
        rows = await self._db.fetch(sql.SESSIONS, (list(ids),))
        return {row.id: (_session(row).at(row.now), row.now) for row in rows}


@retried
async def close(db: Database, deliveries: Deliveries, session_id: str) -> Session:
    """Close an open session, unless its time is up or its payment is under way; return how it stands."""
    async with db.transaction() as tx:
        session, now = await lock(tx, session_id)
        ended = session.ended(Status.CLOSED, now)
        if ended.status != session.status:
            await _end(tx, deliveries, ended, now)
    return ended


@retried
async def pay(db: Database, deliveries: Deliveries, session_id: str, method: str, delay: timedelta) -> Session:
    """Let happen what a payment method does; return how the session stands then.

    A session that cannot be paid any more, or that is being paid, is returned as it is. Raises SessionNotFound.
    `delay` is how late what is late is.
    """
    scenario = SCENARIOS[method]
    async with db.transaction() as tx:
        session, now = await lock(tx, session_id)
        if not session.can_end(now):
            ended = session.at(now)
            if ended.status != session.status:
                await _end(tx, deliveries, ended, now)
            return ended
        chosen = replace(session, payment_method=method)
        if scenario.under_way:
            await tx.send(sql.BEGIN_PAYMENT, (method, now + delay, session_id))
            return replace(chosen, decides_at=now + delay)
        return await _decide(tx, deliveries, chosen, now, delay)


@retried
async def end_due(db: Database, deliveries: Deliveries) -> int:
    """End one batch of open sessions whose time is up, or whose payment is to be decided; return how many."""
    async with db.transaction() as tx:
        rows = await tx.fetch(sql.LOCK_DUE, (SWEEP_BATCH,))
        due = [(_session(row), row.now) for row in rows]
        for session, now in due:
            if session.decides_at is not None and session.decides_at <= now:
                await _decide(tx, deliveries, session, now, timedelta())
        over = [(ended, now) for session, now in due if (ended := session.at(now)).status == Status.EXPIRED]
        if over:
            await tx.send(sql.END_OVERDUE, (over[0][1], [session.id for session, _ in over]))
            await deliveries.append(tx, [telling for session, now in over for telling in _plain(session, now)])
    return len(rows)


async def lock(tx: Transaction, session_id: str) -> tuple[Session, datetime]:
    """Lock a session and return it with the time that it is then; raise SessionNotFound."""
    rows, [clock] = await tx.fetch_all((sql.LOCK_SESSION, (session_id,)), (READ_CLOCK, ()))
    if not rows:
        raise SessionNotFound()
    return _session(rows[0]), clock.now


async def _decide(
    tx: Transaction, deliveries: Deliveries, session: Session, now: datetime, delay: timedelta
) -> Session:
    """Bring an open session to the end that its scenario has for it: the one place where scenarios happen."""
    assert session.payment_method is not None, "chosen before"
    scenario = SCENARIOS[session.payment_method]
    declined_before = scenario.declines_first and bool(await tx.fetch(sql.DECLINED_BEFORE, (session.order_id,)))
    ended = replace(session, status=scenario.outcome(declined_before=declined_before))
    stranger = await _stranger(tx, ended) if any(tell.lie for tell in scenario.tells) else ended
    told = tellings(scenario, ended, stranger, now, delay.total_seconds())
    await _end(tx, deliveries, ended, now, told)
    return ended


async def _end(
    tx: Transaction, deliveries: Deliveries, ended: Session, now: datetime, told: Sequence[Telling] | None = None
) -> None:
    """Write that a session has ended, with its money and its webhooks."""
    await tx.send(sql.END_SESSION, (ended.status, ended.payment_method, now, ended.id))
    if ended.status == Status.CAPTURED:
        await tx.send(sql.CAPTURE, (ended.id, ended.amount, ended.currency))
    await deliveries.append(tx, _plain(ended, now) if told is None else told)


def _plain(ended: Session, now: datetime) -> list[Telling]:
    """Return the webhook that tells the truth, if there is one."""
    event = events.of_session(ended, now)
    return [Telling(event)] if event else []


async def _stranger(tx: Transaction, session: Session) -> Session:
    """Return a session for something else; one that is made up where there is none."""
    rows = await tx.fetch(sql.STRANGER, (session.order_id,))
    return _session(rows[0]) if rows else replace(session, id=f"sess_{new_id()}", payment_id=new_id())


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
        row.order_id,
        row.payment_method,
        row.decides_at,
    )
