"""Captures: money that was taken for bookings, and what it comes to."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from services.booking.bookings.domain import Booking, State


@dataclass(frozen=True, slots=True)
class Capture:
    """Money that was taken for a booking, and the wish to record that."""

    urgent: ClassVar[bool] = False

    payment_id: UUID
    booking_id: UUID
    session_id: str
    amount: int
    currency: str

    @property
    def key(self) -> UUID:
        """Captures for one booking take turns."""
        return self.booking_id


class Settlement(StrEnum):
    """What captured money comes to."""

    CONFIRM = "CONFIRM"
    """It may buy the ticket: inventory has to confirm."""
    KEPT = "KEPT"
    """It has bought the ticket already."""
    NO_TICKET = "NO_TICKET"
    """It goes back: there is no ticket for it."""
    DUPLICATE = "DUPLICATE"
    """It goes back: another payment has bought the ticket, or is about to."""
    MISMATCH = "MISMATCH"
    """It goes back: it is not what was asked for."""

    @property
    def goes_back(self) -> bool:
        """Whether the money is sent back in full."""
        return self not in (Settlement.CONFIRM, Settlement.KEPT)


def settlement_of(booking: Booking, capture: Capture) -> Settlement:
    """Decide what a capture comes to. Money is never kept without a ticket."""
    if (capture.amount, capture.currency) != (booking.amounts.final_amount, booking.currency):
        return Settlement.MISMATCH
    match booking.state:
        case State.PENDING | State.EXPIRED:
            return Settlement.CONFIRM
        case State.CANCELLED:
            return Settlement.NO_TICKET
        case _ if booking.payment_id != capture.payment_id:
            return Settlement.DUPLICATE
        case State.CONFIRMING:
            return Settlement.CONFIRM
        case _:
            return Settlement.KEPT
