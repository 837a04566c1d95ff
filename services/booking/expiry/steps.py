"""Expiry, step by step: inventory releases what has lapsed by its clock, booking copies."""

from collections.abc import Sequence
from uuid import UUID

from services.booking.clients import InventoryClient
from services.booking.expiry.operation import claim_due, expire
from services.booking.messages import Release, release_of
from services.chassis.store.database import Database


class Expiry:
    """Bookings whose time is up."""

    def __init__(self, db: Database, inventory: InventoryClient) -> None:
        self._db = db
        self._inventory = inventory

    async def expire_due(self) -> int:
        """Expire one batch of PENDING bookings whose time is up; return how many. A job."""
        return await self.expire(await claim_due(self._db))

    async def expire(self, bookings: Sequence[tuple[UUID, UUID]]) -> int:
        """Expire those (booking, show) whose claims have lapsed by inventory, whose clock counts; return how many."""
        if not bookings:
            return 0
        answers = await self._inventory.release(
            [release_of(booking_id, show_id, Release.EXPIRED) for booking_id, show_id in bookings]
        )
        released = [booking_id for (booking_id, _), answer in zip(bookings, answers, strict=True) if answer is None]
        return await expire(self._db, released)
