"""Declines: payments that came to nothing, and the time that bookings get for another one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Decline:
    """A payment for a booking that was declined."""

    payment_id: UUID
    booking_id: UUID


@dataclass(frozen=True, slots=True)
class Extension:
    """The time that inventory gives a booking now."""

    booking_id: UUID
    expires_at: datetime
    sales_end_at: datetime | None
    """When the show's sales end by inventory now; None: it does not tell."""
