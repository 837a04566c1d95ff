"""Whether seats of a show may be taken: what Hold and Reserve ask alike."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.inventory.errors import (
    PriceChanged,
    SalesEnded,
    SalesNotStarted,
    SeatLimitExceeded,
    SeatNotFound,
    SeatsUnavailable,
    ShowCancelled,
    ShowNotFound,
    ShowStarted,
)
from services.inventory.seats.domain import MAX_TOTAL, LockedShow, Seat, SeatRules, ShowStatus, Status


def takeable(show: LockedShow, seat_ids: Sequence[UUID], user_id: UUID, now: datetime, rules: SeatRules) -> list[Seat]:
    """Return the seats with what they cost, if the user may take all of them, or raise what stands in the way."""
    if show.status == ShowStatus.DRAFT:
        raise ShowNotFound()
    if unknown := [seat_id for seat_id in seat_ids if seat_id not in show.seats]:
        raise SeatNotFound(unknown)
    check_on_sale(show, now)
    seats = [show.priced(show.seats[seat_id], now) for seat_id in seat_ids]
    if taken := [seat for seat in seats if not (seat.is_free(now) or seat.is_held_by(user_id, now))]:
        raise _unavailable(taken, user_id)
    more = sum(seat.is_free(now) for seat in seats)
    if len(show.seats_of(user_id, now)) + more > show.most_seats(rules):
        raise SeatLimitExceeded(limit=show.most_seats(rules))
    if sum(seat.price for seat in seats) > MAX_TOTAL:
        # The show was made when users might have fewer seats.
        raise SeatLimitExceeded(
            "These seats cost more together than a booking can: choose fewer.",
            limit=MAX_TOTAL // max(seat.price for seat in seats),
        )
    return seats


def check_on_sale(show: LockedShow, now: datetime) -> None:
    """Raise why the show's seats cannot be taken at `now`."""
    if show.is_cancelled:
        raise ShowCancelled()
    if show.starts_at <= now:
        raise ShowStarted()
    if not show.sells(now):
        raise SalesEnded()
    if show.sales_start_at is not None and now < show.sales_start_at:
        raise SalesNotStarted(sales_start_at=f"{show.sales_start_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")


def check_total(seats: Sequence[Seat], expected_total: int | None) -> None:
    """Raise PriceChanged unless the seats cost what they are expected to."""
    total = sum(seat.price for seat in seats)
    if expected_total not in (None, total):
        raise PriceChanged(expected_total=expected_total, total_amount=total)


def _unavailable(taken: Sequence[Seat], user_id: UUID) -> SeatsUnavailable:
    """Say that seats are taken; name the booking where it is the user's own, first one that can still be paid."""
    ids = [seat.id for seat in taken]
    own = [seat for seat in taken if seat.holder_id == user_id]
    for seat in own:
        if seat.status == Status.RESERVED:
            return SeatsUnavailable(
                ids,
                "Some of these seats are in your own booking, which waits for its payment: pay for it or cancel it.",
                booking_id=seat.booking_id,
            )
    if own:
        return SeatsUnavailable(
            ids,
            "Some of these seats are in your own booking, which is paid: choose others.",
            booking_id=own[0].booking_id,
        )
    return SeatsUnavailable(ids)
