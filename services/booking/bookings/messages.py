"""Bookings as messages: requests parsed into what the rules know, and bookings rendered."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.inventory.v1 import seat_pb2
from boxoffice.payment.v1 import payment_pb2

from services.booking.bookings.domain import BookedSeat, Booking, Changed, NewBooking, State
from services.chassis.errors import InvalidField
from services.chassis.wire.times import to_timestamp

_TIERS = dict(seat_pb2.Seat.Tier.items())


def new_booking(request: pb.CreateBookingRequest) -> NewBooking:
    """Parse a booking to create."""
    seat_ids = parse_seat_ids(request.show_seat_ids)
    expected = request.expected_total if request.HasField("expected_total") else None
    return NewBooking(UUID(request.user_id), seat_ids, expected, request.coupon_code.upper() or None)


def parse_seat_ids(texts: Sequence[str]) -> list[UUID]:
    """Parse seats. The contract refuses equal texts; here one id spelled in two ways is refused too."""
    seat_ids = [UUID(text) for text in texts]
    if len(set(seat_ids)) != len(seat_ids):
        raise InvalidField(("showSeatIds", "names a seat twice"))
    return seat_ids


def booking(
    booking: Booking, seats: Sequence[BookedSeat], now: datetime, payment: payment_pb2.Payment | None = None
) -> pb.Booking:
    """Render a booking as it stands at `now`."""
    show = booking.show
    return pb.Booking(
        id=str(booking.id),
        user_id=str(booking.user_id),
        status=pb.Booking.Status.Value(booking.public_state(now)),
        total_amount=booking.total_amount,
        discount_amount=booking.amounts.discount_amount,
        fee_amount=booking.amounts.fee_amount,
        tax_amount=booking.amounts.tax_amount,
        final_amount=booking.amounts.final_amount,
        prices_include_tax=booking.amounts.prices_include_tax,
        currency=booking.currency,
        expires_at=to_timestamp(booking.expires_at) if booking.expires_at else None,
        created_at=to_timestamp(booking.created_at),
        updated_at=to_timestamp(booking.status_since(now)),
        confirmed_at=to_timestamp(booking.confirmed_at) if booking.confirmed_at else None,
        show=pb.Booking.Show(
            id=str(show.show_id),
            event_id=str(show.event_id),
            movie_id=str(show.event_id) if show.is_movie else "",
            title=show.title,
            movie=show.title if show.is_movie else "",
            theatre=show.theatre,
            city=show.city,
            screen=show.screen,
            start_time=to_timestamp(show.starts_at),
            sales_end_at=to_timestamp(show.sales_end_at),
        ),
        seats=map(booked_seat, seats),
        payment=payment,
        refund=_refund(booking),
        seat_labels=booking.seat_labels,
        coupon_code=booking.coupon_code or "",
    )


def booked_seat(seat: BookedSeat) -> pb.Booking.Seat:
    """Render a seat with its line."""
    return pb.Booking.Seat(
        id=str(seat.id),
        section=seat.section,
        row=seat.row,
        number=seat.number,
        tier=_tier(seat.tier),
        price=seat.price,
        discount=seat.discount,
        fee=seat.fee,
        tax=seat.tax,
    )


def changed(answer: Changed) -> pb.Booking:
    """Render a booking as it stood when it was created or changed."""
    return booking(answer.booking, answer.seats, answer.booking.updated_at)


def changed_bytes(answer: Changed) -> bytes:
    """Render such a booking as it is stored under an idempotency key."""
    return changed(answer).SerializeToString()


def payable(booking: Booking, now: datetime) -> pb.PayableBooking:
    """Render a booking that waits for its payment at `now`; raise what check_pending does."""
    booking.check_pending(now)
    assert booking.expires_at is not None, "a PENDING booking has its time"
    return pb.PayableBooking(
        booking_id=str(booking.id),
        user_id=str(booking.user_id),
        amount=booking.amounts.final_amount,
        currency=booking.currency,
        expires_at=to_timestamp(booking.expires_at),
        description=booking.description,
        seats=booking.seat_labels,
        sales_end_at=to_timestamp(booking.show.sales_end_at),
    )


def _tier(name: str) -> seat_pb2.Seat.Tier.ValueType:
    """Return the tier of this name; one that was not known when it was booked is kept as its number."""
    return _TIERS[name] if name in _TIERS else cast(seat_pb2.Seat.Tier.ValueType, int(name))


def _refund(booking: Booking) -> pb.Booking.Refund | None:
    if booking.refund_amount is None or booking.refund_percentage is None:
        return None
    return pb.Booking.Refund(
        amount=booking.refund_amount,
        percentage=booking.refund_percentage,
        completed=booking.state == State.REFUNDED,
    )
