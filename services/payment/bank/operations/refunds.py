"""Money given back."""

from dataclasses import replace
from uuid import UUID

from services.chassis.database import Database, retried
from services.payment.bank.domain import events
from services.payment.bank.domain.errors import RefundFailed, RefundMismatch
from services.payment.bank.domain.scenarios import SCENARIOS, SUCCEED, Telling
from services.payment.bank.domain.sessions import Refund, RefundStatus
from services.payment.bank.operations.deliveries import Deliveries
from services.payment.bank.operations.sessions import lock
from services.payment.bank.queries import sessions as sql


async def refund(db: Database, deliveries: Deliveries, *, refund_id: UUID, session_id: str, amount: int) -> Refund:
    """Give money back, or return the refund of this id.

    Raises SessionNotFound, SessionNotCaptured, RefundExceedsCapture, RefundMismatch if the refund of this id has
    other facts, or RefundFailed where the session's scenario lets it fail this time.
    """
    tried = await _try(db, deliveries, Refund(refund_id, session_id, amount, RefundStatus.PENDING))
    if tried.status == RefundStatus.PENDING:
        raise RefundFailed()
    return tried


@retried
async def _try(db: Database, deliveries: Deliveries, asked: Refund) -> Refund:
    """Carry a refund out, or let it fail, which is counted, or decline it; return what became of it."""
    failures = 0
    async with db.transaction() as tx:
        session, now = await lock(tx, asked.session_id)
        for row in await tx.fetch(sql.REFUND, (asked.id,)):
            known = Refund(row.id, row.session_id, row.amount, RefundStatus(row.status))
            if (known.session_id, known.amount) != (asked.session_id, asked.amount):
                raise RefundMismatch()
            if known.status != RefundStatus.PENDING:
                return known
            failures = row.failures
        less = session.refunded(asked.amount)
        scenario = SCENARIOS[session.payment_method or SUCCEED]
        tried = replace(asked, status=scenario.refund(failures))
        failures += tried.status == RefundStatus.PENDING
        if not await tx.fetch(sql.WRITE_REFUND, (tried.id, tried.session_id, tried.amount, tried.status, failures)):
            raise RefundMismatch()
        if tried.status == RefundStatus.SUCCEEDED:
            await tx.send(sql.PAY_BACK, (session.id, tried.amount, session.currency, tried.id))
            await tx.send(sql.COUNT_REFUND, (less.refunded_amount, session.id))
            await deliveries.append(tx, [Telling(events.of_refund(session, tried, now))])
    return tried
