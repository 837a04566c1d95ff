"""Tickets as messages."""

from uuid import UUID

from boxoffice.booking.v1 import tickets_pb2 as pb

from services.booking.tickets.domain import Ticket
from services.chassis.wire.times import to_timestamp


def render(ticket: Ticket, for_user: UUID | None) -> pb.Ticket:
    """Render a ticket for a user, or for the staff. Holder and buyer are not told who the other one is.

    The name that the buyer has given of the holder is told to the buyer alone.
    """
    is_holder = for_user == ticket.user_id
    return pb.Ticket(
        id=str(ticket.id),
        booking_id=str(ticket.booking_id),
        show_id=str(ticket.show_id),
        show_seat_id=str(ticket.show_seat_id),
        user_id=str(ticket.user_id) if for_user is None or is_holder else "",
        status=pb.Ticket.Status.Value(ticket.state),
        seat_label=ticket.seat_label,
        kind=ticket.ticket_kind,
        issued_at=to_timestamp(ticket.issued_at),
        updated_at=to_timestamp(ticket.updated_at),
        recipient_name=ticket.recipient_name if for_user == ticket.buyer_id else "",
        is_transferred=ticket.is_transferred,
    )
