"""Beginning payments: the intent, committed before the bank hears of its session."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from services.chassis.database import READ_CLOCK, Database
from services.chassis.desk import BUSY, Outcome
from services.chassis.errors import Failure
from services.chassis.ids import new_id
from services.payment.domain.payments import Payable, Payment, State, choose_session
from services.payment.operations.payments import payment_of
from services.payment.queries import payments as sql


@dataclass(frozen=True, slots=True)
class Begin:
    """The wish to pay for a booking."""

    urgent: ClassVar[bool] = False

    booking: Payable

    @property
    def key(self) -> UUID:
        """Wishes for one booking take turns."""
        return self.booking.booking_id


class Begins:
    """Carries out batches of Begin; what a desk runs.

    The answer is the live payment of the booking, begun if there was none, or what choose_session refuses.
    """

    def __init__(self, db: Database, *, margin: timedelta, poll_seconds: float) -> None:
        """`margin` is how long before its booking and before the end of sales a session ends.

        `poll_seconds` is when the bank is asked first.
        """
        self._db = db
        self._margin = margin
        self._poll_seconds = poll_seconds

    async def __call__(self, batch: Sequence[Begin], *, wait: bool) -> list[Outcome[Payment]]:
        """Carry out a batch; see chassis.desk.Run."""
        ids = sorted({command.key for command in batch})
        async with self._db.transaction() as tx:
            await tx.send(sql.OPEN_ACCOUNTS, (ids,))
            accounts, rows, [clock] = await tx.fetch_all(
                (sql.WAIT_FOR_ACCOUNTS if wait else sql.LOCK_ACCOUNTS, (ids,)),
                (sql.PAYMENTS_OF_BOOKINGS, (ids,)),
                (READ_CLOCK, ()),
            )
            closed = {row.booking_id: row.closed for row in accounts}
            payments: defaultdict[UUID, list[Payment]] = defaultdict(list)
            for row in rows:
                payments[row.booking_id].append(payment_of(row))
            begun: list[Payment] = []
            outcomes: list[Outcome[Payment]] = []
            for command in batch:
                booking, known = command.booking, payments[command.key]
                if command.key not in closed:
                    outcomes.append(BUSY)
                    continue
                try:
                    chosen = choose_session(booking, closed[command.key], known, clock.now, self._margin)
                except Failure as failure:
                    outcomes.append(failure)
                    continue
                if not isinstance(chosen, Payment):
                    chosen = _new(booking, chosen, clock.now)
                    known.insert(0, chosen)
                    begun.append(chosen)
                outcomes.append(chosen)
            if begun:
                await tx.send(
                    sql.BEGIN_PAYMENTS,
                    (
                        clock.now,
                        clock.now,
                        self._poll_seconds,
                        [payment.id for payment in begun],
                        [payment.booking_id for payment in begun],
                        [payment.user_id for payment in begun],
                        [payment.session_id for payment in begun],
                        [payment.amount for payment in begun],
                        [payment.currency for payment in begun],
                        [payment.expires_at for payment in begun],
                    ),
                )
        return outcomes


def _new(booking: Payable, expires_at: datetime, now: datetime) -> Payment:
    return Payment(
        id=new_id(),
        booking_id=booking.booking_id,
        user_id=booking.user_id,
        session_id=f"sess_{new_id()}",
        amount=booking.amount,
        currency=booking.currency,
        state=State.PENDING,
        refunded_amount=0,
        expires_at=expires_at,
        created_at=now,
        updated_at=now,
    )
