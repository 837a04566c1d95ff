"""Settling what the bank's events tell, for all at once that come: one look, a question for each, one record.

A webhook, however well signed, only says that it is time to ask: it may be late, out of order, or not be true. The bank
is asked about each session by itself, as a real gateway is, outside of any transaction.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar
from uuid import UUID

from services.chassis.errors import Failure
from services.chassis.store.database import Database
from services.chassis.store.rows import read
from services.chassis.writes.desk import Busy, Outcome
from services.payment.checkout import polling
from services.payment.checkout import statements as sql
from services.payment.checkout.record import Record, RecordReports
from services.payment.domain.payments import BankEvent, Payment, SessionReport
from services.payment.errors import EventMismatch, PaymentNotFound
from services.payment.gateways.interface import Gateways
from services.payment.side_by_side import each

log = logging.getLogger(__name__)

LANES = 8
"""Batches at once, where those under way take long: a bank that is slow about one session holds up its batch alone."""


@dataclass(frozen=True, slots=True)
class Settle:
    """The wish to settle what an event of the bank tells."""

    urgent: ClassVar[bool] = False

    report: SessionReport
    event: BankEvent

    @property
    def key(self) -> UUID:
        """Events of one payment are settled in the order in which they came."""
        return self.report.payment_id


class SettleReports:
    """Carries out batches of Settle; what a desk runs.

    Refuses with PaymentNotFound, or EventMismatch if the event has other facts than its payment, or the bank says that
    nothing has happened. An event that could change nothing any more is remembered, and nobody is asked.
    """

    def __init__(self, db: Database, gateways: Gateways, record: RecordReports) -> None:
        self._db = db
        self._gateways = gateways
        self._record = record

    async def __call__(self, batch: Sequence[Settle], *, wait: bool) -> list[Outcome[None]]:
        """Carry out a batch; see desk.Run."""
        payments = await self._look(batch)
        found = await each(batch, lambda command: self._record_or_refusal(command, payments))
        records = [one for one in found if isinstance(one, Record)]
        states = iter(await self._record(records, wait=wait) if records else ())
        outcomes = [next(states) if isinstance(one, Record) else one for one in found]
        return [outcome if isinstance(outcome, Failure | Busy) else None for outcome in outcomes]

    async def _look(self, batch: Sequence[Settle]) -> dict[UUID, Payment]:
        rows = await self._db.fetch(sql.PAYMENTS, {"ids": list({command.key for command in batch})})
        return {payment.id: payment for payment in read(Payment, rows)}

    async def _record_or_refusal(self, command: Settle, payments: Mapping[UUID, Payment]) -> Record | Failure:
        """Return what is to be recorded, or why nothing is: a refusal concerns this command only."""
        try:
            return await self._to_record(command, payments.get(command.key))
        except Failure as failure:
            return failure

    async def _to_record(self, command: Settle, payment: Payment | None) -> Record:
        """Return what is to be recorded, having asked the bank if need be."""
        report, event = command.report, command.event
        try:
            if payment is None:
                raise PaymentNotFound()
            payment.check(report)
        except (PaymentNotFound, EventMismatch):
            await polling.hasten(self._db, report.payment_id, report.session_id)
            raise
        if report.outcome is None or payment.after(report.outcome) == payment.state:
            # It could change nothing any more: only the event is remembered.
            return Record(replace(report, outcome=None), event)
        answer = await self._gateways.get_session(payment)
        if answer is None or answer.outcome is None:
            log.error("event %s says %s, the bank does not", event.id, report.outcome)
            raise EventMismatch()
        return Record(answer, event)
