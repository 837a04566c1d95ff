"""Looking payments up, for all at once who ask."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from services.chassis.store.database import Database
from services.chassis.store.rows import read
from services.chassis.wire.records import page
from services.chassis.writes.lookup import Lookup
from services.payment.checkout import statements as sql
from services.payment.domain.payments import Payment
from services.payment.errors import PaymentNotFound
from services.payment.records import KINDS


class PaymentLookup:
    """Payments as they stand."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._by_booking: Lookup[UUID, list[Payment]] = Lookup(self._list, name="list-payments")

    async def of_booking(self, booking_id: UUID, user_id: UUID | None) -> list[Payment]:
        """Return a booking's payments, newest first; raise PaymentNotFound if there are none, or another user's."""
        payments = await self._by_booking.get(booking_id)
        if not payments or (user_id is not None and payments[0].user_id != user_id):
            raise PaymentNotFound()
        return payments

    async def named(self, payment_id: UUID) -> Payment:
        """Return a payment; raise PaymentNotFound if there is none."""
        rows = await self._db.fetch(sql.PAYMENTS, {"ids": [payment_id]})
        if not rows:
            raise PaymentNotFound()
        return read(Payment, rows)[0]

    async def of_bookings(self, booking_ids: Sequence[UUID]) -> list[list[Payment]]:
        """Return the payments of each booking, newest first."""
        lists = await self._list(booking_ids)
        return [lists.get(booking_id, []) for booking_id in booking_ids]

    async def count_open(self, user_id: UUID) -> tuple[int, int]:
        """Return how many payments of a user are under way, and how many refunds and disputes of them."""
        [row] = await self._db.fetch(sql.COUNT_OPEN, {"user_id": user_id})
        return row.payments, row.refunds

    async def records(self, user_id: UUID, token: str) -> tuple[list[str], str]:
        """Return a page of what is kept of a user, and the token of the next one."""
        return await page(self._db, KINDS, user_id, token)

    async def _list(self, booking_ids: Sequence[UUID]) -> dict[UUID, list[Payment]]:
        lists: defaultdict[UUID, list[Payment]] = defaultdict(list)
        rows = await self._db.fetch(sql.PAYMENTS_OF_BOOKINGS, {"booking_ids": list(booking_ids)})
        for payment in read(Payment, rows):
            lists[payment.booking_id].append(payment)
        return lists
