"""Quotes as messages."""

from uuid import UUID

from boxoffice.booking.v1 import booking_pb2 as pb

from services.booking.bookings.messages import booked_seat
from services.booking.quoting.domain import PricedSeats


def quoted(show_id: UUID, priced: PricedSeats, currency: str) -> pb.QuoteBookingResponse:
    """Render a quote."""
    amounts = priced.amounts
    return pb.QuoteBookingResponse(
        show_id=str(show_id),
        seats=map(booked_seat, priced.seats),
        total_amount=priced.total_amount,
        discount_amount=amounts.discount_amount,
        fee_amount=amounts.fee_amount,
        tax_amount=amounts.tax_amount,
        final_amount=amounts.final_amount,
        prices_include_tax=amounts.prices_include_tax,
        currency=currency,
    )
