"""Opening, closing and watching of checkout sessions.

The order of steps is what keeps money and tickets together: a payment is committed before the bank hears of its
session, and a booking's tombstone before its sessions are closed. Whoever opens a session looks for the tombstone
afterwards: one of the two sees the other.

What became of a session is what the bank answers when it is asked.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from services.chassis.errors import Failure
from services.chassis.store.database import Database, retried
from services.chassis.writes import answers
from services.chassis.writes.desk import Desk
from services.chassis.writes.idempotency import Key
from services.chassis.writes.outbox import Outbox
from services.payment.checkout import polling
from services.payment.checkout.begin import Answered, Begin, BeginPayments
from services.payment.checkout.opened import KeepOpened, Opened
from services.payment.checkout.record import Record, RecordReports
from services.payment.checkout.settle import LANES, Settle, SettleReports
from services.payment.clients import BookingClient
from services.payment.domain.payments import CAPTURED, BankEvent, Method, Outcome, Payment, SessionReport
from services.payment.errors import BookingNotPending, PaymentInProgress
from services.payment.gateways.interface import Gateways
from services.payment.side_by_side import AT_ONCE, each

log = logging.getLogger(__name__)

ROUNDS = 3
"""How many ended sessions are replaced by a new one before the caller gets PAYMENT_IN_PROGRESS."""

CLOSE_SECONDS = 1.0
"""How long the caller of a close waits for the bank. What is not closed by then, the poller closes."""

POLL_BATCH = 64


@dataclass(frozen=True, slots=True)
class SessionRules:
    """What the settings say of sessions."""

    margin: timedelta
    """How long before its booking and before the end of sales a session ends."""
    poll_first_seconds: float
    poll_max_seconds: float


class Checkout:
    """The checkout sessions of bookings."""

    def __init__(
        self,
        db: Database,
        outbox: Outbox,
        booking: BookingClient,
        gateways: Gateways,
        rules: SessionRules,
        *,
        prefix: str = "",
    ) -> None:
        """`prefix` is what the names of its desks begin with in metrics."""
        self._db = db
        self._opened = Desk(KeepOpened(db), name=f"{prefix}keep-opened")
        self._begin: Desk[Begin, Payment | Answered] = Desk(
            BeginPayments(db, rules.margin, rules.poll_first_seconds, gateways.current),
            name=f"{prefix}begin-payments",
        )
        record = RecordReports(db, outbox)
        self._record = Desk(record, name=f"{prefix}record-payments")
        self._settle = Desk(
            SettleReports(db, gateways, record),
            name=f"{prefix}settle-payments",
            lanes=LANES,
            max_batch=AT_ONCE,
            max_keys=AT_ONCE,
        )
        self._booking = booking
        self._gateways = gateways
        self._rules = rules

    async def open(
        self,
        booking_id: UUID,
        user_id: UUID,
        key: Key | None,
        render: Callable[[Payment, str], bytes],
        method: Method | None = None,
    ) -> bytes:
        """Return the rendered payment of a booking whose session is open, opening one if there is none.

        Raises what booking refuses, and what choose_session does. A session of which the bank tells that it has
        ended is recorded first, as its webhook would: this is how a declined one makes room for the next. The key is
        taken with the first payment, before the bank hears of anything, and gets its answer in the end: equal requests
        are all given the first one. Raises IdempotencyKeyReused.
        """
        try:
            booking = await self._booking.payable(booking_id, user_id)
        except Failure:
            # Whatever has become of the booking since.
            if key and (answer := await self._answered(key)):
                return answer
            raise
        for _ in range(ROUNDS):
            payment = await self._begin.submit(Begin(booking, key, method))
            if isinstance(payment, Answered):
                return payment.answer
            page = await self._gateways.create_session(payment, booking)
            if page.report.outcome is None:
                opened = payment.told(page.report)
                return await self._keep(opened, key, render(opened, page.url))
            if await self._record.submit(Record(page.report)) in CAPTURED:
                raise PaymentInProgress()
        raise PaymentInProgress("This booking's payments are being sorted out: try again in a moment.")

    async def close(self, booking_ids: Sequence[UUID]) -> None:
        """Close bookings for payment, for good. The tombstone is what counts; open sessions are closed after it."""
        live = await polling.close(self._db, booking_ids, CLOSE_SECONDS * 2)
        until = asyncio.get_running_loop().time() + CLOSE_SECONDS

        async def close_in_time(payment: Payment) -> None:
            seconds = until - asyncio.get_running_loop().time()
            if seconds > 0:
                await self._close_session(payment, seconds)

        await each(live, close_in_time)

    async def settle_report(self, report: SessionReport, event: BankEvent) -> None:
        """Take an event of the bank, with all that come at the same time; raise what SettleReports refuses."""
        await self._settle.submit(Settle(report, event))

    async def hasten(self, payment_id: UUID) -> None:
        """Let a payment be asked about at once, live or ended: its customer says that it is paid."""
        await polling.hasten(self._db, payment_id, "")

    async def catch_up(self) -> None:
        """Make all live payments due to be asked about: events may have been missed while payment was away."""
        await polling.hasten_all(self._db)

    async def poll(self) -> int:
        """Ask the bank about one batch of live payments, and record what it tells; return how many were due."""
        due = await polling.due(self._db, self._rules.poll_first_seconds, self._rules.poll_max_seconds, POLL_BATCH)
        await each(due, self._ask)
        return len(due)

    async def look_again(self) -> int:
        """Ask about one batch of payments that have ended, whether money was taken after all; return how many were due.

        The bank's sessions end for good. Of another gateway's, a webhook tells that money came late, and may be lost.
        """
        due = await polling.ended(self._db, POLL_BATCH)
        await each(due, self._look_again)
        return len(due)

    async def finish(self) -> None:
        """Finish what is begun, and take no more."""
        await self._begin.close()
        await self._settle.close()
        await self._record.close()
        await self._opened.close()

    async def _answered(self, key: Key) -> bytes | None:
        """Return the answer that is kept under a key, if there is one; raise IdempotencyKeyReused."""
        rows = await retried(self._db.fetch)(*answers.find([key]))
        if rows:
            key.check(bytes(rows[0].request_hash))
        return bytes(rows[0].answer) if rows else None

    async def _keep(self, payment: Payment, key: Key | None, answer: bytes) -> bytes:
        """Keep the answer of a payment whose session is open; close it again if the booking was closed meanwhile."""
        try:
            return await self._opened.submit(Opened(payment, answer, key))
        except BookingNotPending:
            await self._close_session(payment)
            raise

    async def _close_session(self, payment: Payment, seconds: float = CLOSE_SECONDS) -> None:
        try:
            if report := await self._gateways.close_session(payment, seconds):
                await self._record.submit(Record(report))
        except Failure as failure:
            log.warning("session %s is left to the poller: %s", payment.session_id, failure)

    async def _ask(self, due: polling.Due) -> None:
        """Ask the bank about a live payment.

        Where its time is up, it is ended, for not every gateway ends sessions by itself. A session that the gateway
        does not know was never opened, or its opening is still on its way: only when its time is up can nobody pay it
        any more.
        """
        payment = due.payment
        looks = self._gateways.end_session if due.over else self._gateways.get_session
        ask = self._gateways.close_session if due.closed else looks
        try:
            report = await ask(payment)
            if report is None and due.over:
                report = replace(_nothing(payment), outcome=Outcome.EXPIRED)
            if report is not None and report.outcome is not None:
                await self._record.submit(Record(report))
        except Failure as failure:
            log.warning("payment %s is asked about again later: %s", payment.id, failure)

    async def _look_again(self, payment: Payment) -> None:
        try:
            report = await self._gateways.get_session(payment)
            if report is not None and report.outcome == Outcome.CAPTURED:
                await self._record.submit(Record(report))
        except Failure as failure:
            log.warning("payment %s, which has ended, is looked at again later: %s", payment.id, failure)


def _nothing(payment: Payment) -> SessionReport:
    return SessionReport(payment.id, payment.session_id, payment.amount, payment.currency, None)
