"""Tickets, and the states that they have."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class TicketState(StrEnum):
    """What a ticket is good for."""

    VALID = "VALID"
    """For one admission."""
    ADMITTED = "ADMITTED"
    """For nothing more: its holder has been let in."""
    REVOKED = "REVOKED"
    """For nothing: its seat was given back."""


@dataclass(frozen=True, slots=True)
class HeldTicket:
    """A ticket that somebody else holds than the buyer."""

    id: UUID
    offer_id: UUID
    """By which it was passed on."""
    holder_id: UUID


@dataclass(frozen=True, slots=True)
class Ticket:
    """The ticket of a seat of a booking: its row, and the words for the seat."""

    id: UUID
    booking_id: UUID
    show_id: UUID
    show_seat_id: UUID
    user_id: UUID
    """Its holder."""
    state: TicketState
    issued_at: datetime
    updated_at: datetime
    """When it came to its state."""
    revision: int
    """Of its code: codes of others are good for nothing."""
    booking_number: str
    seat_label: str
    ticket_kind: str
    buyer_id: UUID
    recipient_name: str
    """To whom the buyer has given it; empty where nobody has it but the buyer, or that is forgotten."""

    @property
    def is_transferred(self) -> bool:
        """Whether somebody else than the buyer holds it."""
        return self.user_id != self.buyer_id

    @property
    def words(self) -> str:
        """What is read beside its code."""
        return f"{self.booking_number} {self.seat_label}"
