"""How sessions come to their ends: with their money and their webhooks, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.chassis.database import Transaction
from services.chassis.ids import new_id
from services.payment.bank.domain import events
from services.payment.bank.domain.scenarios import SCENARIOS, Telling, tellings
from services.payment.bank.domain.sessions import Session, Status
from services.payment.bank.operations.deliveries import Deliveries
from services.payment.bank.operations.sessions import session_of
from services.payment.bank.queries import sessions as sql


@dataclass(frozen=True, slots=True)
class End:
    """A session that has ended, and what is told of it."""

    session: Session
    told: Sequence[Telling]


def plain(ended: Session, now: datetime) -> End:
    """Return an end that is told as it is, where anybody is told of it."""
    event = events.of_session(ended, now)
    return End(ended, [Telling(event)] if event else [])


async def decide(tx: Transaction, chosen: Sequence[Session], now: datetime, delay: timedelta) -> list[End]:
    """Return the ends that open sessions come to by their payment methods: the one place where scenarios happen.

    `delay` is how late what is late is.
    """
    scenarios = [(session, SCENARIOS[session.payment_method or ""]) for session in chosen]
    orders = [session.order_id for session, scenario in scenarios if scenario.declines_first and session.order_id]
    declined: set[str] = set()
    if orders:
        declined = {row.order_id for row in await tx.fetch(sql.DECLINED_BEFORE, (orders,))}
    ends: list[End] = []
    for session, scenario in scenarios:
        ended = replace(session, status=scenario.outcome(declined_before=session.order_id in declined))
        if ended.status == Status.DECLINED and session.order_id:
            declined.add(session.order_id)
        stranger = await _stranger(tx, ended) if any(tell.lie for tell in scenario.tells) else ended
        ends.append(End(ended, tellings(scenario, ended, stranger, now, delay.total_seconds())))
    return ends


async def write(tx: Transaction, deliveries: Deliveries, ends: Sequence[End], now: datetime) -> None:
    """Write that locked sessions have ended."""
    if not ends:
        return
    ended = [end.session for end in ends]
    await tx.send(
        sql.END_SESSIONS,
        (now, [s.id for s in ended], [s.status for s in ended], [s.payment_method for s in ended]),
    )
    captured = [session for session in ended if session.status == Status.CAPTURED]
    if captured:
        await tx.send(
            sql.CAPTURE, ([s.id for s in captured], [s.amount for s in captured], [s.currency for s in captured])
        )
    await deliveries.append(tx, [telling for end in ends for telling in end.told])


async def _stranger(tx: Transaction, session: Session) -> Session:
    """Return a session for something else; one that is made up where there is none."""
    rows = await tx.fetch(sql.STRANGER, (session.order_id,))
    return session_of(rows[0]) if rows else replace(session, id=f"sess_{new_id()}", payment_id=new_id())
