"""Declines, step by step: inventory extends first, booking copies."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from services.booking.bookings import shows
from services.booking.bookings.domain import Booking, State
from services.booking.bookings.rows import find_all
from services.booking.bookings.seats import ExtendedClaim
from services.booking.clients import InventoryClient
from services.booking.declines.domain import Decline, Extension
from services.booking.declines.operation import new_declines, record_declines
from services.booking.errors import BookingNotFound
from services.booking.expiry.steps import Expiry
from services.chassis.errors import Failure, is_transient
from services.chassis.store.database import Database


class Declines:
    """Payments for bookings that were declined."""

    def __init__(self, db: Database, inventory: InventoryClient, expiry: Expiry, *, extension: timedelta) -> None:
        self._db = db
        self._inventory = inventory
        self._expiry = expiry
        self._extension_seconds = int(extension.total_seconds())

    async def extend(self, declines: Sequence[Decline]) -> Sequence[Failure | None]:
        """Give bookings more time to be paid for, as payments were declined; for each None, or why not."""
        new = await new_declines(self._db, [decline.payment_id for decline in declines])
        known = await find_all(self._db, [decline.booking_id for decline in declines])
        pending = [
            known[decline.booking_id]
            for decline in dict.fromkeys(declines)
            if decline.payment_id in new
            and decline.booking_id in known
            and known[decline.booking_id].state == State.PENDING
        ]
        answers: Sequence[ExtendedClaim | Failure] = []
        if pending:
            names = [(booking.id, booking.show.show_id) for booking in pending]
            answers = await self._inventory.extend(names, self._extension_seconds)
        extended, lapsed, unknown = [], list[Booking](), dict[UUID, Failure]()
        newer: dict[UUID, int] = {}
        for booking, answer in zip(pending, answers, strict=True):
            if isinstance(answer, ExtendedClaim):
                extended.append(Extension(booking.id, answer.expires_at, answer.sales_end_at))
                if answer.show_revision > booking.show.show_revision:
                    newer[booking.show.show_id] = answer.show_revision
            elif is_transient(answer):
                unknown[booking.id] = answer
            else:
                lapsed.append(booking)
        answered = [one for one in declines if one.booking_id in known and one.booking_id not in unknown]
        await record_declines(self._db, answered, extended)
        await shows.note(self._db, newer)
        await self._expiry.expire([(booking.id, booking.show.show_id) for booking in lapsed])
        return [
            unknown.get(decline.booking_id) if decline.booking_id in known else BookingNotFound()
            for decline in declines
        ]
