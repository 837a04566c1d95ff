"""How sessions come to their ends: with their money and their webhooks, in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.bank.domain import events
from services.bank.domain.scenarios import SCENARIOS, Notification, notifications
from services.bank.domain.sessions import Session, SessionStatus
from services.bank.sessions import statements as sql
from services.bank.webhooks.deliveries import Deliveries
from services.chassis.ids import new_id
from services.chassis.store.database import Transaction
from services.chassis.store.rows import columns, read

_PAID_WITH = ("payment_method", "method", "gateway_payment_id")
_BEGUN = ("id", "decides_at", *_PAID_WITH)
_ENDED = ("id", "status", *_PAID_WITH)


@dataclass(frozen=True, slots=True)
class LockedSessions:
    """Sessions that nobody else changes meanwhile, and what becomes of them."""

    now: datetime
    sessions: dict[str, Session]
    declined_orders: set[str] = field(default_factory=set)
    """Orders for which a payment was declined before."""
    strangers: dict[str, Session] = field(default_factory=dict)
    """For sessions whose webhooks are to lie: an open session that is for something else, made up if there is none."""
    begun: list[Session] = field(default_factory=list)
    ended: list[Session] = field(default_factory=list)
    webhooks: list[Notification] = field(default_factory=list)

    def begin(self, session: Session, wait: timedelta | None) -> Session:
        """Note that a payment has begun, which is decided after `wait`; None: by the customer's next step."""
        decides_at = None if wait is None else self.now + wait
        session = self.sessions[session.id] = replace(session, decides_at=decides_at)
        self.begun.append(session)
        return session

    def end(self, ended: Session) -> Session:
        """End a session; its webhook, where the end has one, says what is so."""
        event = events.of_session(ended, self.now)
        return self._end(ended, [Notification(event)] if event else [])

    def pay(self, session: Session, delay: timedelta) -> Session:
        """End a session as its test behaviour does: the one place where scenarios happen.

        `delay` is how long a late webhook takes.
        """
        scenario = SCENARIOS[session.payment_method or ""]
        ended = replace(session, status=scenario.outcome(declined_before=session.order_id in self.declined_orders))
        if ended.status == SessionStatus.DECLINED and session.order_id:
            self.declined_orders.add(session.order_id)
        stranger = self.strangers.get(session.id, ended)
        return self._end(ended, notifications(scenario, ended, stranger, self.now, delay.total_seconds()))

    def _end(self, ended: Session, webhooks: Sequence[Notification]) -> Session:
        self.sessions[ended.id] = ended
        self.ended.append(ended)
        self.webhooks.extend(webhooks)
        return ended


async def read_past(tx: Transaction, locked: LockedSessions, paid: Iterable[Session]) -> None:
    """Read what the ends of sessions that are `paid` by their test behaviours depend on."""
    scenarios = [(session, SCENARIOS[session.payment_method or ""]) for session in paid]
    orders = [session.order_id for session, scenario in scenarios if scenario.declines_first and session.order_id]
    if orders:
        rows = await tx.fetch(sql.DECLINED_BEFORE, {"order_ids": orders})
        locked.declined_orders.update(row.order_id for row in rows)
    for session in [session for session, scenario in scenarios if any(planned.lie for planned in scenario.webhooks)]:
        others = read(Session, await tx.fetch(sql.STRANGER, {"order_id": session.order_id}))
        made_up = replace(session, id=f"sess_{new_id()}", payment_id=new_id())
        locked.strangers[session.id] = others[0] if others else made_up


async def write(tx: Transaction, deliveries: Deliveries, locked: LockedSessions) -> None:
    """Write the payments that have begun, and the sessions that have ended."""
    if locked.begun:
        await tx.send(sql.BEGIN_PAYMENTS, columns(locked.begun, *_BEGUN))
    if locked.ended:
        await tx.send(sql.END_SESSIONS, {"now": locked.now} | columns(locked.ended, *_ENDED))
    captured = [session for session in locked.ended if session.status == SessionStatus.CAPTURED]
    if captured:
        await tx.send(sql.CAPTURE, columns(captured, "id", "amount", "currency"))
    await deliveries.append(tx, locked.webhooks)
