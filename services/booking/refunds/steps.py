"""Refunds, step by step: REFUNDING → inventory unbooks → payment refunds → REFUNDED."""

import logging

from services.booking.bookings.domain import Booking, State
from services.booking.bookings.leases import RETRY_SECONDS, postpone
from services.booking.clients import InventoryClient, PaymentClient, RefundState
from services.booking.messages import Refund
from services.booking.refunds.operation import finish_refund, mark_refund_stuck
from services.chassis.errors import Failure, is_transient
from services.chassis.store.database import Database

log = logging.getLogger(__name__)


class Refunds:
    """Refunds that were decided, and are only carried out."""

    def __init__(self, db: Database, inventory: InventoryClient, payments: PaymentClient) -> None:
        self._db = db
        self._inventory = inventory
        self._payments = payments

    async def carry_out(self, booking: Booking) -> Booking:
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
        return await self._payments.refund(refund)
