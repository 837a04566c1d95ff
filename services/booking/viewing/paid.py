"""Bookings with their payments, as callers look at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from boxoffice.payment.v1 import payment_pb2

from services.booking.clients import PaymentClient
from services.booking.errors import BookingNotFound
from services.booking.viewing.look import Bookings, BookingsPage, Seen
from services.chassis.writes.lookup import ASKING_LANES, Lookup


@dataclass(frozen=True, slots=True)
class Paid:
    """A booking with its newest payment; None where there is none, or payment is away."""

    seen: Seen
    payment: payment_pb2.Payment | None


class Looks:
    """Looks at bookings and at pages of a user's, which many clients ask for again and again.

    All at once who ask, for one or for a page, share a round trip to the database and a question to payment.
    """

    def __init__(self, bookings: Bookings, payments: PaymentClient) -> None:
        self._bookings = bookings
        self._payments = payments
        self._looks: Lookup[UUID | BookingsPage, list[Paid]] = Lookup(
            self._look, name="look-at-bookings", max_keys=32, lanes=ASKING_LANES, gathers_each=True
        )

    async def find(self, booking_id: UUID, user_id: UUID | None) -> Paid:
        """Return a booking; raise BookingNotFound if there is none, or not of `user_id` where that is given."""
        found = await self._looks.get(booking_id)
        if not found or (user_id is not None and found[0].seen.booking.user_id != user_id):
            raise BookingNotFound()
        return found[0]

    async def of_user(self, page: BookingsPage) -> list[Paid]:
        """Return a page of a user's bookings, newest first."""
        return await self._looks.get(page) or []

    async def with_payments(self, seen: Sequence[Seen]) -> list[Paid]:
        """Return bookings with their payments."""
        payments = await self._payments.newest_of([one.booking.id for one in seen])
        return [Paid(one, payment) for one, payment in zip(seen, payments, strict=True)]

    async def _look(self, asked: Sequence[UUID | BookingsPage]) -> dict[UUID | BookingsPage, list[Paid]]:
        ids = [one for one in asked if isinstance(one, UUID)]
        pages = [one for one in asked if isinstance(one, BookingsPage)]
        by_id, lists = await self._bookings.look(ids, pages)
        paid = iter(await self.with_payments([*by_id.values(), *chain.from_iterable(lists.values())]))
        found: dict[UUID | BookingsPage, list[Paid]] = {booking_id: [next(paid)] for booking_id in by_id}
        found.update((page, [next(paid) for _ in seen]) for page, seen in lists.items())
        return found
