"""Seats on the wire, as somebody sees them who looks for some.

A seat is encoded when it changes, and answers are put together from seats that are encoded already: a message that
follows another one is the two merged, says protobuf's encoding. For 500 seats that takes 60 µs instead of 1,600.
"""

from boxoffice.inventory.v1 import inventory_pb2 as pb
from boxoffice.inventory.v1 import seat_pb2

from services.chassis.calls import encoded
from services.chassis.times import to_timestamp
from services.inventory.domain.seat_map import SeatMap, View
from services.inventory.domain.seats import Seat, Status

TIERS = dict(seat_pb2.Seat.Tier.items())

PUBLIC_STATUSES = {
    Status.AVAILABLE: seat_pb2.ShowSeat.AVAILABLE,
    Status.HELD: seat_pb2.ShowSeat.HELD,
    Status.RESERVED: seat_pb2.ShowSeat.BOOKED,
    Status.BOOKED: seat_pb2.ShowSeat.BOOKED,
    Status.BLOCKED: seat_pb2.ShowSeat.BLOCKED,
}
"""What may be done with a seat. A seat of a PENDING booking is BOOKED to everyone."""

_FREE_SEATS = pb.ListAvailableSeatsResponse(seats=[seat_pb2.ShowSeat()]).SerializeToString()[:1]
"""What stands before each seat there: one byte, as in a SeatMap, but not the same."""


def show_seat(seat: Seat, status: Status, *, mine: bool) -> seat_pb2.ShowSeat:
    """Render a seat that may be taken for `status`."""
    return seat_pb2.ShowSeat(
        id=str(seat.id),
        section=seat.section,
        row=seat.row,
        number=seat.number,
        tier=TIERS[seat.tier],
        price=seat.price,
        status=seat_pb2.ShowSeat.HELD_BY_ME if mine else PUBLIC_STATUSES[status],
        expires_at=to_timestamp(seat.expires_at) if status != Status.AVAILABLE and seat.expires_at else None,
    )


def seat_bytes(seat: Seat, status: Status, mine: bool) -> bytes:
    """Encode a seat as an element of SeatMap.seats."""
    return pb.SeatMap(seats=[show_seat(seat, status, mine=mine)]).SerializeToString()


def seat_map(seats: SeatMap, view: View) -> pb.SeatMap:
    """Render a view of a show's seats."""
    count = view.statuses
    head = pb.SeatMap(
        show_id=str(seats.show_id),
        sequence=seats.sequence,
        as_of=to_timestamp(seats.now),
        currency=seats.currency,
        summary=pb.SeatMap.Summary(
            total=len(view.seats),
            available=count[Status.AVAILABLE],
            booked=count[Status.RESERVED] + count[Status.BOOKED],
            held=count[Status.HELD] - view.held_by_me,
            held_by_me=view.held_by_me,
            blocked=count[Status.BLOCKED],
        ),
    )
    return encoded(pb.SeatMap, head.SerializeToString() + view.joined)


def available_seats(seats: SeatMap, view: View) -> pb.ListAvailableSeatsResponse:
    """Render a view of a show's free seats."""
    head = pb.ListAvailableSeatsResponse(
        show_id=str(seats.show_id), sequence=seats.sequence, as_of=to_timestamp(seats.now), currency=seats.currency
    )
    rest = b"".join([_FREE_SEATS + seat[1:] for seat in view.seats])
    return encoded(pb.ListAvailableSeatsResponse, head.SerializeToString() + rest)
