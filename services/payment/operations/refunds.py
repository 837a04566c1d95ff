"""What happens to refunds."""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.chassis.database import Database, retried
from services.chassis.errors import Failure
from services.chassis.ids import new_id
from services.payment.domain.errors import EventMismatch, PaymentNotFound
from services.payment.domain.refunds import Refund, RefundReport, RefundRequest, RefundState, accept
from services.payment.operations.payments import Event, payment_of
from services.payment.queries import payments as payments_sql
from services.payment.queries import refunds as sql

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
"""How long after a try the next one is, at first. Longer than a try takes, so it is the lease as well."""

MAX_RETRY_SECONDS = 60.0


@retried
async def request(db: Database, asked: Sequence[RefundRequest]) -> list[Refund | Failure]:
    """Accept refunds, each for itself: return the refund, or why it is not accepted."""
    ids = list({wish.payment_id for wish in asked})
    answers: list[Refund | Failure] = []
    new: list[Refund] = []
    async with db.transaction() as tx:
        payment_rows, refund_rows = await tx.fetch_all(
            (payments_sql.WAIT_FOR_PAYMENTS, (ids,)), (sql.REFUNDS_OF_PAYMENTS, (ids,))
        )
        payments = {row.id: payment_of(row) for row in payment_rows}
        known = [_refund(row) for row in refund_rows]
        for wish in asked:
            try:
                if wish.payment_id not in payments:
                    raise PaymentNotFound()
                earlier = [refund for refund in known + new if refund.payment_id == wish.payment_id]
                refund = accept(payments[wish.payment_id], earlier, wish, new_id())
            except Failure as failure:
                answers.append(failure)
                continue
            answers.append(refund)
            if refund not in earlier:
                new.append(refund)
        if new:
            columns = (
                [r.id for r in new],
                [r.payment_id for r in new],
                [r.cause for r in new],
                [r.amount for r in new],
            )
            await tx.send(sql.REQUEST_REFUNDS, (RETRY_SECONDS, *columns))
    return answers


@retried
async def succeed(db: Database, refund_id: UUID) -> None:
    """Note that a refund was carried out, and count it, once."""
    await db.execute(sql.SUCCEED, (refund_id,))


@retried
async def stick(db: Database, refund: Refund, reason: str) -> None:
    """Note that the bank declined a refund for good: somebody has to look at it."""
    if await db.execute(sql.STICK, (reason, refund.id)):
        log.error(
            "refund stuck",
            extra={"refund_id": str(refund.id), "payment_id": str(refund.payment_id), "why": reason},
        )


@retried
async def due(db: Database, most: int) -> list[Refund]:
    """Take refunds that are due to be tried."""
    rows = await db.fetch(sql.CLAIM_REFUNDS, (RETRY_SECONDS, MAX_RETRY_SECONDS, most))
    return [_refund(row) for row in rows]


@retried
async def named(db: Database, report: RefundReport) -> Refund:
    """Return the refund that the bank tells of.

    Raises PaymentNotFound if there is no such refund, EventMismatch if it has other facts.
    """
    rows = await db.fetch(sql.REFUND, (report.refund_id,))
    if not rows:
        raise PaymentNotFound()
    row = rows[0]
    if (row.payment_id, row.session_id, row.amount, row.currency) != (
        report.payment_id,
        report.session_id,
        report.amount,
        report.currency,
    ):
        raise EventMismatch()
    return _refund(row)


@retried
async def record(db: Database, refund: Refund, event: Event) -> None:
    """Record that a refund was carried out, with the event that told of it."""
    async with db.transaction() as tx:
        await tx.send(payments_sql.REMEMBER_EVENTS, ([event.id], [event.type], [refund.payment_id]))
        await tx.send(sql.SUCCEED, (refund.id,))


def _refund(row: Any) -> Refund:
    return Refund(row.id, row.payment_id, row.session_id, row.cause, row.amount, RefundState(row.state))
