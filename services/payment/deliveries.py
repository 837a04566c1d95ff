"""How the relay delivers payment's messages."""

from collections.abc import Mapping

from services.chassis.writes.outbox import Deliver
from services.payment.checkout.messages import CAPTURES, DECLINES
from services.payment.clients import BookingClient
from services.payment.refunds.messages import UNDONE_REFUNDS


def peers(booking: BookingClient) -> Mapping[str, Deliver]:
    """Return, by topic, who takes the messages."""
    return {
        CAPTURES: booking.record_captures,
        DECLINES: booking.record_declines,
        UNDONE_REFUNDS: booking.record_undone_refunds,
    }
