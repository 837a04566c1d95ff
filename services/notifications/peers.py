"""What other services say of those whom mails are for, and of what they are about."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a mail is for."""

    email: str
    name: str
    is_verified: bool


@dataclass(frozen=True, slots=True)
class BookingInWords:
    """What a mail says of a booking."""

    number: str
    title: str
    venue: str
    city: str
    screen: str
    starts_at: datetime
    time_zone: str
    seats: tuple[str, ...]
    is_rescheduled: bool
    """Whether it follows a show that was rescheduled."""
