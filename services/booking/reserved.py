"""What inventory answers about seats, as booking knows it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from boxoffice.inventory.v1 import inventory_pb2, seat_pb2

from services.booking.bookings.seats import BookedSeat, ConfirmedClaim, ExtendedClaim, ReservedSeats
from services.chassis.sight.vocabulary import unknown

_TIERS = {number: name for name, number in seat_pb2.Seat.Tier.items()}
_FEATURES = {number: name for name, number in seat_pb2.Seat.Feature.items()}


def reserved_seats(reservation: inventory_pb2.Reservation) -> ReservedSeats:
    """Read a reservation."""
    return ReservedSeats(
        seats=booked_seats(reservation.seats),
        total_amount=reservation.total_amount,
        currency=reservation.currency,
        expires_at=reservation.expires_at.ToDatetime(UTC),
        sales_end_at=reservation.sales_end_at.ToDatetime(UTC) if reservation.HasField("sales_end_at") else None,
        held_at=held_at(reservation),
        show_revision=reservation.show.revision,
    )


def extended_claim(result: inventory_pb2.BatchExtendReservationsResponse.Result) -> ExtendedClaim:
    """Read what a claim has got that was extended."""
    return ExtendedClaim(
        expires_at=result.expires_at.ToDatetime(UTC),
        sales_end_at=result.show.sales_end_at.ToDatetime(UTC) if result.HasField("show") else None,
        show_revision=result.show.revision,
    )


def confirmed_claim(result: inventory_pb2.BatchConfirmReservationsResponse.Result) -> ConfirmedClaim:
    """Read what a claim is that was confirmed."""
    return ConfirmedClaim(result.show.revision, list(map(UUID, result.show_seat_ids)))


def held_at(seats: inventory_pb2.Reservation | inventory_pb2.SeatPrices) -> datetime | None:
    """Return when the first of seats was held; None where none was."""
    return seats.held_at.ToDatetime(UTC) if seats.HasField("held_at") else None


def booked_seats(seats: Iterable[inventory_pb2.ReservedSeat]) -> list[BookedSeat]:
    """Read seats with their prices."""
    return [
        BookedSeat(
            id=UUID(seat.id),
            section=seat.section,
            row=seat.row,
            number=seat.number,
            tier=_tier(seat.tier),
            price=seat.price,
            label=seat.label if seat.label not in ("", str(seat.number)) else None,
            features=",".join(map(_feature, seat.features)) if seat.features else None,
        )
        for seat in seats
    ]


def _feature(number: seat_pb2.Seat.Feature.ValueType) -> str:
    """Return the name of a feature; of one that inventory has and this version does not know, its number."""
    if number in _FEATURES:
        return _FEATURES[number]
    unknown("feature", number)
    return str(number)


def _tier(number: seat_pb2.Seat.Tier.ValueType) -> str:
    """Return the name of a tier; of one that inventory has and this version does not know, its number."""
    if number in _TIERS:
        return _TIERS[number]
    unknown("tier", number)
    return str(number)
