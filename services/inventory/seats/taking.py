"""Whether seats of a show may be taken: what Hold and Reserve ask alike."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.inventory.errors import (
    AccessCodeNotValid,
    CompanionSeatAlone,
    PriceChanged,
    SalesEnded,
    SalesNotStarted,
    SeatLimitExceeded,
    SeatNotFound,
    SeatsNotBlocked,
    SeatsUnavailable,
    ShowCancelled,
    ShowNotFound,
    ShowStarted,
)
from services.inventory.seats.domain import MAX_TOTAL, LockedShow, Seat, SeatRules, SeatStatus, ShowStatus
from services.inventory.seats.rights import GUEST, AccessCode


def takeable(
    show: LockedShow,
    seat_ids: Sequence[UUID],
    user_id: UUID,
    now: datetime,
    rules: SeatRules,
    code: AccessCode | None = None,
    *,
    from_others: int = 0,
) -> list[Seat]:
    """Return the seats with what they cost, if the user may take all of them, or raise what stands in the way.

    By a `code` that `usable_code` has found, blocked ones may be taken too. The tickets that the user has
    `from_others` count against what a user may have.
    """
    check_seats(show, seat_ids, now)
    seats = [_to_take(show, show.seats[seat_id], now, code) for seat_id in seat_ids]
    others = [seat for seat in seats if not seat.is_free(now)]
    if taken := [seat for seat in others if not seat.is_held_by(user_id, now)]:
        raise _unavailable(taken, user_id)
    if companions := alone(show, seats, user_id, now):
        raise CompanionSeatAlone([seat.id for seat in companions])
    more = len(seats) - len(others)
    if len(show.seats_of(user_id, now)) + more + from_others > show.most_seats(rules):
        raise SeatLimitExceeded(limit=show.most_seats(rules))
    if sum([seat.price for seat in seats]) > MAX_TOTAL:
        # The show was made when users might have fewer seats.
        raise SeatLimitExceeded(
            "These seats cost more together than a booking can: choose fewer.",
            limit=MAX_TOTAL // max(seat.price for seat in seats),
        )
    return seats


def for_guests(show: LockedShow, seat_ids: Sequence[UUID], user_id: UUID, now: datetime) -> list[Seat]:
    """Return blocked seats as the organizer books them for guests, for nothing, or raise what stands in the way.

    Sales need not have begun, and there is no limit to what one user has for guests.
    """
    check_seats(show, seat_ids, now, before_sales=True)
    seats = [show.seats[seat_id] for seat_id in seat_ids]
    if open_to_all := [seat.id for seat in seats if not seat.is_blocked]:
        raise SeatsNotBlocked(open_to_all)
    if taken := [seat for seat in seats if seat.is_claimed(now)]:
        raise _unavailable(taken, user_id)
    return [seat.at(0).by_right(GUEST) for seat in seats]


def usable_code(
    show: LockedShow, seat_ids: Sequence[UUID], user_id: UUID, access_code: str, now: datetime
) -> AccessCode | AccessCodeNotValid:
    """Return the code by which the user may take those of the seats that are blocked.

    Returns AccessCodeNotValid where there is none, for whatever reason: the try is counted, so it is not raised. Raises
    TooManyAccessCodes, and what stands in the way whatever the code is.
    """
    check_seats(show, seat_ids, now)
    show.access.check_tries(user_id, now)
    seats = (show.seats[seat_id] for seat_id in seat_ids)
    blocked = {seat.id: seat.blocked_for for seat in seats if seat.is_blocked and not seat.is_claimed(now)}
    code = show.access.named(access_code)
    if code is None or not code.is_usable(now) or not show.access.admits(code, blocked, now):
        show.access.count(user_id, now)
        return AccessCodeNotValid()
    return code


def check_seats(show: LockedShow, seat_ids: Sequence[UUID], now: datetime, *, before_sales: bool = False) -> None:
    """Raise what stands in the way of taking seats, whoever has them: the show is not on sale, or has none such."""
    if show.status == ShowStatus.DRAFT:
        raise ShowNotFound()
    if unknown := [seat_id for seat_id in seat_ids if seat_id not in show.seats]:
        raise SeatNotFound(unknown)
    check_on_sale(show, now, before_sales=before_sales)


def _to_take(show: LockedShow, seat: Seat, now: datetime, code: AccessCode | None) -> Seat:
    """Return a seat with what it costs and, unless somebody has it, the right by which it may be taken."""
    if seat.is_claimed(now):
        return seat
    return seat.listed(show.prices[seat.tier]).by_right(code.id if code and seat.is_blocked else None)


def alone(show: LockedShow, seats: Sequence[Seat], user_id: UUID, now: datetime) -> list[Seat]:
    """Return those companions' seats whose wheelchair seat is neither among `seats` nor the user's."""
    companions = [seat for seat in seats if seat.companion_of is not None]
    if not companions:
        return []
    together = {seat.id for seat in seats} | {seat.id for seat in show.seats_of(user_id, now)}
    return [seat for seat in companions if seat.companion_of not in together]


def check_on_sale(show: LockedShow, now: datetime, *, before_sales: bool = False) -> None:
    """Raise why the show's seats cannot be taken at `now`; `before_sales`: they may be before sales begin."""
    if show.is_cancelled:
        raise ShowCancelled()
    if show.starts_at <= now:
        raise ShowStarted()
    if not show.sells(now):
        raise SalesEnded()
    if show.sales_start_at is not None and now < show.sales_start_at and not before_sales:
        raise SalesNotStarted(sales_start_at=f"{show.sales_start_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")


def check_total(seats: Sequence[Seat], expected_total: int | None) -> None:
    """Raise PriceChanged unless the seats cost what they are expected to."""
    if expected_total is None:
        return
    total = sum(seat.price for seat in seats)
    if expected_total != total:
        raise PriceChanged(expected_total=expected_total, total_amount=total)


def _unavailable(taken: Sequence[Seat], user_id: UUID) -> SeatsUnavailable:
    """Say that seats are taken; name the booking where it is the user's own, first one that can still be paid."""
    ids = [seat.id for seat in taken]
    own = [seat for seat in taken if seat.holder_id == user_id]
    for seat in own:
        if seat.status == SeatStatus.RESERVED:
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
