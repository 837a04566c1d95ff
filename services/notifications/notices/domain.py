"""What users are told of."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Kind(StrEnum):
    """What has happened to a booking or a ticket, to its show, or to an endpoint of an organization."""

    CONFIRMED = "CONFIRMED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    PARTLY_REFUNDED = "PARTLY_REFUNDED"
    REFUNDED = "REFUNDED"
    SHOW_RESCHEDULED = "SHOW_RESCHEDULED"
    SHOW_CANCELLED = "SHOW_CANCELLED"
    PAYMENT_FAILED = "PAYMENT_FAILED"
    REMINDER = "REMINDER"
    WEBHOOK_OFF = "WEBHOOK_OFF"
    TICKET_TRANSFERRED = "TICKET_TRANSFERRED"
    TICKET_RETURNED = "TICKET_RETURNED"
    OFFER_DECLINED = "OFFER_DECLINED"
    OFFER_EXPIRED = "OFFER_EXPIRED"
    TICKET_REVOKED = "TICKET_REVOKED"


@dataclass(frozen=True, slots=True)
class Fact:
    """What has happened to a booking, or to a ticket from somebody else; kind, number and one of both name it."""

    user_id: UUID
    kind: Kind
    booking_id: UUID | None
    offer_id: UUID | None
    """By which the user has the ticket from somebody else; None: it is about a booking."""
    show_id: UUID
    number: int
    """The version of the booking, or of the show, that came by it; of a reminder the show's start, in minutes."""
    amount: int | None
    currency: str | None
    starts_at: datetime | None
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """A fact as its user has it, or what a member of an organization is told of an endpoint."""

    id: UUID
    kind: Kind
    booking_id: UUID | None
    offer_id: UUID | None
    show_id: UUID | None
    endpoint_id: UUID | None
    amount: int | None
    currency: str | None
    starts_at: datetime | None
    happened_at: datetime
    read_at: datetime | None
