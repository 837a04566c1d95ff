"""Seats and claims as messages."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from math import ceil
from uuid import UUID

from boxoffice.inventory.v1 import catalog_pb2, seat_pb2
from boxoffice.inventory.v1 import inventory_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.errors import InvalidField
from services.chassis.wire.times import to_timestamp
from services.inventory.seats.access_codes import UsedCode
from services.inventory.seats.asking import PricedSeats
from services.inventory.seats.commands import Held, Reserved
from services.inventory.seats.domain import Place, Seat, SeatStatus, ShowTimes, first_held
from services.inventory.seats.places import AreaPlaces, check_areas

TIERS = dict(seat_pb2.Seat.Tier.items())
FEATURES = dict(seat_pb2.Seat.Feature.items())

PUBLIC_STATUSES = {
    SeatStatus.AVAILABLE: seat_pb2.ShowSeat.AVAILABLE,
    SeatStatus.HELD: seat_pb2.ShowSeat.HELD,
    SeatStatus.RESERVED: seat_pb2.ShowSeat.BOOKED,
    SeatStatus.BOOKED: seat_pb2.ShowSeat.BOOKED,
    SeatStatus.BLOCKED: seat_pb2.ShowSeat.BLOCKED,
}
"""What may be done with a seat. A seat of a PENDING booking is BOOKED to everyone but its user."""

_MINE = {SeatStatus.HELD: seat_pb2.ShowSeat.HELD_BY_ME, SeatStatus.RESERVED: seat_pb2.ShowSeat.RESERVED_BY_ME}
"""The same of seats that the user who asks has claimed."""


CLAIMED = (SeatStatus.HELD, SeatStatus.RESERVED, SeatStatus.BOOKED)
"""What a seat is that somebody has."""


def shown_label(label: str | None, number: int) -> str:
    """Return what people read on a seat; nothing on a place, which has no number."""
    return label or str(number or "")


def shown_number(seat: Seat) -> int:
    """Return a seat's number; 0 for a place of an area."""
    return seat.number if seat.area_id is None else 0


def shown_area(seat: Seat) -> str | None:
    """Return the area that a place is of."""
    return None if seat.area_id is None else str(seat.area_id)


def shown_features(features: Sequence[str] | None) -> "list[seat_pb2.Seat.Feature.ValueType]":
    """Return the words for what is special about a seat."""
    return [FEATURES[feature] for feature in features or ()]


def show_seat(seat: Seat, status: SeatStatus, place: Place | None = None, *, mine: bool) -> seat_pb2.ShowSeat:
    """Render a seat that may be taken for `status`, and where it is in the plan, if that is said."""
    number = shown_number(seat)
    return seat_pb2.ShowSeat(
        id=str(seat.id),
        section=seat.section,
        row=seat.row,
        number=number,
        tier=TIERS[seat.tier],
        price=seat.price,
        status=shown(status, mine),
        expires_at=to_timestamp(seat.expires_at) if status in CLAIMED and seat.expires_at else None,
        blocked=(status in CLAIMED and seat.is_blocked) or None,
        label=shown_label(seat.label, number),
        x=place.x if place else None,
        y=place.y if place else None,
        features=shown_features(seat.features) if seat.features else None,
        companion_of=str(seat.companion_of) if seat.companion_of else None,
        price_multiplier=seat.price_multiplier,
        area_id=shown_area(seat),
    )


def tier_prices(prices: Mapping[str, int]) -> list[catalog_pb2.TierPrice]:
    """Render a list of prices, in the order of the tiers' numbers in the contract."""
    listed = [catalog_pb2.TierPrice(tier=TIERS[tier], price=price) for tier, price in prices.items()]
    return sorted(listed, key=lambda price: price.tier)


def shown(status: SeatStatus, mine: bool) -> "seat_pb2.ShowSeat.Status.ValueType":
    """Return the word for a status; `mine`: to whom the seat is."""
    return _MINE[status] if mine else PUBLIC_STATUSES[status]


def held(answer: Held) -> pb.HoldSeatsResponse:
    """Render holds."""
    first = min(seat.expires_at for seat in answer.seats if seat.expires_at is not None)
    return pb.HoldSeatsResponse(
        show_id=str(answer.show_id),
        user_id=str(answer.user_id),
        seats=[show_seat(seat, SeatStatus.HELD, mine=True) for seat in answer.seats],
        expires_at=to_timestamp(first),
        expires_in=ceil((first - answer.now).total_seconds()),
        total_amount=sum(seat.price for seat in answer.seats),
        currency=answer.currency,
    )


