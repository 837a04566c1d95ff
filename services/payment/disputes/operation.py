"""What happens to disputes: what gateways tell of them is written down, counted with their payment, and booked."""

import logging
from collections.abc import Sequence
from uuid import UUID

from services.chassis.store.database import Database, retried
from services.chassis.store.rows import columns, read
from services.payment.checkout import statements as payments_sql
from services.payment.disputes import statements as sql
from services.payment.domain.disputes import Dispute, DisputeReport, DisputeState, has_news
from services.payment.domain.payments import CAPTURED, BankEvent, Payment
from services.payment.errors import PaymentNotFound

log = logging.getLogger(__name__)


@retried
async def record_dispute(db: Database, payment_id: UUID, report: DisputeReport, event: BankEvent | None) -> None:
    """Record how a dispute of a payment stands, with the event that told of it, if one did.

    Raises PaymentNotFound if no money was taken by it, EventMismatch if the dispute cannot be about it.
    """
    async with db.transaction() as tx:
        [payment] = read(Payment, await tx.fetch(payments_sql.WAIT_FOR_PAYMENTS, {"ids": [payment_id]}))
        if payment.state not in CAPTURED:
            raise PaymentNotFound()
        report.check(payment)
        if event is not None:
            seen = columns([event], "id", "type") | {"payment_id": [payment_id]}
            await tx.send(payments_sql.REMEMBER_EVENTS, seen)
        known = read(Dispute, await tx.fetch(sql.DISPUTES, {"ids": [report.id]}))
        news = has_news(known[0] if known else None, report)
        if news:
            row = {
                "id": report.id,
                "payment_id": payment_id,
                "state": report.state,
                "amount": report.amount,
                "lost_amount": report.lost_amount,
                "respond_by": report.respond_by,
            }
            await tx.send(sql.RECORD, row)
            await tx.send(sql.COUNT, {"payment_id": payment_id})
            await tx.send(sql.BOOK_LOSS, {"id": report.id})
            await tx.send(sql.HASTEN_REFUNDS, {"payment_id": payment_id})
    if news:
        _tell(payment, report)


async def not_known(db: Database, reports: Sequence[DisputeReport]) -> list[DisputeReport]:
    """Return those of the reports that tell of more than is known."""
    rows = await db.fetch(sql.DISPUTES, {"ids": [report.id for report in reports]})
    known = {dispute.id: dispute for dispute in read(Dispute, rows)}
    return [report for report in reports if has_news(known.get(report.id), report)]


def _tell(payment: Payment, report: DisputeReport) -> None:
    """Tell an operator: of an open one, who has to answer it, and of a lost one, whose money is gone."""
    level = logging.ERROR if report.state in (DisputeState.OPEN, DisputeState.LOST) else logging.INFO
    facts = {"dispute_id": report.id, "payment_id": str(payment.id), "booking_id": str(payment.booking_id)}
    log.log(level, "dispute %s", report.state.lower(), extra=facts)
