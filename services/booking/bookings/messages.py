"""Bookings as messages: requests parsed into what the rules know, and bookings rendered."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import cast
from uuid import UUID

from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.inventory.v1 import seat_pb2
from boxoffice.payment.v1 import payment_pb2

from services.booking.bookings.domain import (
    WHOLE_CAUSES,
    AreaPlaces,
    BookedSeat,
    BookedShow,
    Booking,
    BookingRefund,
    CancelReason,
    Changed,
    NewBooking,
    RefundState,
    State,
)
from services.chassis.errors import InvalidField
from services.chassis.values.currencies import money
from services.chassis.wire.times import to_timestamp

MOST_SEATS = 100
"""Seats and places that one request names."""

_TIERS = dict(seat_pb2.Seat.Tier.items())
_KNOWN_FEATURES = dict(seat_pb2.Seat.Feature.items())
_STATUSES = dict(pb.Booking.Status.items())
_CANCEL_REASONS = {
    None: None,
    CancelReason.BY_USER: pb.Booking.BY_USER,
    CancelReason.SHOW_CANCELLED: pb.Booking.SHOW_CANCELLED,
}


def new_booking(request: pb.CreateBookingRequest) -> NewBooking:
    """Parse a booking to create."""
    seat_ids = parse_seat_ids(request.show_seat_ids)
    areas = parse_areas(request.areas, seat_ids)
    expected = request.expected_total if request.HasField("expected_total") else None
    kinds = parse_kinds(request.kinds, seat_ids, areas)
    coupon, code = request.coupon_code.upper() or None, request.access_code
    return NewBooking(UUID(request.user_id), seat_ids, expected, coupon, kinds, code, areas=areas)


def new_guests(request: pb.BookGuestsRequest, user_id: UUID) -> NewBooking:
    """Parse a booking for a guest."""
    seat_ids = parse_seat_ids(request.show_seat_ids)
    areas = parse_areas(request.areas, seat_ids)
    return NewBooking(user_id, seat_ids, guest_name=request.guest_name, areas=areas)


def parse_kinds(kinds: Sequence[str], seat_ids: Sequence[UUID], areas: Sequence[AreaPlaces]) -> list[str]:
    """Return the kinds of tickets, one for each seat and each place, or none; raise InvalidField."""
    if kinds and len(kinds) != len(seat_ids) + sum(wanted.quantity for wanted in areas):
        what = "must name a kind for each seat, in the order of showSeatIds"
        what += ", then for each place, in the order of areas" if areas else ""
        raise InvalidField(("kinds", f"{what}, or be left out"))
    return list(kinds)


def parse_areas(areas: Sequence[seat_pb2.AreaPlaces], seat_ids: Sequence[UUID]) -> list[AreaPlaces]:
    """Parse places of areas; raise InvalidField where an area is named twice, nothing is named, or too much."""
    if not areas and 0 < len(seat_ids) <= MOST_SEATS:
        return []
    wanted = [AreaPlaces(UUID(one.area_id), one.quantity) for one in areas]
    first = {one.area_id: index for index, one in reversed(list(enumerate(wanted)))}
    twice = [index for index, one in enumerate(wanted) if first[one.area_id] != index]
    if twice:
        raise InvalidField(*((f"areas[{index}].areaId", "is named twice: say how many in all") for index in twice))
    if not wanted and not seat_ids:
        raise InvalidField(("showSeatIds", "must name a seat, or areas how many places"))
    if len(seat_ids) + sum(one.quantity for one in wanted) > MOST_SEATS:
        raise InvalidField(("areas", f"must be {MOST_SEATS} places in all at most, with the seats that are named"))
    return wanted


def parse_seat_ids(texts: Sequence[str]) -> list[UUID]:
    """Parse seats. The contract refuses equal texts; here one id spelled in two ways is refused too."""
    seat_ids = [UUID(text) for text in texts]
    if len(set(seat_ids)) != len(seat_ids):
        raise InvalidField(("showSeatIds", "names a seat twice"))
    return seat_ids


def booking(
    booking: Booking,
    seats: Sequence[BookedSeat],
    now: datetime,
    payment: payment_pb2.Payment | None = None,
    refunds: Sequence[BookingRefund] = (),
) -> pb.Booking:
    """Render a booking as it stands at `now`."""
    known = {refund.id for refund in refunds}
    ticket_ids: Sequence[UUID | None] = booking.ticket_ids or [None] * len(seats)
    return pb.Booking(
        id=str(booking.id),
        booking_number=booking.booking_number,
        user_id=str(booking.user_id),
        status=_STATUSES[booking.public_state(now)],
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
        show=_show(booking.show, booking.booked_starts_at or booking.show.starts_at),
        seats=[_seat(*seat, known) for seat in zip(seats, ticket_ids, strict=True)],
        payment=payment,
        refund=_refund(booking, refunds),
        refunded_amount=_refunded_amount(booking, refunds),
        refunds=_refunds(booking, seats, refunds),
        seat_labels=booking.seat_labels,
        coupon_code=booking.coupon_code or "",
        cancel_reason=_CANCEL_REASONS[booking.cancel_reason],
        guest_name=booking.guest_name or "",
        full_refund_until=to_timestamp(booking.full_refund_until) if booking.full_refund_until else None,
    )


@lru_cache(1_000)
def _show(show: BookedShow, booked_starts_at: datetime) -> pb.Booking.Show:
    """Render a show, once for all bookings of it: what is returned is not to be changed."""
    return pb.Booking.Show(
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
        time_zone=show.time_zone or "",
        booked_start_time=to_timestamp(booked_starts_at),
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
        kind=seat.kind,
        label=seat.shown_label,
        features=_features(seat),
    )


def _features(seat: BookedSeat) -> "list[seat_pb2.Seat.Feature.ValueType]":
    """Return what is special about a seat; what inventory knows and this version does not is left out."""
    if not seat.features:
        return []
    return [_KNOWN_FEATURES[name] for name in seat.features.split(",") if name in _KNOWN_FEATURES]


def changed(answer: Changed) -> pb.Booking:
    """Render a booking as it stood when it was created or changed."""
    return booking(answer.booking, answer.seats, answer.booking.updated_at)


def changed_bytes(answer: Changed) -> bytes:
    """Render such a booking as it is stored under an idempotency key."""
    return changed(answer).SerializeToString()


def payable(booking: Booking, seats: Sequence[BookedSeat], now: datetime) -> pb.PayableBooking:
    """Render a booking that waits for its payment at `now`, each seat with its part of what is paid; raise what
    check_pending does.
    """
    booking.check_pending(now)
    assert booking.expires_at is not None, "a PENDING booking has its time"
    return pb.PayableBooking(
        booking_id=str(booking.id),
        user_id=str(booking.user_id),
        amount=booking.amounts.final_amount,
        currency=booking.currency,
        expires_at=to_timestamp(booking.expires_at),
        description=booking.description,
        seats=[f"{seat.words}: {money(booking.paid_for(seat), booking.currency)}" for seat in seats],
        sales_end_at=to_timestamp(booking.show.sales_end_at),
    )


def _seat(seat: BookedSeat, ticket_id: UUID | None, refunds: Collection[UUID]) -> pb.Booking.Seat:
    """Render a seat; a refund that is not among those that are shown was decided since the booking was read."""
    rendered = booked_seat(seat)
    if ticket_id is not None:
        rendered.ticket_id = str(ticket_id)
    if seat.refund_id in refunds:
        rendered.refund_id = str(seat.refund_id)
    return rendered


def _tier(name: str) -> seat_pb2.Seat.Tier.ValueType:
    """Return the tier of this name; one that was not known when it was booked is kept as its number."""
    return _TIERS[name] if name in _TIERS else cast(seat_pb2.Seat.Tier.ValueType, int(name))


def refund_line(paid: int, seat_id: UUID, amount: int) -> pb.RefundLine:
    """Render what comes back of a seat."""
    return pb.RefundLine(show_seat_id=str(seat_id), paid_amount=paid, amount=amount, kept_amount=paid - amount)


def refund_fee_lines(order_paid: int, order_amount: int, unrefundable_paid: int) -> list[pb.RefundFeeLine]:
    """Render what comes back of fees of the order, and which fees stay; no line where there are none."""
    line = pb.RefundFeeLine
    kept = order_paid - order_amount
    order = line(kind=line.ORDER, paid_amount=order_paid, amount=order_amount, kept_amount=kept)
    stays = line(kind=line.UNREFUNDABLE, paid_amount=unrefundable_paid, kept_amount=unrefundable_paid)
    return [one for one in (order, stays) if one.paid_amount]


def _refund(booking: Booking, refunds: Sequence[BookingRefund]) -> pb.Booking.Refund | None:
    if booking.refund_amount is None or booking.refund_percentage is None:
        return None
    completed = all(refund.state == RefundState.REFUNDED for refund in refunds)
    return pb.Booking.Refund(
        amount=booking.refund_amount,
        percentage=booking.refund_percentage,
        completed=completed if refunds else booking.state == State.REFUNDED,
    )


def _refunded_amount(booking: Booking, refunds: Sequence[BookingRefund]) -> int:
    if not booking.refund_count and booking.state == State.REFUNDED:
        return booking.refund_amount or 0
    return sum(refund.amount for refund in refunds if refund.state == RefundState.REFUNDED)


def _refunds(
    booking: Booking, seats: Sequence[BookedSeat], refunds: Sequence[BookingRefund]
) -> list[pb.Booking.SeatRefund]:
    if not booking.refund_count and booking.refund_amount is not None:
        return [_refund_of_before(booking)]
    is_whole = all(seat.refund_id for seat in seats)
    return [
        _seat_refund(
            booking,
            [seat for seat in seats if seat.refund_id == one.id],
            one,
            order_paid=sum(seat.order_amount for seat in seats) if is_whole and one is refunds[-1] else 0,
        )
        for one in refunds
    ]


def _seat_refund(
    booking: Booking, seats: Sequence[BookedSeat], refund: BookingRefund, order_paid: int
) -> pb.Booking.SeatRefund:
    """Render a refund of seats; with the last one, what was paid for the order comes back."""
    is_all = refund.cause in WHOLE_CAUSES
    stays = 0 if is_all else sum(seat.unrefundable_amount for seat in seats)
    paid = {seat.id: booking.refundable_for(seat, refund.cause) for seat in seats}
    return pb.Booking.SeatRefund(
        id=str(refund.id),
        cause=pb.Booking.SeatRefund.Cause.Value(refund.cause),
        amount=refund.amount,
        kept_amount=sum(paid.values()) + order_paid + stays - refund.amount,
        percentage=refund.percentage,
        completed=refund.state == RefundState.REFUNDED,
        lines=[refund_line(paid[seat.id], seat.id, seat.refund_amount or 0) for seat in seats],
        fee_lines=refund_fee_lines(order_paid, refund.order_amount, stays),
        created_at=to_timestamp(refund.created_at),
    )


def _refund_of_before(booking: Booking) -> pb.Booking.SeatRefund:
    """Render a refund that the release before has decided, which has neither id nor lines."""
    assert booking.refund_amount is not None and booking.refund_percentage is not None, "frozen together"
    return pb.Booking.SeatRefund(
        cause=pb.Booking.SeatRefund.REQUESTED,
        amount=booking.refund_amount,
        kept_amount=booking.amounts.final_amount - booking.refund_amount,
        percentage=booking.refund_percentage,
        completed=booking.state == State.REFUNDED,
    )
