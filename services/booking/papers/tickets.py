"""Tickets as papers: what a page says. No I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.booking.bookings.domain import BookedSeat, Booking
from services.booking.papers.words import LABELS, features, value, visible
from services.booking.papers.workshop import Paper
from services.booking.tickets.domain import Ticket
from services.chassis.values.spoken import spoken


@dataclass(frozen=True, slots=True)
class PrintedTicket:
    """A ticket with its seat and its code."""

    ticket: Ticket
    seat: BookedSeat
    code: str


def paper(booking: Booking, printed: Sequence[PrintedTicket], language: str) -> Paper:
    """Return tickets of a booking as a paper, a page each."""
    show, said = booking.show, LABELS[language]
    title = visible(show.title)
    of_show = [
        (said["TIME"], spoken(show.starts_at, show.time_zone or "", language)),
        (said["PLACE"], ", ".join(visible(part) for part in (show.theatre, show.city) if part)),
        (said["SCREEN"], visible(show.screen)),
    ]
    return Paper(
        template="tickets",
        data={
            "title": f"{said['TICKETS']}: {title}, {booking.booking_number}",
            "author": "Boxoffice",
            "language": language,
            "heading": said["TICKET"],
            "title_of_show": title,
            "of_show": of_show,
            "footer": said["HINT"],
            "tickets": [
                {"words": visible(each.ticket.words), "entries": _entries(booking, each, language)} for each in printed
            ],
        },
        at=max(each.ticket.updated_at for each in printed),
        symbols=[(each.code, visible(each.ticket.words)) for each in printed],
    )


def _entries(booking: Booking, each: PrintedTicket, language: str) -> list[list[tuple[str, str]]]:
    """Return what is said of a seat: lines, each of entries side by side."""
    seat, said = each.seat, LABELS[language]
    place = [(said["ROW"], visible(seat.row)), (said["SEAT"], visible(seat.shown_label))] if seat.row else []
    lines = [
        [(said["BOOKING"], booking.booking_number)],
        [(said["GUEST"], visible(booking.guest_name or ""))],
        [(said["SECTION"], visible(seat.section))],
        place,
        [(said["TIER"], value(seat.tier, language))],
        [(said["KIND"], value(seat.kind, language))],
        [(said["FEATURES"], features(seat, language))],
    ]
    return [line for line in lines if any(it for _, it in line)]
