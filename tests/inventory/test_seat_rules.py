"""Rules of seats at their edges, which a clock that runs would never meet."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.inventory.errors import ClaimClosed, SalesEnded, SeatLimitExceeded, ShowStarted
from services.inventory.seats.answers import Confirmed
from services.inventory.seats.commands import Cause, Confirm, Extend, Hold, Release, Reserve
from services.inventory.seats.domain import MAX_TOTAL, LockedShow, ReservationState, Seat, SeatStatus, first_held
from services.inventory.seats.holds import ReleaseHolds, Tidy
from tests.inventory.rules import RULES, TTL

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ANN, BOOKING = uuid4(), uuid4()


@pytest.fixture
def show() -> LockedShow:
    """A show of three free seats, in three days."""
    show = LockedShow(uuid4(), NOW + timedelta(days=3), NOW + timedelta(days=3), "INR", prices={"REGULAR": 25_000})
    show.load(Seat(uuid4(), "Stalls", "A", number, "REGULAR", 25_000, SeatStatus.AVAILABLE) for number in range(3))
    return show


def hold(show: LockedShow, *numbers: int, at: datetime = NOW) -> Any:
    ids = list(show.seats)
    return Hold(show_id=show.id, user_id=ANN, seat_ids=[ids[n] for n in numbers]).apply(show, at, RULES)


def reserve(show: LockedShow, *numbers: int, ttl: timedelta = TTL) -> Any:
    ids = [list(show.seats)[n] for n in numbers]
    return Reserve(show_id=show.id, user_id=ANN, booking_id=BOOKING, seat_ids=ids, ttl=ttl).apply(show, NOW, RULES)


def test_a_hold_is_over_at_the_very_instant_at_which_it_lapses(show: LockedShow) -> None:
    [seat] = hold(show, 0).seats
    assert seat.is_claimed(NOW + RULES.hold - timedelta.resolution)
    assert not seat.is_claimed(NOW + RULES.hold)


def test_a_reservation_is_over_at_the_very_instant_at_which_it_lapses(show: LockedShow) -> None:
    reservation = reserve(show, 0).reservation
    assert reservation.is_alive(NOW + TTL - timedelta.resolution)
    assert not reservation.is_alive(NOW + TTL)


def test_holding_ones_own_lapsed_hold_begins_anew(show: LockedShow) -> None:
    hold(show, 0)
    [seat] = hold(show, 0, at=NOW + RULES.hold).seats
    assert seat.expires_at == NOW + 2 * RULES.hold


def test_a_seat_knows_when_its_holder_held_it_through_reserving_and_confirming(show: LockedShow) -> None:
    later = NOW + timedelta(minutes=1)
    hold(show, 0)
    hold(show, 0, 1, at=later)
    assert [seat.held_at for seat in show.seats.values()] == [NOW, later, None]
    ids = list(show.seats)
    again = Reserve(show_id=show.id, user_id=ANN, booking_id=BOOKING, seat_ids=ids, ttl=TTL)
    for _ in range(2):
        assert first_held(again.apply(show, later, RULES).seats) == NOW, "repeated, too"
    Confirm(show_id=show.id, booking_id=BOOKING).apply(show, later, RULES)
    assert [seat.held_at for seat in show.seats.values()] == [NOW, later, None]
    assert show.seats[ids[0]].freed().held_at is None


def test_releasing_holds_leaves_reservations(show: LockedShow) -> None:
    reserve(show, 0)
    hold(show, 1)
    assert ReleaseHolds(show_id=show.id, user_id=ANN).apply(show, NOW, RULES) == 1
    assert [seat.status for seat in show.seats.values()] == [
        SeatStatus.RESERVED,
        SeatStatus.AVAILABLE,
        SeatStatus.AVAILABLE,
    ]


def test_a_reservation_lasts_no_longer_than_any_may(show: LockedShow) -> None:
    assert reserve(show, 0, ttl=timedelta(days=1)).reservation.expires_at == NOW + RULES.reservation_max


def test_seats_that_cost_more_than_a_total_can_be_are_not_given_at_once(show: LockedShow) -> None:
    """Users may have more seats than when the show was made."""
    show.prices["REGULAR"] = MAX_TOTAL // 2
    for take in (hold, reserve):
        with pytest.raises(SeatLimitExceeded) as refused:
            take(show, 0, 1, 2)
        assert refused.value.metadata == {"limit": "2"}
    assert not show.changed_seats
    assert len(reserve(show, 0, 1).seats) == 2
    hold(show, 2)


def test_a_repeated_reserve_that_names_other_seats_is_refused(show: LockedShow) -> None:
    reserve(show, 0)
    with pytest.raises(ClaimClosed):
        reserve(show, 0, 1)


def test_a_reserve_that_comes_after_its_own_confirm_is_refused(show: LockedShow) -> None:
    assert Confirm(show_id=show.id, booking_id=BOOKING).apply(show, NOW, RULES) is not None
    assert show.reservations[BOOKING].state == ReservationState.REFUSED
    with pytest.raises(ClaimClosed):
        reserve(show, 0)


def test_tidying_leaves_a_hold_that_was_made_since_it_was_looked_for(show: LockedShow) -> None:
    hold(show, 0)
    assert Tidy(show_id=show.id, seat_ids=list(show.seats)).apply(show, NOW, RULES) == 0


def test_a_reserve_that_comes_again_after_its_claim_was_given_up_is_refused(show: LockedShow) -> None:
    reserve(show, 0)
    Release(show_id=show.id, booking_id=BOOKING, cause=Cause.ABANDONED).apply(show, NOW, RULES)
    with pytest.raises(ClaimClosed):
        reserve(show, 0)


def test_extending_a_reservation_extends_its_seats(show: LockedShow) -> None:
    reserve(show, 0)
    later = NOW + timedelta(minutes=10)
    until = Extend(show_id=show.id, booking_id=BOOKING, ttl=TTL).apply(show, later, RULES).expires_at
    assert until == later + TTL
    assert [seat.expires_at for seat in show.seats_of_booking(BOOKING)] == [until]


# --- The end of sales


def ending(show: LockedShow, left: timedelta) -> LockedShow:
    """Return the same show with its sales ending so long after NOW."""
    show.sales_end_at = NOW + left
    return show


def confirm(show: LockedShow, at: datetime) -> Any:
    return Confirm(show_id=show.id, booking_id=BOOKING).apply(show, at, RULES)


@pytest.mark.parametrize("left", [timedelta(seconds=1), RULES.hold, RULES.hold + timedelta.resolution])
def test_a_hold_ends_with_sales_at_the_latest(show: LockedShow, left: timedelta) -> None:
    [seat] = hold(ending(show, left), 0).seats
    assert seat.expires_at == NOW + min(left, RULES.hold)


@pytest.mark.parametrize("left", [timedelta(seconds=1), TTL, TTL + timedelta.resolution])
def test_a_reservation_ends_with_sales_at_the_latest(show: LockedShow, left: timedelta) -> None:
    reserved = reserve(ending(show, left), 0)
    until = NOW + min(left, TTL)
    assert (reserved.reservation.expires_at, reserved.times.sales_end_at) == (until, NOW + left)
    assert [seat.expires_at for seat in reserved.seats] == [until]


def test_no_extension_passes_the_end_of_sales(show: LockedShow) -> None:
    reserve(ending(show, TTL + timedelta(minutes=1)), 0)
    later = NOW + timedelta(minutes=12)
    extend = Extend(show_id=show.id, booking_id=BOOKING, ttl=timedelta(minutes=5))
    assert extend.apply(show, later, RULES).expires_at == show.sales_end_at
    assert extend.apply(show, later, RULES).expires_at == show.sales_end_at


@pytest.mark.parametrize(("start", "refusal"), [(timedelta.resolution, SalesEnded), (timedelta(0), ShowStarted)])
def test_from_the_end_of_sales_on_nothing_is_held_or_reserved(
    show: LockedShow, start: timedelta, refusal: type[Exception]
) -> None:
    ending(show, timedelta(0))
    show.starts_at = NOW + start
    for take in (hold, reserve):
        with pytest.raises(refusal):
            take(show, 0)
    show.sales_end_at = show.starts_at = NOW + timedelta.resolution
    hold(show, 0)


@pytest.mark.parametrize("released", [False, True])
def test_from_the_end_of_sales_on_no_claim_is_confirmed_however_free_its_seats_are(
    show: LockedShow, released: bool
) -> None:
    reserve(ending(show, TTL), 0)
    if released:
        Release(show_id=show.id, booking_id=BOOKING, cause=Cause.EXPIRED).apply(show, NOW + TTL, RULES)
    assert isinstance(confirm(show, NOW + TTL), ClaimClosed)
    show.sales_end_at += timedelta(days=1)
    assert isinstance(confirm(show, NOW + TTL), ClaimClosed), "it is refused for good"
    assert [seat.status for seat in show.seats.values()] == [SeatStatus.AVAILABLE] * 3


def test_a_claim_that_is_alive_after_the_end_of_sales_is_neither_confirmed_nor_extended(show: LockedShow) -> None:
    reserve(show, 0)  # as it was made when sales were to end later
    ending(show, timedelta(minutes=1))
    at = NOW + timedelta(minutes=1)
    assert show.reservations[BOOKING].is_alive(at)
    with pytest.raises(ClaimClosed):
        Extend(show_id=show.id, booking_id=BOOKING, ttl=TTL).apply(show, at, RULES)
    assert isinstance(confirm(show, at), ClaimClosed)
    assert show.reservations[BOOKING].state == ReservationState.REFUSED


def test_up_to_the_end_of_sales_a_claim_is_confirmed_and_stays_so(show: LockedShow) -> None:
    reserve(ending(show, TTL), 0)
    assert confirm(show, NOW + TTL - timedelta.resolution) == Confirmed(show.times)
    assert confirm(show, NOW + TTL) == Confirmed(show.times), "it was confirmed before"
    assert [seat.status for seat in show.seats_of_booking(BOOKING)] == [SeatStatus.BOOKED]
