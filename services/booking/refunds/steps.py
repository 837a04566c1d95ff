"""Refunds, step by step: decided → inventory unbooks the seats → payment returns the money → carried out."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from services.booking.bookings.domain import Booking, State
from services.booking.bookings.leases import RETRY_SECONDS, postpone
from services.booking.clients import InventoryClient, PaymentClient, RefundState
from services.booking.messages import Part, Refund
from services.booking.refunds.finish import FinishRefund, FinishRefunds, finish_whole
from services.booking.refunds.leases import claim_refunds, mark_refund_stuck, mark_whole_stuck, postpone_refund
from services.booking.refunds.operation import DecidedRefund
from services.booking.refunds.undo import UndoRefund, UndoRefunds
from services.chassis.errors import Failure, is_transient
from services.chassis.store.database import Database

log = logging.getLogger(__name__)


class Refunds:
    """Refunds that were decided, and are only carried out. None waits for another."""

    def __init__(self, db: Database, inventory: InventoryClient, payments: PaymentClient) -> None:
        self._db = db
        self._finish = FinishRefunds(db)
        self._undo = UndoRefunds(db)
        self._inventory = inventory
        self._payments = payments

    async def claim(self) -> list[DecidedRefund]:
        """Take over one batch of refunds that nobody has carried out."""
        return await claim_refunds(self._db)

    async def undo(self, undone: Sequence[UndoRefund]) -> list[Failure | None]:
        """Let refunds be on their way again that failed after they were carried out; for each None, or why not."""
        return await self._undo.together(undone)

    async def carry_out(self, refund: DecidedRefund) -> bool:
        """Carry a refund on as far as it goes now; return whether that is to its end. Recovery does the rest."""

        async def unbook_and_return() -> "RefundState.ValueType":
            await self._inventory.unbook_seats((refund.booking_id, refund.show_id), refund.seat_ids)
            if refund.amount == 0:
                return RefundState.SUCCEEDED
            part = Part(refund_id=str(refund.id), payment_id=str(refund.payment_id), amount=refund.amount)
            return await self._payments.refund_part(part)

        state = await self._tried(unbook_and_return, refund.booking_id, lambda: mark_refund_stuck(self._db, refund.id))
        if state == RefundState.SUCCEEDED:
            await self._finish.alone(FinishRefund(refund.booking_id, refund.id, refund.undone))
            return True
        if state == RefundState.REQUESTED:
            await postpone_refund(self._db, refund.id, RETRY_SECONDS)
        return False

    async def carry_out_whole(self, booking: Booking) -> Booking:
        """Carry a refund on that the release before has begun for all seats; return the booking."""
        if booking.state != State.REFUNDING:
            return booking

        async def unbook_and_return() -> "RefundState.ValueType":
            await self._inventory.unbook((booking.id, booking.show.show_id))
            assert booking.refund_amount is not None, "frozen before"
            refund = Refund(payment_id=str(booking.payment_id), cause=Refund.REQUESTED, amount=booking.refund_amount)
            return await self._payments.refund(refund)

        state = await self._tried(unbook_and_return, booking.id, lambda: mark_whole_stuck(self._db, booking.id))
        if state == RefundState.SUCCEEDED:
            return await finish_whole(self._db, booking.id)
        if state == RefundState.REQUESTED:
            await postpone(self._db, [booking.id], RETRY_SECONDS)
        return booking

    async def _tried(
        self,
        steps: "Callable[[], Awaitable[RefundState.ValueType]]",
        booking_id: UUID,
        mark_stuck: Callable[[], Awaitable[bool]],
    ) -> "RefundState.ValueType":
        """Return how far a refund came: REQUESTED where it is to be tried again soon; a stuck one is shown."""
        try:
            state, why = await steps(), "the bank declines it for good"
        except Failure as failure:
            if is_transient(failure):
                log.warning("a refund of booking %s waits: %s", booking_id, failure)
                return RefundState.REQUESTED
            state, why = RefundState.STUCK, f"{failure.reason}: {failure.message}"
        if state == RefundState.STUCK and await mark_stuck():
            log.error("refund stuck", extra={"booking_id": str(booking_id), "why": why})
        return state