def extended(answer: Held) -> pb.ExtendHoldsResponse:
    """Render holds that last longer."""
    whole = held(answer)
    return pb.ExtendHoldsResponse(
        show_id=whole.show_id,
        user_id=whole.user_id,
        seats=whole.seats,
        expires_at=whole.expires_at,
        seconds_left=whole.expires_in,
        success=True,
    )


def show_holds(answer: Held) -> pb.ListHoldsResponse.ShowHolds:
    """Render what a user holds of a show."""
    whole = held(answer)
    return pb.ListHoldsResponse.ShowHolds(
        show_id=whole.show_id,
        seats=[_held_seat(seat, answer.now) for seat in answer.seats],
        expires_at=whole.expires_at,
        seconds_left=whole.expires_in,
        total_amount=whole.total_amount,
        currency=whole.currency,
    )


def _held_seat(seat: Seat, now: datetime) -> pb.ListHoldsResponse.HeldSeat:
    assert seat.expires_at is not None, "a hold has an end"
    return pb.ListHoldsResponse.HeldSeat(
        id=str(seat.id),
        section=seat.section,
        row=seat.row,
        number=shown_number(seat),
        tier=TIERS[seat.tier],
        price=seat.price,
        expires_at=to_timestamp(seat.expires_at),
        seconds_left=ceil((seat.expires_at - now).total_seconds()),
        label=shown_label(seat.label, shown_number(seat)),
        features=shown_features(seat.features),
        area_id=shown_area(seat),
    )


def reservation(answer: Reserved) -> pb.Reservation:
    """Render a booking's claim."""
    times = show_times(answer.times)
    return pb.Reservation(
        booking_id=str(answer.reservation.booking_id),
        show_id=str(answer.show_id),
        seats=map(_reserved_seat, answer.seats),
        total_amount=sum(seat.price for seat in answer.seats),
        currency=answer.currency,
        expires_at=to_timestamp(answer.reservation.expires_at),
        sales_end_at=times.sales_end_at,
        held_at=_optional(first_held(answer.seats)),
        show=times,
    )


@lru_cache(1_000)
def show_times(times: ShowTimes) -> pb.ShowTimes:
    """Render when a show is, once for all who ask: what is returned is not to be changed."""
    return pb.ShowTimes(
        revision=times.revision,
        start_time=to_timestamp(times.starts_at),
        sales_end_at=to_timestamp(times.sales_end_at),
    )


def prices(answer: PricedSeats) -> pb.SeatPrices:
    """Render what seats cost."""
    return pb.SeatPrices(
        seats=map(_reserved_seat, answer.seats),
        total_amount=sum(seat.price for seat in answer.seats),
        currency=answer.currency,
        held_at=_optional(answer.held_at),
    )


def access_code(show_id: UUID, used: UsedCode) -> pb.AccessCode:
    """Render an access code."""
    code = used.code
    return pb.AccessCode(
        id=str(code.id),
        show_id=str(show_id),
        code=code.code,
        reason=code.reason or "",
        show_seat_ids=map(str, code.seat_ids),
        max_seats=code.max_seats,
        seats=used.seats,
        ends_at=_optional(code.ends_at),
        created_at=to_timestamp(code.created_at),
        revoked_at=_optional(code.revoked_at),
    )


def area_places(areas: Iterable[seat_pb2.AreaPlaces], field: str, seats: int, most: int = 100) -> list[AreaPlaces]:
    """Parse places of areas; with so many seats they are `most` at most, and something is named."""
    wanted = [AreaPlaces(UUID(one.area_id), one.quantity) for one in areas]
    check_areas(wanted, field, seats, most)
    return wanted


def seat_ids(texts: Sequence[str], field: str) -> list[UUID]:
    """Parse seat ids. The contract refuses equal texts; here the same id spelled in two ways is refused too."""
    ids = [UUID(text) for text in texts]
    if len(set(ids)) != len(ids):
        raise InvalidField((field, "names a seat twice"))
    return ids


def _optional(at: datetime | None) -> Timestamp | None:
    return to_timestamp(at) if at is not None else None


def _reserved_seat(seat: Seat) -> pb.ReservedSeat:
    number = shown_number(seat)
    return pb.ReservedSeat(
        id=str(seat.id),
        section=seat.section,
        row=seat.row,
        number=number,
        tier=TIERS[seat.tier],
        price=seat.price,
        label=shown_label(seat.label, number),
        features=shown_features(seat.features) if seat.features else None,
        area_id=shown_area(seat),
    )
