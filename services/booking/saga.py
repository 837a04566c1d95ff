"""The saga: what happens to a booking across services, step by step.

Every step is written down before its call goes out, and can be taken over from the row by anybody: each call may be
repeated. No transaction is open during a call. The row's version fences off whoever was too slow.

Inventory's confirm is the pivot: before it, a saga that cannot go on is undone; after it, it only goes forward.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.booking.clients import Claim, Inventory, Payments, RefundState
from services.booking.domain.bookings import Booking, Capture, Changed, Decline, Extension, Reservation, State
from services.booking.domain.errors import BookingNotFound
from services.booking.messages import Refund, Release, release_of
from services.booking.operations import create, expire, look
from services.booking.operations.captures import Confirmation, FinishConfirming, RecordCaptures
from services.booking.operations.create import BeginBookings, Begun, Create, Known, Priced
from services.booking.operations.declines import new_declines, record_declines
from services.booking.operations.refund import finish_refund, mark_refund_stuck
from services.booking.operations.unfinished import claim_unfinished, postpone
from services.chassis.errors import Failure, Unavailable, is_transient
from services.chassis.store.database import Database
from services.chassis.work.desk import Outcome
from services.chassis.work.outbox import Outbox

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
"""When a step whose peer was away is tried again."""

RECOVERY_SECONDS = 1.0
"""How often it is looked for unfinished steps."""


class Saga:
    """Drives bookings through their lives."""

    def __init__(
        self,
        db: Database,
        outbox: Outbox,
        inventory: Inventory,
        payments: Payments,
        *,
        render: Callable[[Changed], bytes],
        expiry: timedelta,
        extension: timedelta,
    ) -> None:
        """`render` makes of a created booking what its caller is answered."""
        self._db = db
        self._inventory = inventory
        self._payments = payments
        self._render = render
        self._begin_bookings = BeginBookings(db)
        self._record_captures = RecordCaptures(db, outbox)
        self._finish_confirming = FinishConfirming(db, outbox)
        self._expiry_seconds = int(expiry.total_seconds())
        self._extension_seconds = int(extension.total_seconds())

    # --- Create: RESERVING → inventory reserves → PENDING

    async def create(self, batch: Sequence[Create], *, wait: bool) -> list[Outcome[bytes]]:
        """Create a batch of bookings; what booking's desk runs."""
        outcomes = await self._begin_bookings(batch, wait=wait)
        begun = [
            (command, outcome.since)
            for command, outcome in zip(batch, outcomes, strict=True)
            if isinstance(outcome, Begun)
        ]
        created = await self._reserve(begun) if begun else {}
        return [
            created[command.id] if isinstance(outcome, Begun) else _outcome(outcome)
            for command, outcome in zip(batch, outcomes, strict=True)
        ]

    async def _reserve(self, begun: Sequence[tuple[Create, datetime]]) -> dict[UUID, bytes | Failure]:
        claims = [
            Claim(
                booking_id=command.id,
                show_id=command.show.show_id,
                user_id=command.user_id,
                seat_ids=command.seat_ids,
                ttl_seconds=self._expiry_seconds,
            )
            for command, _ in begun
        ]
        answers: Sequence[Reservation | Failure]
        try:
            answers = await self._inventory.reserve(claims)
        except Failure as failure:
            answers = [failure] * len(begun)
        priced: list[Priced] = []
        refused: list[UUID] = []
        unknown: list[UUID] = []
        outcomes: dict[UUID, bytes | Failure] = {}
        for (command, since), answer in zip(begun, answers, strict=True):
            if isinstance(answer, Reservation):
                priced.append(Priced.of(command, since, answer))
                continue
            # Recovery was faster and has closed the claim: it is nothing that the caller did, and may be tried again.
            outcomes[command.id] = Unavailable() if answer.reason == "CLAIM_CLOSED" else answer
            (unknown if is_transient(answer) else refused).append(command.id)
        try:
            if priced or refused:
                outcomes |= await create.finish_bookings(self._db, priced, refused, self._render)
            # It is not known whether inventory reserved these: recovery gives back what it may have.
            await postpone(self._db, unknown, 0)
        except Failure as failure:
            # The intents are written, so this batch must not be run again: recovery gives back what was reserved.
            log.warning("%d bookings are left to recovery: %s", len(begun), failure)
            outcomes |= {one.booking.id: Unavailable() for one in priced if one.booking.id not in outcomes}
        return outcomes

    # --- Settle: captured → CONFIRMING → inventory confirms → CONFIRMED, or the money goes back

    async def settle_captures(self, captures: Sequence[Capture]) -> Sequence[Failure | None]:
        """Record captures and settle them; for each None, or why it could not be recorded.

        What is recorded is settled in the end, by recovery if need be.
        """
        recorded = await self._record_captures.together(captures)
        confirming = [answer for answer in recorded if isinstance(answer, Booking)]
        try:
            await self._confirm(confirming)
        except Failure as failure:
            log.warning("%d confirmations are left to recovery: %s", len(confirming), failure)
        return [answer if isinstance(answer, Failure) else None for answer in recorded]

    async def _confirm(self, bookings: Sequence[Booking]) -> None:
        if not bookings:
            return
        answers: Sequence[Failure | None]
        try:
            answers = await self._inventory.confirm([(booking.id, booking.show.show_id) for booking in bookings])
        except Failure as failure:
            answers = [failure] * len(bookings)
        answered, unknown = [], []
        for booking, answer in zip(bookings, answers, strict=True):
            if answer is None or answer.reason == "CLAIM_CLOSED":
                answered.append(Confirmation(booking, has_seats=answer is None))
            else:
                log.warning("booking %s is not confirmed yet: %s", booking.id, answer)
                unknown.append(booking.id)
        if answered:
            await self._finish_confirming.together(answered)
        await postpone(self._db, unknown, RETRY_SECONDS)

    # --- Decline: inventory extends first, booking copies

    async def extend_declined(self, declines: Sequence[Decline]) -> Sequence[Failure | None]:
        """Give bookings more time to be paid for, as payments were declined; for each None, or why not."""
        new = await new_declines(self._db, [decline.payment_id for decline in declines])
        known = await look.find_all(self._db, [decline.booking_id for decline in declines])
        pending = [
            known[decline.booking_id]
            for decline in dict.fromkeys(declines)
            if decline.payment_id in new
            and decline.booking_id in known
            and known[decline.booking_id].state == State.PENDING
        ]
        answers: Sequence[datetime | Failure] = []
        if pending:
            names = [(booking.id, booking.show.show_id) for booking in pending]
            answers = await self._inventory.extend(names, self._extension_seconds)
        extended, lapsed, unknown = [], list[Booking](), dict[UUID, Failure]()
        for booking, answer in zip(pending, answers, strict=True):
            if isinstance(answer, datetime):
                extended.append(Extension(booking.id, answer))
            elif is_transient(answer):
                unknown[booking.id] = answer
            else:
                lapsed.append(booking)
        answered = [one for one in declines if one.booking_id in known and one.booking_id not in unknown]
        await record_declines(self._db, answered, extended)
        await self._expire([(booking.id, booking.show.show_id) for booking in lapsed])
        return [
            unknown.get(decline.booking_id) if decline.booking_id in known else BookingNotFound()
            for decline in declines
        ]

    # --- Expire: inventory releases what has lapsed by its clock, booking copies

    async def expire_due(self) -> int:
        """Expire one batch of PENDING bookings whose time is up; return how many. A job."""
        return await self._expire(await expire.claim_due(self._db))

    async def _expire(self, bookings: Sequence[tuple[UUID, UUID]]) -> int:
        """Expire those (booking, show) whose claims have lapsed by inventory, whose clock counts; return how many."""
        if not bookings:
            return 0
        answers = await self._inventory.release(
            [release_of(booking_id, show_id, Release.EXPIRED) for booking_id, show_id in bookings]
        )
        released = [booking_id for (booking_id, _), answer in zip(bookings, answers, strict=True) if answer is None]
        return await expire.expire(self._db, released)

    # --- Refund: REFUNDING → inventory unbooks → payment refunds → REFUNDED

    async def carry_out_refund(self, booking: Booking) -> Booking:
        """Carry a refund on as far as it goes now, and return the booking; recovery does the rest."""
        if booking.state != State.REFUNDING:
            return booking
        try:
            await self._inventory.unbook((booking.id, booking.show.show_id))
            state = await self._return_money(booking)
            if state == RefundState.SUCCEEDED:
                return await finish_refund(self._db, booking.id)
            if state == RefundState.STUCK:
                await self._mark_stuck(booking, "the bank declines it for good")
                return booking
        except Failure as failure:
            if not is_transient(failure):
                await self._mark_stuck(booking, f"{failure.reason}: {failure.message}")
                return booking
            log.warning("the refund of booking %s waits: %s", booking.id, failure)
        await postpone(self._db, [booking.id], RETRY_SECONDS)
        return booking

    async def _mark_stuck(self, booking: Booking, why: str) -> None:
        if await mark_refund_stuck(self._db, booking.id):
            log.error("refund stuck", extra={"booking_id": str(booking.id), "why": why})

    async def _return_money(self, booking: Booking) -> "RefundState.ValueType":
        assert booking.refund_amount is not None, "frozen before"
        refund = Refund(payment_id=str(booking.payment_id), cause=Refund.REQUESTED, amount=booking.refund_amount)
        [answer] = await self._payments.request_refunds([refund])
        if isinstance(answer, Failure):
            raise answer
        return answer

    # --- Recovery

    async def recover(self) -> None:
        """Finish, for ever, what was left unfinished."""
        while True:
            try:
                while await self.recover_once():
                    pass
            except Failure as failure:
                log.warning("recovery waits: %s", failure)
            except Exception:  # a defect with one booking must not end the recovery of all others
                log.exception("recovery stumbled")
            await asyncio.sleep(RECOVERY_SECONDS)

    async def recover_once(self) -> int:
        """Take over one batch of unfinished steps and carry them on; return how many there were."""
        claimed = await claim_unfinished(self._db)
        by_state: dict[State, list[Booking]] = {}
        for booking in claimed:
            by_state.setdefault(booking.state, []).append(booking)
        await asyncio.gather(
            self._give_up(by_state.get(State.RESERVING, [])),
            self._confirm(by_state.get(State.CONFIRMING, [])),
            *(self.carry_out_refund(booking) for booking in by_state.get(State.REFUNDING, [])),
        )
        return len(claimed)

    async def _give_up(self, bookings: Sequence[Booking]) -> None:
        """Undo bookings of which it is not known whether they have their seats."""
        if not bookings:
            return
        releases = [release_of(booking.id, booking.show.show_id, Release.ABANDONED) for booking in bookings]
        try:
            answers = await self._inventory.release(releases)
        except Failure as failure:
            log.warning("%d bookings are given up later: %s", len(bookings), failure)
            await postpone(self._db, [booking.id for booking in bookings], RETRY_SECONDS)
            return
        await create.drop_bookings(
            self._db, [booking.id for booking, answer in zip(bookings, answers, strict=True) if answer is None]
        )


def _outcome(outcome: Outcome[Known]) -> Outcome[bytes]:
    """Return what a booking comes to that was not begun."""
    return outcome.answer if isinstance(outcome, Known) else outcome
