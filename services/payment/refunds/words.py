"""What a gateway tells of refunds by itself: that one was carried out, or that it failed, even after it had been."""

import logging
from uuid import UUID

from services.chassis.store.database import Database, retried
from services.chassis.store.rows import columns, read
from services.payment.checkout import statements as payments_sql
from services.payment.domain.payments import BankEvent
from services.payment.domain.refunds import Refund, RefundState
from services.payment.errors import PaymentNotFound
from services.payment.gateways.interface import Gateways, RefundAnswer, RefundDeclined
from services.payment.refunds import operation as refunds
from services.payment.refunds import statements as sql

log = logging.getLogger(__name__)


class RefundWords:
    """Settles what webhooks tell of refunds: the gateway is asked, and its answer is recorded."""

    def __init__(self, db: Database, gateways: Gateways) -> None:
        self._db = db
        self._gateways = gateways

    async def settle(self, refund_id: UUID, event: BankEvent) -> None:
        """Record how far a refund is, with the event that told of it; raise PaymentNotFound if it is none of ours."""
        refund = await _named(self._db, refund_id)
        try:
            answer = await self._gateways.refund(refund)
        except RefundDeclined as declined:
            await _fail(self._db, refund, str(declined), event)
            return
        if answer == RefundAnswer.SUCCEEDED:
            await refunds.record(self._db, refund, event)


@retried
async def _named(db: Database, refund_id: UUID) -> Refund:
    rows = await db.fetch(sql.REFUND, {"id": refund_id})
    if not rows:
        raise PaymentNotFound()
    return read(Refund, rows)[0]


@retried
async def _fail(db: Database, refund: Refund, reason: str, event: BankEvent) -> None:
    """Note that a refund failed for good, be it after it was carried out: then its payment counts it no more."""
    async with db.transaction() as tx:
        seen = columns([event], "id", "type") | {"payment_id": [refund.payment_id]}
        await tx.send(payments_sql.REMEMBER_EVENTS, seen)
        rows = await tx.fetch(sql.FAIL, {"id": refund.id, "reason": reason})
    if rows:
        log.error(
            "refund stuck",
            extra={"refund_id": str(refund.id), "payment_id": str(refund.payment_id), "why": reason}
            | ({"undone": True} if rows[0].state == RefundState.SUCCEEDED else {}),
        )
