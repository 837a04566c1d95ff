"""What a gateway tells of refunds by itself: that one was carried out, or that it failed, even after it had been."""

import logging
from uuid import UUID

from services.chassis.store.database import Database, retried
from services.chassis.store.rows import columns, read
from services.chassis.writes.outbox import Outbox
from services.payment.checkout import statements as payments_sql
from services.payment.domain.payments import BankEvent
from services.payment.domain.refunds import Refund, RefundState
from services.payment.errors import PaymentNotFound
from services.payment.gateways.interface import Gateways, RefundAnswer, RefundDeclined
from services.payment.refunds import operation as refunds
from services.payment.refunds import statements as sql
from services.payment.refunds.messages import undone

log = logging.getLogger(__name__)


class RefundWords:
    """Settles what webhooks tell of refunds: the gateway is asked, and its answer is recorded."""

    def __init__(self, db: Database, outbox: Outbox, gateways: Gateways) -> None:
        self._db = db
        self._outbox = outbox
        self._gateways = gateways

    async def settle(self, refund_id: UUID, event: BankEvent) -> None:
        """Record how far a refund is, with the event that told of it; raise PaymentNotFound if it is none of ours."""
        refund = await _named(self._db, refund_id)
        try:
            answer = await self._gateways.refund(refund)
        except RefundDeclined as declined:
            await self._fail(refund, str(declined), event)
            return
        if answer == RefundAnswer.SUCCEEDED:
            await refunds.record(self._db, refund, event)

    async def _fail(self, refund: Refund, reason: str, event: BankEvent) -> None:
        """Note that a refund failed for good, be it after it was carried out, of which booking is told."""
        before = await _fail(self._db, self._outbox, refund, reason, event)
        if before is not None:
            log.error(
                "refund stuck",
                extra={"refund_id": str(refund.id), "payment_id": str(refund.payment_id), "why": reason}
                | ({"undone": True} if before == RefundState.SUCCEEDED else {}),
            )


@retried
async def _named(db: Database, refund_id: UUID) -> Refund:
    rows = await db.fetch(sql.REFUND, {"id": refund_id})
    if not rows:
        raise PaymentNotFound()
    return read(Refund, rows)[0]


@retried
async def _fail(db: Database, outbox: Outbox, refund: Refund, reason: str, event: BankEvent) -> RefundState | None:
    """Return the state that a refund had before; None if it was stuck before."""
    async with db.transaction() as tx:
        seen = columns([event], "id", "type") | {"payment_id": [refund.payment_id]}
        await tx.send(payments_sql.REMEMBER_EVENTS, seen)
        rows = await tx.fetch(sql.FAIL, {"id": refund.id, "reason": reason})
        told = [row for row in rows if (row.state, row.cause) == (RefundState.SUCCEEDED, "REQUESTED")]
        await outbox.append(tx, [undone(refund.id, row.booking_id) for row in told])
    return RefundState(rows[0].state) if rows else None
