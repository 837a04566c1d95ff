"""Tickets as messages."""

from boxoffice.booking.v1 import tickets_pb2 as pb

from services.booking.tickets.domain import Ticket
from services.chassis.wire.times import to_timestamp


def render(ticket: Ticket) -> pb.Ticket:
    """Render a ticket."""
    return pb.Ticket(
        id=str(ticket.id),
        booking_id=str(ticket.booking_id),
        show_id=str(ticket.show_id),
        show_seat_id=str(ticket.show_seat_id),
        user_id=str(ticket.user_id),
        status=pb.Ticket.Status.Value(ticket.state),
        seat_label=ticket.seat_label,
        kind=ticket.ticket_kind,
        issued_at=to_timestamp(ticket.issued_at),
        updated_at=to_timestamp(ticket.updated_at),
    )
