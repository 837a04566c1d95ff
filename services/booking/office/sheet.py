"""Bookings as rows of a file for spreadsheets. No I/O."""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.booking.office.domain import ExportedBooking
from services.booking.people import Contact
from services.chassis.values.currencies import DIGITS
from services.chassis.values.sheets import decimal

_WHOSE = ("Booking Number", "Status", "Booked At", "Confirmed At", "Name")
_CONTACTS = ("E-mail", "Phone")
_WHAT = ("Seats", "Seats Given Back", "Currency", "Paid", "Given Back")
_NOBODY = Contact("", "", "")


def header(*, with_contacts: bool) -> list[str]:
    """Return the names of the columns."""
    return [*_WHOSE, *(_CONTACTS if with_contacts else ()), *_WHAT]


def row(booking: ExportedBooking, contact: Contact | None, zone: ZoneInfo, *, with_contacts: bool) -> list[str]:
    """Return a booking's row; of one for a guest nobody's contact is told but the guest's name."""
    known = Contact(booking.guest_name, "", "") if booking.guest_name is not None else contact or _NOBODY
    digits = DIGITS.get(booking.currency) or 0
    return [
        booking.booking_number,
        booking.status,
        _time(booking.created_at, zone),
        _time(booking.confirmed_at, zone),
        known.name,
        *((known.email, known.phone) if with_contacts else ()),
        booking.seats,
        booking.refunded_seats,
        booking.currency,
        decimal(booking.paid_amount, digits),
        decimal(booking.refunded_amount, digits),
    ]


def _time(at: datetime | None, zone: ZoneInfo) -> str:
    """Write an instant as the venue's clocks have it, with how far they are from UTC."""
    return at.astimezone(zone).isoformat(timespec="seconds") if at else ""
