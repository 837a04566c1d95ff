"""Bookings as they become: one answer to who waits for a status, or every change to who watches."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from uuid import UUID

from boxoffice.booking.v1 import booking_pb2 as pb

from services.booking.bookings.domain import RefundState, State
from services.booking.viewing.look import Bookings, Seen
from services.booking.watching.changes import Changes, SeenBooking
from services.chassis.errors import ResourceExhausted, Unavailable
from services.chassis.wire import doors
from services.chassis.wire.calls import deadline

LONGEST_SECONDS = 900.0
"""How long a booking is watched at most: as long as an access token is good."""

ANSWER_SECONDS = 2.0
"""How long before its deadline a call that waits is answered."""

AWAY_SECONDS = 1.0
"""When a booking is looked at again that could not be read."""


class Watching:
    """Bookings that are waited for and watched."""

    def __init__(self, bookings: Bookings, changes: Changes, render: Callable[[Seen], Awaitable[pb.Booking]]) -> None:
        """`render` makes of a booking what callers are told."""
        self._bookings = bookings
        self._changes = changes
        self._render = render

    async def wait(self, seen: Seen, status: State, seconds: float) -> Seen:
        """Return a booking as soon as it has another status than this, or as it stands when the wait is over.

        Raises ResourceExhausted if too many wait.
        """
        loop = asyncio.get_running_loop()
        end = min(loop.time() + seconds, deadline.get() - ANSWER_SECONDS)
        if not _may_change(seen, status):
            return seen
        with self._changes.place(seen.booking.user_id), doors.outside():
            while _may_change(seen, status) and not self._changes.ended and (left := end - loop.time()) > 0:
                await self._changes.after(_known(seen), left)
                seen = await self._bookings.find(seen.booking.id, None)
        return seen

    async def watch(self, booking_id: UUID, user_id: UUID | None) -> AsyncGenerator[pb.Booking | None, None]:
        """Yield a booking as it is now and whenever it changes, until it cannot any more; None where nothing happens.

        Raises BookingNotFound; ResourceExhausted if too many watch; Unavailable once `end` of the changes was called,
        or after LONGEST_SECONDS.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + LONGEST_SECONDS
        self._check_goes_on(end)
        seen = await self._bookings.find(booking_id, user_id)
        with self._changes.place(seen.booking.user_id):
            yield await self._render(seen)
            while not _is_over(seen):
                known = _known(seen)
                changed = await self._changes.after(known, min(self._changes.heartbeat_seconds, end - loop.time()))
                self._check_goes_on(end)
                if changed or known.status == State.EXPIRED:  # which is final once sales have ended
                    seen = await self._again(seen, end)
                if _known(seen) != known:
                    yield await self._render(seen)
                elif changed is False:
                    yield None

    async def _again(self, seen: Seen, end: float) -> Seen:
        """Return a booking as it is now, however long the database is away."""
        while True:
            try:
                return await self._bookings.find(seen.booking.id, None)
            except (Unavailable, ResourceExhausted):
                await asyncio.sleep(AWAY_SECONDS)
                self._check_goes_on(end)

    def _check_goes_on(self, end: float) -> None:
        if self._changes.ended or asyncio.get_running_loop().time() >= end:
            raise Unavailable("This stream has come to its end, the booking has not: watch it again.")


def _known(seen: Seen) -> SeenBooking:
    booking = seen.booking
    version = booking.version if booking.refund_count else 0
    status = booking.public_state(seen.now)
    return SeenBooking(booking.id, status, booking.expires_at, version, booking.show.show_revision)


def _is_over(seen: Seen) -> bool:
    """Tell whether a booking can change no more. Of one that is REFUNDED, a refund may have failed after all."""
    return seen.booking.is_final(seen.now) and all(refund.state == RefundState.REFUNDED for refund in seen.refunds)


def _may_change(seen: Seen, status: State) -> bool:
    """Tell whether a booking has this status, and may have another."""
    return seen.booking.public_state(seen.now) == status and not seen.booking.is_final(seen.now)
