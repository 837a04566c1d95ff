"""What happens to refunds."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.chassis.ids import new_id
from services.chassis.store.database import Database, Statement, Transaction, retried
from services.chassis.store.rows import columns, read
from services.chassis.writes.operation import Operation, Rows
from services.payment.checkout import statements as payments_sql
from services.payment.domain.payments import BankEvent, Payment
from services.payment.domain.refunds import Refund, RefundReport, RefundRequest, accept
from services.payment.errors import EventMismatch, PaymentNotFound
from services.payment.refunds import statements as sql

log = logging.getLogger(__name__)

RETRY_SECONDS = 5.0
"""How long after a try the next one is, at first. Longer than a try takes, so it is the lease as well."""

MAX_RETRY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class RefundsByPayment:
    """Payments, and the refunds of each."""

    payments: dict[UUID, Payment]
    refunds: dict[UUID, list[Refund]]
    requested: list[Refund] = field(default_factory=list)


class RequestRefunds(Operation[RefundRequest, RefundsByPayment, Refund]):
    """Accepts refunds; answers with the refund of that name, and refuses what `accept` does."""

    def reads(self, batch: Sequence[RefundRequest], *, wait: bool) -> dict[str, Statement]:
        """Lock the payments."""
        ids = list({command.key for command in batch})
        return {
            "payments": (payments_sql.WAIT_FOR_PAYMENTS if wait else payments_sql.LOCK_PAYMENTS, {"ids": ids}),
            "refunds": (sql.REFUNDS_OF_PAYMENTS, {"payment_ids": ids}),
        }

    async def load(
        self, tx: Transaction, batch: Sequence[RefundRequest], rows: Rows
    ) -> tuple[RefundsByPayment, set[UUID]]:
        """Put the refunds to their payments."""
        payments = {payment.id: payment for payment in read(Payment, rows["payments"])}
        refunds: dict[UUID, list[Refund]] = {command.key: [] for command in batch}
        for refund in read(Refund, rows["refunds"]):
            refunds[refund.payment_id].append(refund)
        return RefundsByPayment(payments, refunds), set()

    def decide(self, command: RefundRequest, state: RefundsByPayment) -> Refund:
        """Return the refund that there is, or request one."""
        payment = state.payments.get(command.payment_id)
        if payment is None:
            raise PaymentNotFound()
        known = state.refunds[payment.id]
        refund = accept(payment, known, command, new_id())
        if refund not in known:
            known.append(refund)
            state.requested.append(refund)
        return refund

    async def write(self, tx: Transaction, state: RefundsByPayment) -> None:
        """Write the refunds that were requested."""
        if state.requested:
            values = columns(state.requested, "id", "payment_id", "cause", "amount")
            await tx.send(sql.REQUEST_REFUNDS, {"retry_seconds": RETRY_SECONDS} | values)


@retried
async def succeed(db: Database, refund_id: UUID) -> None:
    """Note that a refund was carried out, and count it, once."""
    await db.execute(sql.SUCCEED, {"id": refund_id})


@retried
async def succeed_by_dispute(db: Database, refund: Refund) -> bool:
    """Settle a refund by the dispute that has given the customer the money; return whether that is so."""
    async with db.transaction() as tx:
        if not await tx.fetch(sql.LOCK_REFUND, {"id": refund.id}):
            return False
        return bool(await tx.fetch(sql.SUCCEED_BY_DISPUTE, {"id": refund.id}))


@retried
async def stick(db: Database, refund: Refund, reason: str) -> None:
    """Note that the bank declined a refund for good: somebody has to look at it."""
    if await db.execute(sql.STICK, {"id": refund.id, "reason": reason}):
        log.error(
            "refund stuck",
            extra={"refund_id": str(refund.id), "payment_id": str(refund.payment_id), "why": reason},
        )


@retried
async def due(db: Database, most: int) -> list[Refund]:
    """Take refunds that are due to be tried."""
    times = {"retry_seconds": RETRY_SECONDS, "max_seconds": MAX_RETRY_SECONDS, "most": most}
    return read(Refund, await db.fetch(sql.CLAIM_REFUNDS, times))


@retried
async def named(db: Database, report: RefundReport) -> Refund:
    """Return the refund that the bank tells of.

    Raises PaymentNotFound if there is no such refund, EventMismatch if it has other facts.
    """
    rows = await db.fetch(sql.REFUND, {"id": report.refund_id})
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
    return read(Refund, rows)[0]


@retried
async def record(db: Database, refund: Refund, event: BankEvent) -> None:
    """Record that a refund was carried out, with the event that told of it."""
    async with db.transaction() as tx:
        await tx.send(
            payments_sql.REMEMBER_EVENTS, columns([event], "id", "type") | {"payment_id": [refund.payment_id]}
        )
        await tx.send(sql.SUCCEED, {"id": refund.id})
