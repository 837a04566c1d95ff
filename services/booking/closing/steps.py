"""Closing a user, step by step: kept from booking → nothing is open, here and at payment → closed; else open again.

A booking that begins at the same time may be written down after the look. Its row is RESERVING then, and a later
statement finishes it, which looks whether its user is closed. So either the look finds the booking, or the booking
finds its user closed. No lock is needed, and creating a booking takes no statement more.

An acceptance of a ticket is one transaction, which a lock keeps apart from closing: what was accepted is there to be
given back, and nothing is accepted afterwards.
"""

from uuid import UUID

from services.booking.clients import PaymentClient
from services.booking.closing import operation
from services.booking.errors import PaymentOpen
from services.booking.transfers.operation import MoveOffers, give_all_back
from services.chassis.errors import Failure, is_transient
from services.chassis.store.database import Database


class Closing:
    """Closes users whose accounts are deleted, or about to be."""

    def __init__(self, db: Database, payments: PaymentClient) -> None:
        self._db = db
        self._payments = payments
        self._move_offers = MoveOffers(db)

    async def close(self, user_id: UUID) -> None:
        """Keep a user from booking; raise BookingToCome or PaymentOpen, and do nothing, where something is open."""
        until = await operation.close(self._db, user_id)
        try:
            await operation.check_nothing_open(self._db, user_id)
            if await self._payments.count_open(user_id):
                raise PaymentOpen()
        except Failure as failure:
            if not is_transient(failure):
                await operation.reopen(self._db, user_id, until)
            raise

    async def forget(self, user_id: UUID) -> None:
        """Keep a user from booking whose account is deleted, and forget for whom their bookings are.

        Tickets that the user has from others go back to these.
        """
        await operation.close(self._db, user_id)
        await operation.forget_names_of(self._db, user_id)
        await give_all_back(self._move_offers, self._db, user_id)
