"""What the office asks for and is shown, as messages."""

from collections.abc import Sequence

from boxoffice.booking.v1 import booking_pb2
from boxoffice.booking.v1 import office_pb2 as pb
from boxoffice.inventory.v1 import seat_pb2

from services.booking.office.domain import Days, Export, SalesLine, totals
from services.chassis.errors import InvalidField
from services.chassis.values.days import parse_day
from services.chassis.wire.times import to_timestamp


def parse_days(request: pb.GetShowSalesRequest | pb.GetEventSalesRequest) -> Days:
    """Parse the days that a request asks for; raise InvalidField."""
    first, last = parse_day("dateFrom", request.date_from), parse_day("dateTo", request.date_to)
    if first and last and last < first:
        raise InvalidField(("dateTo", "must not be before dateFrom"))
    return Days(first, last)


def result(booking: booking_pb2.Booking, name: str) -> pb.SearchBookingsResponse.Result:
    """Render a booking that was found, and whom it is for."""
    return pb.SearchBookingsResponse.Result(booking=booking, name=name)


def export(one: Export) -> pb.BookingExport:
    """Render what is kept of an export."""
    return pb.BookingExport(
        id=str(one.id),
        show_id=str(one.show_id),
        exported_by=str(one.exported_by or ""),
        with_contacts=one.with_contacts,
        bookings=one.bookings,
        began_at=to_timestamp(one.began_at) if one.began_at else None,
        completed_at=to_timestamp(one.completed_at) if one.completed_at else None,
    )


def sales(lines: Sequence[SalesLine]) -> pb.Sales:
    """Render what was sold, with what it comes to."""
    return pb.Sales(lines=map(_line, lines), totals=map(_total, totals(lines).values()))


def _line(line: SalesLine) -> pb.Sales.Line:
    return pb.Sales.Line(
        day=line.day.isoformat(),
        currency=line.currency,
        tier=seat_pb2.Seat.Tier.Value(line.tier) if line.tier else None,
        kind=line.kind,
        seats=line.seats,
        guest_seats=line.guest_seats,
        amount=line.amount,
        refunded_seats=line.refunded_seats,
        refunded_amount=line.refunded_amount,
    )


def _total(line: SalesLine) -> pb.Sales.Total:
    return pb.Sales.Total(
        currency=line.currency,
        seats=line.seats,
        guest_seats=line.guest_seats,
        amount=line.amount,
        refunded_seats=line.refunded_seats,
        refunded_amount=line.refunded_amount,
    )
