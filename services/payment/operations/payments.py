"""What happens to payments."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.chassis.database import READ_CLOCK, Database, Statement, retried
from services.chassis.ids import new_id
from services.chassis.outbox import Outbox
from services.payment.domain.errors import PaymentNotFound
from services.payment.domain.payments import Outcome, Payable, Payment, Report, State, choose_session
from services.payment.operations import messages
from services.payment.queries import payments as sql


@dataclass(frozen=True, slots=True)
class Event:
    """An event that the inbox remembers."""

    id: str
    type: str


@dataclass(frozen=True, slots=True)
class Due:
    """A live payment that is due to be asked about."""

    payment: Payment
    over: bool
    """Whether its session's time is up."""
    closed: bool
    """Whether its booking is closed for payment."""


@retried
async def begin(db: Database, booking: Payable, margin: timedelta, poll_seconds: float) -> Payment:
    """Return the live payment of a booking, beginning one if there is none; raise as choose_session does.

    The payment is the intent: it is committed before the bank hears of its session.
    """
    async with db.transaction() as tx:
        await tx.send(sql.OPEN_ACCOUNT, (booking.booking_id,))
        [account], rows, [clock] = await tx.fetch_all(
            (sql.LOCK_ACCOUNT, (booking.booking_id,)),
            (sql.PAYMENTS_OF_BOOKING, (booking.booking_id,)),
            (READ_CLOCK, ()),
        )
        now: datetime = clock.now
        chosen = choose_session(booking, account.closed, [payment_of(row) for row in rows], now, margin)
        if isinstance(chosen, Payment):
            return chosen
        payment = Payment(
            id=new_id(),
            booking_id=booking.booking_id,
            user_id=booking.user_id,
            session_id=f"sess_{new_id()}",
            amount=booking.amount,
            currency=booking.currency,
            state=State.PENDING,
            refunded_amount=0,
            expires_at=chosen,
            created_at=now,
            updated_at=now,
        )
        await tx.send(
            sql.BEGIN_PAYMENT,
            (
                payment.id,
                payment.booking_id,
                payment.user_id,
                payment.session_id,
                payment.amount,
                payment.currency,
                payment.expires_at,
                now,
                now,
                poll_seconds,
            ),
        )
    return payment


@retried
async def record(db: Database, outbox: Outbox, report: Report, event: Event | None = None) -> State:
    """Record what the bank says of a session, and tell booking what it has to know; return the payment's state.

    Raises PaymentNotFound, or EventMismatch if the payment has other facts. Whatever comes twice, late or out of
    order changes nothing that it must not change: see domain/payments.py.
    """
    inbox: list[Statement] = []
    if event is not None:
        inbox.append((sql.REMEMBER_EVENT, (event.id, event.type, report.payment_id)))
    async with db.transaction() as tx:
        rows, [clock], *_ = await tx.fetch_all((sql.LOCK_PAYMENT, (report.payment_id,)), (READ_CLOCK, ()), *inbox)
        if not rows:
            raise PaymentNotFound()
        payment = payment_of(rows[0])
        payment.check(report)
        if report.outcome is None:
            return payment.state
        # Also where the event was seen before: what the bank says now counts, whatever an event of that name said.
        state = payment.after(report.outcome)
        if state == payment.state:
            return state
        await tx.send(sql.MOVE_PAYMENT, (state, clock.now, payment.id, payment.state))
        moved = replace(payment, state=state)
        if report.outcome == Outcome.CAPTURED:
            await outbox.append(tx, [messages.captured(moved)])
        elif report.outcome == Outcome.DECLINED:
            await outbox.append(tx, [messages.declined(moved)])
    return state


@retried
async def close(db: Database, booking_ids: Sequence[UUID], poll_seconds: float) -> list[Payment]:
    """Close bookings for payment, for good; return their live payments, whose sessions are to be closed."""
    async with db.transaction() as tx:
        await tx.send(sql.CLOSE_ACCOUNTS, (list(booking_ids),))
        rows = await tx.fetch(sql.TAKE_LIVE_PAYMENTS, (poll_seconds, list(booking_ids)))
    return [payment_of(row) for row in rows]


@retried
async def due(db: Database, first_seconds: float, max_seconds: float, most: int) -> list[Due]:
    """Take live payments that are due to be asked about."""
    rows = await db.fetch(sql.CLAIM_POLLS, (first_seconds, max_seconds, most))
    return [Due(payment_of(row), row.over, row.closed) for row in rows]


async def hasten(db: Database, payment_id: UUID, session_id: str) -> None:
    """Let those of the live payments that have this id or this session be asked about at once."""
    await db.execute(sql.HASTEN_POLLS, (payment_id, session_id))


async def hasten_all(db: Database) -> int:
    """Let all live payments be asked about at once; return how many were not due yet."""
    return await db.execute(sql.HASTEN_ALL_POLLS)


def payment_of(row: Any) -> Payment:
    """Read a payment."""
    return Payment(
        row.id,
        row.booking_id,
        row.user_id,
        row.session_id,
        row.amount,
        row.currency,
        State(row.state),
        row.refunded_amount,
        row.expires_at,
        row.created_at,
        row.updated_at,
    )
