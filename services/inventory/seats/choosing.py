"""Which places of areas a command takes: the first free ones, judged as seats are by whoever asks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from uuid import UUID

from services.chassis.errors import InvalidField
from services.inventory.errors import SeatLimitExceeded, SeatsUnavailable
from services.inventory.seats.domain import LockedShow, Reservation, Seat, SeatRules, SeatStatus
from services.inventory.seats.places import AreaPlaces
from services.inventory.seats.rights import BEFORE, AccessCode
from services.inventory.seats.taking import check_seats


def with_places(
    show: LockedShow,
    seat_ids: Sequence[UUID],
    areas: Sequence[AreaPlaces],
    user_id: UUID,
    now: datetime,
    rules: SeatRules,
    code: AccessCode | None = None,
) -> list[UUID]:
    """Return the seats and the places that a user is to have, or raise what stands in the way.

    Of an area come the places that he holds, then those that the `code` opens, then any that are free.
    """
    if not areas:
        return list(seat_ids)
    check_seats(show, seat_ids, now)
    check_known(show, areas)
    chosen, lacking, more = list(seat_ids), list[UUID](), 0
    room = _room(show, seat_ids, code, now)
    for wanted in areas:
        found = _held(show, wanted.area_id, user_id, chosen, now)[: wanted.quantity]
        left = wanted.quantity - len(found)
        more += left
        if code is not None:
            opened = _opened(code)
            coded = free_places(show, wanted.area_id, min(left, room), chosen, now, opened)
            found, room = [*found, *coded], room - len(coded)
        found += free_places(show, wanted.area_id, wanted.quantity - len(found), chosen, now, _is_open)
        if len(found) < wanted.quantity:
            lacking.append(wanted.area_id)
        chosen += found
    if lacking:
        if len(show.seats_of(user_id, now)) + more > show.most_seats(rules):
            raise SeatLimitExceeded(limit=show.most_seats(rules))
        raise unavailable(lacking)
    return chosen


def with_blocked_places(
    show: LockedShow, seat_ids: Sequence[UUID], areas: Sequence[AreaPlaces], now: datetime
) -> list[UUID]:
    """Return the seats and so many blocked places that nobody has, or raise what stands in the way."""
    check_seats(show, seat_ids, now, before_sales=True)
    check_known(show, areas)
    chosen, lacking = list(seat_ids), list[UUID]()
    for wanted in areas:
        found = free_places(show, wanted.area_id, wanted.quantity, chosen, now, _is_blocked)
        if len(found) < wanted.quantity:
            lacking.append(wanted.area_id)
        chosen += found
    if lacking:
        raise SeatsUnavailable(
            [], "Some of these areas have not so many blocked places left: block more.", area_ids=_named(lacking)
        )
    return chosen


def places_to_block(
    show: LockedShow, seat_ids: Sequence[UUID], areas: Sequence[AreaPlaces], reason: str, now: datetime
) -> list[UUID]:
    """Return the seats and so many places that are blocked for the reason or free, or raise what stands in the way."""
    check_known(show, areas)
    chosen, lacking = list(seat_ids), list[UUID]()
    for wanted in areas:
        done = [seat.id for seat in show.seats.values() if (seat.area_id, seat.blocked_for) == (wanted.area_id, reason)]
        found = [id_ for id_ in done if id_ not in seat_ids][: wanted.quantity]
        found += free_places(show, wanted.area_id, wanted.quantity - len(found), chosen, now, _is_open)
        if len(found) < wanted.quantity:
            lacking.append(wanted.area_id)
        chosen += found
    if lacking:
        raise unavailable(lacking)
    return chosen


def places_to_unblock(
    show: LockedShow, seat_ids: Sequence[UUID], areas: Sequence[AreaPlaces], now: datetime
) -> list[UUID]:
    """Return the seats and so many blocked places, or all where there are fewer; those that nobody has come first."""
    check_known(show, areas)
    chosen = list(seat_ids)
    for wanted in areas:
        blocked = [seat for seat in show.seats.values() if seat.area_id == wanted.area_id and seat.is_blocked]
        blocked.sort(key=lambda seat: (seat.is_claimed(now), seat.number))
        chosen += [seat.id for seat in blocked if seat.id not in seat_ids][: wanted.quantity]
    return chosen


def with_other_places(show: LockedShow, claim: Reservation, now: datetime) -> Reservation:
    """Return a claim that has lapsed with free places of their areas instead of those that it cannot have any more."""
    seat_ids, rights = list(claim.seat_ids), list(claim.right_ids or [None] * len(claim.seat_ids))
    for index, id_ in enumerate(claim.seat_ids):
        seat = show.seats[id_]
        if seat.area_id not in show.areas or not _is_lost(seat, claim, rights[index], now):
            continue
        for other in free_places(show, seat.area_id, 1, seat_ids, now, _is_open):
            seat_ids[index], rights[index] = other, None
    if seat_ids == claim.seat_ids:
        return claim
    return replace(claim, seat_ids=seat_ids, right_ids=rights if any(rights) else None)


def is_of(claim: Reservation, show: LockedShow, seat_ids: Sequence[UUID], areas: Sequence[AreaPlaces]) -> bool:
    """Tell whether a claim is on these seats, and on so many places of these areas."""
    if not areas:
        return set(claim.seat_ids) == set(seat_ids)
    named = claim.seat_ids[: len(seat_ids)]
    of_areas = [show.seats[id_].area_id for id_ in claim.seat_ids[len(seat_ids) :]]
    return set(named) == set(seat_ids) and of_areas == [one.area_id for one in areas for _ in range(one.quantity)]


def check_known(show: LockedShow, areas: Sequence[AreaPlaces]) -> None:
    """Raise InvalidField unless the show has the areas, and each so many places."""
    unknown = [index for index, wanted in enumerate(areas) if wanted.area_id not in show.areas]
    if unknown:
        what = "is not an area of this show: take it from the show's seat map"
        raise InvalidField(*((f"areas[{index}].areaId", what) for index in unknown))
    large = [(index, show.areas[one.area_id].capacity) for index, one in enumerate(areas)]
    too_many = [(index, has) for index, has in large if areas[index].quantity > has]
    if too_many:
        said = ((f"areas[{index}].quantity", f"must be {has} at most: the area has no more") for index, has in too_many)
        raise InvalidField(*said)


def free_places(
    show: LockedShow,
    area_id: UUID,
    most: int,
    without: Sequence[UUID],
    now: datetime,
    fits: Callable[[Seat], bool],
) -> list[UUID]:
    """Return up to so many places of an area that nobody has, and that fit."""
    ids = (id_ for id_ in show.areas[area_id].ids if id_ not in without)
    free = (id_ for id_ in ids if not show.seats[id_].is_claimed(now) and fits(show.seats[id_]))
    return list(islice(free, max(0, most)))


def unavailable(area_ids: Sequence[UUID]) -> SeatsUnavailable:
    """Say that areas have not so many places left."""
    what = "Some of these areas have not so many places left: take fewer, or choose others."
    return SeatsUnavailable([], what, area_ids=_named(area_ids))


def _held(show: LockedShow, area_id: UUID, user_id: UUID, without: Sequence[UUID], now: datetime) -> list[UUID]:
    """Return the places of an area that a user holds."""
    own = [seat for seat in show.seats_of(user_id, now) if seat.area_id == area_id and seat.status == SeatStatus.HELD]
    return [seat.id for seat in sorted(own, key=lambda seat: seat.number) if seat.id not in without]


def _named(area_ids: Sequence[UUID]) -> str:
    return ",".join(map(str, area_ids))


def _is_open(seat: Seat) -> bool:
    return not seat.is_blocked


def _is_blocked(seat: Seat) -> bool:
    return seat.is_blocked


def _opened(code: AccessCode) -> Callable[[Seat], bool]:
    return lambda seat: seat.is_blocked and code.opens(seat.id, seat.blocked_for)


def _room(show: LockedShow, seat_ids: Sequence[UUID], code: AccessCode | None, now: datetime) -> int:
    """Return how many blocked places may be had by a code, beside those of the named seats that are had by it."""
    if code is None:
        return 0
    seats = (show.seats[id_] for id_ in seat_ids)
    return show.access.left(code, now) - sum(seat.is_blocked and not seat.is_claimed(now) for seat in seats)


def _is_lost(seat: Seat, claim: Reservation, right: UUID | None, now: datetime) -> bool:
    """Tell whether a claim that has lapsed cannot have a place any more: somebody has it, or it is blocked."""
    is_own = seat.booking_id == claim.booking_id
    return (seat.is_claimed(now) and not is_own) or (seat.is_blocked and right in (None, BEFORE))
