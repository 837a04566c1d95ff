"""Tickets, as they are read."""

from uuid import UUID

from services.booking.bookings.rows import find_all
from services.booking.errors import BookingNotFound, TicketNotFound
from services.booking.tickets import statements as sql
from services.booking.tickets.domain import Ticket
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read


@retried
async def tickets_of(db: Database, booking_id: UUID, user_id: UUID | None) -> list[Ticket]:
    """Return the tickets of a booking, in the order of its seats; of a user's where he is not its buyer, his own.

    Raises BookingNotFound where there is no such booking, or the user has no part in it.
    """
    booking = (await find_all(db, [booking_id])).get(booking_id)
    if booking is None:
        raise BookingNotFound()
    tickets = read(Ticket, await db.fetch(sql.TICKETS_OF_BOOKING, {"booking_id": booking_id}))
    if user_id in (None, booking.user_id):
        return tickets
    held = [ticket for ticket in tickets if ticket.user_id == user_id]
    if not held:
        raise BookingNotFound()
    return held


@retried
async def ticket_of(db: Database, ticket_id: UUID, user_id: UUID | None) -> Ticket:
    """Return a ticket; raise TicketNotFound where there is none, or not of `user_id` where that is given."""
    for ticket in read(Ticket, await db.fetch(sql.TICKET, {"id": ticket_id})):
        if user_id in (None, ticket.user_id):
            return ticket
    raise TicketNotFound()
