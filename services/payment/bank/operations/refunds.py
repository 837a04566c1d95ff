"""Money given back."""

from uuid import UUID

from services.chassis.database import Database, retried
from services.payment.bank.domain import events
from services.payment.bank.domain.errors import RefundMismatch
from services.payment.bank.domain.sessions import Refund, RefundStatus
from services.payment.bank.operations.deliveries import Deliveries
from services.payment.bank.operations.sessions import lock
from services.payment.bank.queries import sessions as sql


@retried
async def refund(db: Database, deliveries: Deliveries, *, refund_id: UUID, session_id: str, amount: int) -> Refund:
    """Give money back, or return the refund of this id.

    Raises SessionNotFound, SessionNotCaptured, RefundExceedsCapture, or RefundMismatch if the refund of this id has
    other facts.
    """
    asked = Refund(refund_id, session_id, amount, RefundStatus.SUCCEEDED)
    async with db.transaction() as tx:
        session, now = await lock(tx, session_id)
        for row in await tx.fetch(sql.REFUND, (refund_id,)):
            known = Refund(row.id, row.session_id, row.amount, RefundStatus(row.status))
            if (known.session_id, known.amount) != (session_id, amount):
                raise RefundMismatch()
            return known
        less = session.refunded(amount)
        if not await tx.fetch(sql.CREATE_REFUND, (refund_id, session_id, amount, asked.status)):
            raise RefundMismatch()
        await tx.send(sql.PAY_BACK, (session_id, amount, session.currency, refund_id))
        await tx.send(sql.COUNT_REFUND, (less.refunded_amount, session_id))
        await deliveries.append(tx, [events.of_refund(session, asked, now)])
    return asked
