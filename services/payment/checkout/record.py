"""Recording what the bank says of sessions, and telling booking what it has to know."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction
from services.chassis.store.rows import columns, read
from services.chassis.writes.operation import Operation, Rows
from services.chassis.writes.outbox import Message, Outbox
from services.payment.checkout import messages
from services.payment.checkout import statements as sql
from services.payment.domain.payments import BankEvent, Outcome, Payment, SessionReport, State
from services.payment.errors import PaymentNotFound

_MESSAGES = {Outcome.CAPTURED: messages.captured, Outcome.DECLINED: messages.declined}
"""What booking hears of."""


@dataclass(frozen=True, slots=True)
class Record:
    """The wish to record what the bank says, together with the event that told of it, if one did."""

    urgent: ClassVar[bool] = False

    report: SessionReport
    event: BankEvent | None = None

    @property
    def key(self) -> UUID:
        """What is said of one payment is recorded in the order in which it came."""
        return self.report.payment_id


@dataclass(frozen=True, slots=True, order=True)
class SeenEvent:
    """An event of the bank, and the payment that it is about."""

    id: str
    type: str
    payment_id: UUID


@dataclass(frozen=True, slots=True)
class ReportedPayments:
    """Payments before and after what the bank says of them."""

    now: datetime
    before: dict[UUID, Payment]
    payments: dict[UUID, Payment]
    events: set[SeenEvent] = field(default_factory=set)
    """What the inbox is to remember."""
    messages: list[Message] = field(default_factory=list)


class RecordReports(Operation[Record, ReportedPayments, State]):
    """Answers with the payment's state; refuses with PaymentNotFound, or EventMismatch if the payment has other facts.

    A payment makes only the moves that domain/payments.py allows, whatever comes twice, late or out of order.
    """

    def __init__(self, db: Database, outbox: Outbox) -> None:
        super().__init__(db)
        self._outbox = outbox

    def reads(self, batch: Sequence[Record], *, wait: bool) -> dict[str, Statement]:
        """Lock the payments."""
        ids = list({command.key for command in batch})
        return {
            "payments": (sql.WAIT_FOR_PAYMENTS if wait else sql.LOCK_PAYMENTS, {"ids": ids}),
            "clock": (READ_CLOCK, ()),
        }

    async def load(self, tx: Transaction, batch: Sequence[Record], rows: Rows) -> tuple[ReportedPayments, set[UUID]]:
        """Of the payments that could not be locked, those that exist are somebody else's."""
        payments = {payment.id: payment for payment in read(Payment, rows["payments"])}
        busy: set[UUID] = set()
        if missing := {command.key for command in batch} - payments.keys():
            busy = {row.id for row in await tx.fetch(sql.PAYMENTS, {"ids": list(missing)})}
        return ReportedPayments(rows["clock"][0].now, payments, dict(payments)), busy

    def decide(self, command: Record, state: ReportedPayments) -> State:
        """Move the payment to where the report brings it."""
        payment = state.payments.get(command.key)
        if payment is None:
            raise PaymentNotFound()
        payment.check(command.report)
        if command.event is not None:
            state.events.add(SeenEvent(command.event.id, command.event.type, payment.id))
        # Also for a known event id: the bank's present answer counts, whatever an event with this id said.
        outcome = command.report.outcome
        if outcome is None:
            return payment.state
        moved = replace(payment.told(command.report), state=payment.after(outcome))
        if moved.state != payment.state and outcome in _MESSAGES:
            state.messages.append(_MESSAGES[outcome](moved))
        state.payments[payment.id] = moved
        return moved.state

    async def write(self, tx: Transaction, state: ReportedPayments) -> None:
        """Write the events, the payments that moved, and what booking is told of them."""
        if state.events:
            await tx.send(sql.REMEMBER_EVENTS, columns(sorted(state.events), "id", "type", "payment_id"))
        moved = [payment for payment in state.payments.values() if payment.state != state.before[payment.id].state]
        if moved:
            states = columns(
                moved,
                *("id", "method", "gateway_order_id", "gateway_payment_id"),
                from_state=lambda payment: state.before[payment.id].state,
                to_state="state",
            )
            await tx.send(sql.MOVE_PAYMENTS, {"now": state.now} | states)
        await self._outbox.append(tx, state.messages)
