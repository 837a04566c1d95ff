"""What papers are about, as it is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.booking.bookings import statements as bookings_sql
from services.booking.bookings.domain import BookedSeat, Booking
from services.booking.bookings.rows import find_all, seats_by_booking
from services.booking.errors import BookingNotFound, InvoiceNotFound, TicketNotFound, TicketRevoked
from services.booking.invoices.look import Document, documents_of
from services.booking.tickets.domain import Ticket, TicketState
from services.booking.tickets.look import tickets_of
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import read


@dataclass(frozen=True, slots=True)
class Held:
    """A booking, and tickets of it with their seats."""

    booking: Booking
    tickets: Sequence[tuple[Ticket, BookedSeat]]


@retried
async def held(db: Database, booking_id: UUID, user_id: UUID | None) -> Held:
    """Return a booking with the tickets that a user holds of it, whatever they are good for; anybody's without a user.

    Who has bought tickets and passed them on does not hold them. Raises BookingNotFound, TicketNotFound.
    """
    tickets = await tickets_of(db, booking_id, user_id)
    found, rows = await db.fetch_all(
        (bookings_sql.BOOKINGS, {"ids": [booking_id]}), (bookings_sql.SEATS, {"booking_ids": [booking_id]})
    )
    if not found:
        raise BookingNotFound()
    [booking] = read(Booking, found)
    seats = {seat.id: seat for seat in seats_by_booking(rows)[booking_id]}
    own = [(each, seats[each.show_seat_id]) for each in tickets if user_id in (None, each.user_id)]
    if not own:
        raise TicketNotFound()
    return Held(booking, own)


def to_print(held: Held, ticket_id: UUID | None) -> Sequence[tuple[Ticket, BookedSeat]]:
    """Return the tickets that were not given back, or the one that is wanted; raise TicketNotFound, TicketRevoked."""
    wanted = [each for each in held.tickets if ticket_id in (None, each[0].id)]
    if not wanted:
        raise TicketNotFound()
    good = [each for each in wanted if each[0].state != TicketState.REVOKED]
    if not good:
        raise TicketRevoked()
    return good


async def document(
    db: Database, booking_id: UUID, user_id: UUID | None, document_id: UUID | None
) -> tuple[Booking, Document, Document | None]:
    """Return a booking, a document of it, and the one that this corrects; raise BookingNotFound, InvoiceNotFound."""
    booking = (await find_all(db, [booking_id])).get(booking_id)
    if booking is None or user_id not in (None, booking.user_id):
        raise BookingNotFound()
    documents = await documents_of(db, booking_id)
    for each in documents:
        if document_id in (None, each.id):
            return booking, each, next((other for other in documents if other.id == each.corrects), None)
    raise InvoiceNotFound()
