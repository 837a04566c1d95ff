"""What becomes of seats, of shows and of claims; domain.py draws how."""

from enum import StrEnum


class SeatStatus(StrEnum):
    """What a seat's row says. Whether a claim has lapsed is a matter of time: see Seat.is_claimed."""

    AVAILABLE = "AVAILABLE"
    HELD = "HELD"
    RESERVED = "RESERVED"
    BOOKED = "BOOKED"
    BLOCKED = "BLOCKED"


class ShowStatus(StrEnum):
    """What becomes of a show. The clock says the rest: whether it is on sale yet, and over."""

    DRAFT = "DRAFT"
    """Nobody but its organizer knows of it."""
    SCHEDULED = "SCHEDULED"
    CANCELLED = "CANCELLED"
    """For good."""


class ReservationState(StrEnum):
    """What became of a booking's claim."""

    RESERVED = "RESERVED"
    CONFIRMED = "CONFIRMED"
    RELEASED = "RELEASED"
    REFUSED = "REFUSED"
