"""Recording what the bank says of sessions, and telling booking what it has to know."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar
from uuid import UUID

from services.chassis import desk
from services.chassis.database import READ_CLOCK, Database
from services.chassis.errors import Failure
from services.chassis.outbox import Message, Outbox
from services.payment.domain.errors import PaymentNotFound
from services.payment.domain.payments import Outcome, Payment, Report, State
from services.payment.operations import messages
from services.payment.operations.payments import Event, payment_of
from services.payment.queries import payments as sql

_TOLD = {Outcome.CAPTURED: messages.captured, Outcome.DECLINED: messages.declined}
"""What booking hears of."""


@dataclass(frozen=True, slots=True)
class Record:
    """The wish to record what the bank says, together with the event that told of it, if one did."""

    urgent: ClassVar[bool] = False

    report: Report
    event: Event | None = None

    @property
    def key(self) -> UUID:
        """What is said of one payment is recorded in the order in which it came."""
        return self.report.payment_id


class Records:
    """Carries out batches of Record; what a desk runs.

    The answer is the payment's state; PaymentNotFound, or EventMismatch if the payment has other facts. Whatever comes
    twice, late or out of order changes nothing that it must not change: see domain/payments.py.
    """

    def __init__(self, db: Database, outbox: Outbox) -> None:
        self._db = db
        self._outbox = outbox

    async def __call__(self, batch: Sequence[Record], *, wait: bool) -> list[desk.Outcome[State]]:
        """Carry out a batch; see chassis.desk.Run."""
        ids = list({command.key for command in batch})
        async with self._db.transaction() as tx:
            rows, [clock] = await tx.fetch_all(
                (sql.WAIT_FOR_PAYMENTS if wait else sql.LOCK_PAYMENTS, (ids,)), (READ_CLOCK, ())
            )
            before = {row.id: payment_of(row) for row in rows}
            busy: set[UUID] = set()
            if missing := [id_ for id_ in ids if id_ not in before]:
                busy = {row.id for row in await tx.fetch(sql.PAYMENTS, (missing,))}
            payments = dict(before)
            heard: list[Record] = []
            told: list[Message] = []
            outcomes: list[desk.Outcome[State]] = []
            for command in batch:
                if command.key in busy:
                    outcomes.append(desk.BUSY)
                    continue
                try:
                    payment = _named(payments, command.report)
                except Failure as failure:
                    outcomes.append(failure)
                    continue
                heard.append(command)
                # Also where the event was seen before: what the bank says now counts, whatever an event of that name
                # said.
                came = command.report.outcome
                moved = payment if came is None else replace(payment, state=payment.after(came))
                if moved.state != payment.state and came in _TOLD:
                    told.append(_TOLD[came](moved))
                payments[payment.id] = moved
                outcomes.append(moved.state)
            events = sorted({(c.event.id, c.event.type, c.key) for c in heard if c.event is not None})
            if events:
                await tx.send(sql.REMEMBER_EVENTS, [list(column) for column in zip(*events, strict=True)])
            changed = [payment for payment in payments.values() if payment.state != before[payment.id].state]
            if changed:
                await tx.send(
                    sql.MOVE_PAYMENTS,
                    (
                        clock.now,
                        [payment.id for payment in changed],
                        [before[payment.id].state for payment in changed],
                        [payment.state for payment in changed],
                    ),
                )
            await self._outbox.append(tx, told)
        return outcomes


def _named(payments: dict[UUID, Payment], report: Report) -> Payment:
    """Return the payment that `report` is about; raise PaymentNotFound or EventMismatch."""
    payment = payments.get(report.payment_id)
    if payment is None:
        raise PaymentNotFound()
    payment.check(report)
    return payment
