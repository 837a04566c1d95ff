"""Beginning payments: the intent, committed before the bank hears of its session."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from services.chassis.ids import new_id
from services.chassis.store.database import READ_CLOCK, Database, Statement, Transaction
from services.chassis.store.rows import columns, read
from services.chassis.writes.idempotency import Key
from services.chassis.writes.operation import BegunOperation, Rows
from services.payment.checkout import statements as sql
from services.payment.domain.payments import Method, Payable, Payment, State, choose_session


@dataclass(frozen=True, slots=True)
class Begin:
    """The wish to pay for a booking."""

    urgent: ClassVar[bool] = False

    booking: Payable
    idempotency: Key | None = None
    method: Method | None = None
    """What the customer wants to pay with."""

    @property
    def key(self) -> UUID:
        """Wishes for one booking take turns."""
        return self.booking.booking_id


@dataclass(frozen=True, slots=True)
class Answered:
    """An equal request with the same key has been answered."""

    answer: bytes


@dataclass(frozen=True, slots=True)
class PaymentAccounts:
    """The accounts of bookings: what is paid for each."""

    now: datetime
    closed: dict[UUID, bool]
    """Whether each booking is closed for payment."""
    payments: dict[UUID, list[Payment]]
    """The payments of each booking, newest first."""
    opened: set[UUID]
    """The bookings whose accounts have been opened just now."""
    begun: list[Payment] = field(default_factory=list)

    @property
    def in_vain(self) -> set[UUID]:
        """Return the bookings whose accounts have been opened for a request that was refused."""
        return self.opened - {payment.booking_id for payment in self.begun}

    def begin(self, booking: Payable, expires_at: datetime, gateway: str, method: Method | None) -> Payment:
        """Begin a payment of a booking whose session at `gateway` ends at `expires_at`."""
        payment = Payment(
            id=new_id(),
            booking_id=booking.booking_id,
            user_id=booking.user_id,
            session_id=f"sess_{new_id()}",
            amount=booking.amount,
            currency=booking.currency,
            state=State.PENDING,
            refunded_amount=0,
            expires_at=expires_at,
            created_at=self.now,
            updated_at=self.now,
            gateway=gateway,
            method=method,
        )
        self.payments[booking.booking_id].insert(0, payment)
        self.begun.append(payment)
        return payment


class BeginPayments(BegunOperation[Begin, PaymentAccounts, Payment | Answered]):
    """Answers with the live payment of a booking, begun if there was none; refuses what choose_session does."""

    def __init__(self, db: Database, margin: timedelta, poll_seconds: float, gateway: str) -> None:
        """`margin` is how long before its booking and before the end of sales a session ends.

        `poll_seconds` is when the gateway of that name, which new payments are begun at, is asked first.
        """
        super().__init__(db)
        self._margin = margin
        self._poll_seconds = poll_seconds
        self._gateway = gateway

    def reads(self, batch: Sequence[Begin], *, wait: bool) -> dict[str, Statement]:
        """Lock the accounts of the bookings, opened if need be."""
        ids = {"booking_ids": sorted({command.key for command in batch})}
        return {
            "opened": (sql.OPEN_ACCOUNTS, ids),
            "accounts": (sql.WAIT_FOR_ACCOUNTS if wait else sql.LOCK_ACCOUNTS, ids),
            "payments": (sql.PAYMENTS_OF_BOOKINGS, ids),
            "clock": (READ_CLOCK, ()),
        }

    async def load(self, tx: Transaction, batch: Sequence[Begin], rows: Rows) -> tuple[PaymentAccounts, set[UUID]]:
        """Put the payments to their bookings; accounts that are not locked are somebody else's."""
        closed = {row.booking_id: row.closed for row in rows["accounts"]}
        payments: dict[UUID, list[Payment]] = {command.key: [] for command in batch}
        for payment in read(Payment, rows["payments"]):
            payments[payment.booking_id].append(payment)
        opened = {row.booking_id for row in rows["opened"]}
        return PaymentAccounts(rows["clock"][0].now, closed, payments, opened), payments.keys() - closed.keys()

    def answered(self, answer: bytes) -> Answered:
        """Nothing is begun for a request that has its answer."""
        return Answered(answer)

    def decide(self, command: Begin, state: PaymentAccounts) -> Payment:
        """Choose the payment that is live, or begin one."""
        booking = command.booking
        chosen = choose_session(
            booking, state.closed[command.key], state.payments[command.key], state.now, self._margin
        )
        if isinstance(chosen, Payment):
            return chosen
        return state.begin(booking, chosen, self._gateway, command.method)

    async def write(self, tx: Transaction, state: PaymentAccounts) -> None:
        """Write the payments that were begun; where a request was refused, no account stays open for it."""
        if state.in_vain:
            await tx.send(sql.TAKE_BACK_ACCOUNTS, {"booking_ids": sorted(state.in_vain)})
        if state.begun:
            values = columns(
                state.begun,
                *("id", "booking_id", "user_id", "session_id", "amount", "currency", "expires_at", "gateway", "method"),
            )
            await tx.send(sql.BEGIN_PAYMENTS, {"now": state.now, "poll_seconds": self._poll_seconds} | values)
