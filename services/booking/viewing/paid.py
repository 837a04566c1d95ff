"""Bookings with their payments, as callers look at them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from uuid import UUID

from boxoffice.payment.v1 import payment_pb2

from services.booking.clients import PaymentClient
from services.booking.errors import BookingNotFound
from services.booking.viewing.look import Bookings, BookingsPage, Seen
from services.chassis.writes.lookup import ASKING_LANES, Lookup

LANE_SECONDS = 0.25
"""How long looks keep others waiting for an answer of payment. Then they wait for it alone, and the next ones begin."""


@dataclass(frozen=True, slots=True)
class Paid:
    """A booking with its newest payment; None where there is none, or payment is away."""

    seen: Seen
    payment: payment_pb2.Payment | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """Bookings of a batch, whose payments it has asked for."""

    paid: asyncio.Task[list[Paid]]
    """All of the batch."""
    which: slice

    async def answer(self) -> list[Paid]:
        """Wait for the payments. Whoever leaves takes the answer from nobody else."""
        return (await asyncio.shield(self.paid))[self.which]


class Looks:
    """Looks at bookings and at pages of a user's, which many clients ask for again and again.

    All at once who ask, for one or for a page, share a round trip to the database and a question to payment. A payment
    service that hangs holds up those who have asked it, and no later ones.
    """

    def __init__(self, bookings: Bookings, payments: PaymentClient) -> None:
        self._bookings = bookings
        self._payments = payments
        self._looks: Lookup[UUID | BookingsPage, _Asked] = Lookup(
            self._look, name="look-at-bookings", max_keys=32, lanes=ASKING_LANES, gathers_each=True
        )

    async def find(self, booking_id: UUID, user_id: UUID | None) -> Paid:
        """Return a booking; raise BookingNotFound if there is none, or not of `user_id` where that is given."""
        found = await self._answer(booking_id)
        if not found or (user_id is not None and found[0].seen.booking.user_id != user_id):
            raise BookingNotFound()
        return found[0]

    async def of_user(self, page: BookingsPage) -> list[Paid]:
        """Return a page of a user's bookings, newest first."""
        return await self._answer(page)

    async def with_payments(self, seen: Sequence[Seen]) -> list[Paid]:
        """Return bookings with their payments."""
        payments = await self._payments.newest_of([one.booking.id for one in seen])
        return [Paid(one, payment) for one, payment in zip(seen, payments, strict=True)]

    async def _answer(self, key: UUID | BookingsPage) -> list[Paid]:
        asked = await self._looks.get(key)
        return await asked.answer() if asked else []

    async def _look(self, asked: Sequence[UUID | BookingsPage]) -> dict[UUID | BookingsPage, _Asked]:
        ids = [one for one in asked if isinstance(one, UUID)]
        pages = [one for one in asked if isinstance(one, BookingsPage)]
        by_id, lists = await self._bookings.look(ids, pages)
        found: dict[UUID | BookingsPage, list[Seen]] = {id_: [one] for id_, one in by_id.items()}
        found.update(lists.items())
        paid = asyncio.create_task(self.with_payments([*chain.from_iterable(found.values())]))
        await asyncio.wait([paid], timeout=LANE_SECONDS)
        ends = accumulate(len(seen) for seen in found.values())
        return {
            key: _Asked(paid, slice(end - len(seen), end)) for (key, seen), end in zip(found.items(), ends, strict=True)
        }
