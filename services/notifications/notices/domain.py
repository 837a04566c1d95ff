"""What users are told of."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Kind(StrEnum):
    """What has happened to a booking, or to its show."""

    CONFIRMED = "CONFIRMED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    PARTLY_REFUNDED = "PARTLY_REFUNDED"
    REFUNDED = "REFUNDED"
    SHOW_RESCHEDULED = "SHOW_RESCHEDULED"
    SHOW_CANCELLED = "SHOW_CANCELLED"
    PAYMENT_FAILED = "PAYMENT_FAILED"
    REMINDER = "REMINDER"


@dataclass(frozen=True, slots=True)
class Fact:
    """What has happened to a booking; kind, booking and number name it."""

    user_id: UUID
    kind: Kind
    booking_id: UUID
    show_id: UUID
    number: int
    """The version of the booking, or of the show, that came by it; of a reminder the show's start, in minutes."""
    amount: int | None
    currency: str | None
    starts_at: datetime | None
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """A fact as its user has it."""

    id: UUID
    fact: Fact
    read_at: datetime | None
