"""Calendars of bookings (RFC 5545), of one event. No I/O, no clock.

Times are in UTC, which every reader places at the same instant. Of rules of time zones that come with a calendar,
readers make different things (docs/adr/0068-papers.md).
"""

from collections.abc import Sequence
from datetime import timedelta

from icalendar import Calendar, Event

from services.booking.bookings.domain import Booking
from services.booking.papers.words import LABELS, visible
from services.booking.tickets.domain import Ticket, TicketState
from services.chassis.values.spoken import spoken

CONTENT_TYPE = "text/calendar; charset=utf-8; method=PUBLISH"


def calendar(booking: Booking, tickets: Sequence[Ticket], length: timedelta | None, language: str) -> bytes:
    """Return the show of a booking as a calendar, for whoever has these tickets; `length` is the show's, if known.

    The same state gives the same bytes. A later one has a higher SEQUENCE: by two with each revision of the show, and
    by one once no ticket is left, which stays so.
    """
    show = booking.show
    left = [ticket for ticket in tickets if ticket.state != TicketState.REVOKED]
    event = Event()
    event.add("uid", f"{booking.id}@boxoffice")
    event.add("sequence", 2 * show.show_revision + (0 if left else 1))
    event.add("status", "CONFIRMED" if left else "CANCELLED")
    event.add("dtstamp", max(ticket.updated_at for ticket in tickets).replace(microsecond=0))
    event.add("dtstart", show.starts_at)
    if length is not None:
        event.add("dtend", show.starts_at + length)
    event.add("summary", visible(show.title))
    event.add("location", ", ".join(visible(part) for part in (show.theatre, show.screen, show.city) if part))
    event.add("description", "\n".join(_description(booking, left, language)))
    made = Calendar()
    made.add("version", "2.0")
    made.add("prodid", "-//Boxoffice//Bookings//EN")
    made.add("method", "PUBLISH")
    made.add_component(event)
    written: bytes = made.to_ical()
    return written


def _description(booking: Booking, left: Sequence[Ticket], language: str) -> list[str]:
    said, show = LABELS[language], booking.show
    lines = [f"{said['BOOKING']}: {booking.booking_number}"]
    lines += [f"{said['TIME']}: {spoken(show.starts_at, show.time_zone or '', language)}"]
    if left:
        lines += [f"{said['SEATS']}: {', '.join(visible(ticket.seat_label) for ticket in left)}"]
    return lines
