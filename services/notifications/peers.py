"""What other services say of those whom mails are for, and of what they are about."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a mail is for."""

    email: str
    name: str
    is_verified: bool


@dataclass(frozen=True, slots=True)
class BookingInWords:
    """What a mail says of a booking, or of one ticket of it to who has it from somebody else."""

    id: UUID
    number: str
    """Empty to who has not booked it."""
    title: str
    venue: str
    city: str
    screen: str
    starts_at: datetime
    time_zone: str
    seats: tuple[str, ...]
    is_rescheduled: bool
    """Whether it follows a show that was rescheduled."""
    is_confirmed: bool
    """Whether it is good for something."""
    pay_until: datetime | None
    """Until when it waits for its payment; None: it does not."""


@dataclass(frozen=True, slots=True)
class ShowNow:
    """How a show is by inventory's word."""

    revision: int
    starts_at: datetime
    ends_at: datetime
    screen: str
    is_cancelled: bool


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    content_type: str
    """Such as application/pdf, without parameters."""
    data: bytes


@dataclass(frozen=True, slots=True)
class AskedMail:
    """A mail that another service asks for, and to whom."""

    id: UUID
    kind: str
    email: str
    name: str
    token: str
    """Of its link; empty: it has none."""
    asked_at: datetime
    attempts: int
    """This one included."""
    may_be_there: bool
    """Whether an attempt from before may have reached the server, and nobody knows."""
    offer: "OfferInWords | None" = None
    """The offer of a ticket that it tells of, which its link leads to."""


@dataclass(frozen=True, slots=True)
class OfferInWords:
    """What a mail says of an offer of a ticket."""

    title: str
    venue: str
    city: str
    starts_at: datetime
    time_zone: str
    seat: str
    expires_at: datetime
