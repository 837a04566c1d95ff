"""Money given back."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.bank.domain import events
from services.bank.domain.scenarios import SCENARIOS, SUCCEED, Notification
from services.bank.domain.sessions import BankRefund, RefundStatus, Session
from services.bank.errors import RefundMismatch, SessionNotFound
from services.bank.sessions import statements as sql
from services.bank.webhooks.deliveries import Deliveries
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction
from services.chassis.store.rows import columns, read
from services.chassis.writes.operation import Operation, Rows


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The wish to give money of a session back."""

    urgent: ClassVar[bool] = False

    refund_id: UUID
    session_id: str
    amount: int

    @property
    def key(self) -> str:
        """Refunds of one session take turns."""
        return self.session_id


@dataclass(frozen=True, slots=True)
class Tried:
    """A refund that was tried."""

    refund: BankRefund
    failures: int
    """How often it has failed so far."""


@dataclass(frozen=True, slots=True)
class Captures:
    """Sessions, and the refunds that were tried before."""

    now: datetime
    sessions: dict[str, Session]
    known: dict[UUID, Tried]
    tried: list[Tried] = field(default_factory=list)


class GiveMoneyBack(Operation[GiveBack, Captures, BankRefund]):
    """Carries a refund out, lets it fail or declines it, as its session's scenario says; answers with what came of it.

    A refund that has ended is answered as it is. Refuses with SessionNotFound, SessionNotCaptured,
    RefundExceedsCapture, or RefundMismatch if the refund of this id has other facts.
    """

    def __init__(self, db: Database, deliveries: Deliveries) -> None:
        super().__init__(db)
        self._deliveries = deliveries

    def reads(self, batch: Sequence[GiveBack], *, wait: bool) -> dict[str, Statement]:
        """Lock the sessions."""
        return {
            "sessions": (sql.WAIT_FOR_SESSIONS, {"ids": [command.session_id for command in batch]}),
            "refunds": (sql.REFUNDS, {"ids": [command.refund_id for command in batch]}),
            "clock": (READ_CLOCK, ()),
        }

    async def load(self, tx: Transaction, batch: Sequence[GiveBack], rows: Rows) -> tuple[Captures, set[str]]:
        """Nothing depends on more than the sessions and their refunds."""
        sessions = {session.id: session for session in read(Session, rows["sessions"])}
        known = zip(read(BankRefund, rows["refunds"]), rows["refunds"], strict=True)
        tried = {refund.id: Tried(refund, row.failures) for refund, row in known}
        return Captures(rows["clock"][0].now, sessions, tried), set()

    def decide(self, command: GiveBack, state: Captures) -> BankRefund:
        """Try the refund once."""
        session = state.sessions.get(command.session_id)
        if session is None:
            raise SessionNotFound()
        asked = BankRefund(command.refund_id, session.id, command.amount, RefundStatus.PENDING)
        known = state.known.get(asked.id, Tried(asked, failures=0))
        if (known.refund.session_id, known.refund.amount) != (asked.session_id, asked.amount):
            raise RefundMismatch()
        if known.refund.status != RefundStatus.PENDING:
            return known.refund
        less = session.refunded(asked.amount)
        status = SCENARIOS[session.payment_method or SUCCEED].refund_outcome(known.failures)
        tried = Tried(replace(asked, status=status), known.failures + (status == RefundStatus.PENDING))
        state.known[asked.id] = tried
        state.tried.append(tried)
        if status == RefundStatus.SUCCEEDED:
            state.sessions[session.id] = less
        return tried.refund

    async def write(self, tx: Transaction, state: Captures) -> None:
        """Write what became of the refunds, and give the money back; raise RefundMismatch where an id is taken."""
        if not state.tried:
            return
        values = columns(
            state.tried,
            "failures",
            id="refund.id",
            session_id="refund.session_id",
            amount="refund.amount",
            status="refund.status",
        )
        if len(await tx.fetch(sql.WRITE_REFUNDS, values)) != len(state.tried):
            raise RefundMismatch()
        paid = [tried.refund for tried in state.tried if tried.refund.status == RefundStatus.SUCCEEDED]
        if paid:
            changed = [state.sessions[session_id] for session_id in sorted({refund.session_id for refund in paid})]
            currency = {session.id: session.currency for session in changed}
            ledger = columns(paid, "id", "session_id", "amount", currency=lambda refund: currency[refund.session_id])
            await tx.send(sql.PAY_BACK, ledger)
            await tx.send(sql.COUNT_REFUNDS, columns(changed, "id", "refunded_amount"))
        notifications = [
            Notification(events.of_refund(state.sessions[refund.session_id], refund, state.now)) for refund in paid
        ]
        await self._deliveries.append(tx, notifications)
