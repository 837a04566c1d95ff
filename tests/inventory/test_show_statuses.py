"""What each command on seats does on a show that is a draft, is not on sale yet, or is cancelled."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.inventory.errors import ClaimClosed, SalesNotStarted, ShowCancelled, ShowNotFound
from services.inventory.seats.answers import Confirmed
from services.inventory.seats.commands import (
    Cause,
    Confirm,
    Extend,
    Hold,
    Release,
    Reserve,
    Unbook,
)
from services.inventory.seats.domain import LockedShow, ReservationState, Seat, SeatStatus, ShowStatus
from services.inventory.seats.holds import ReleaseHolds, Tidy
from tests.inventory.rules import RULES, TTL

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ANN, BOOKING = uuid4(), uuid4()
SEATS = [uuid4(), uuid4()]


@pytest.fixture
def show() -> LockedShow:
    """A show of two free seats, in three days."""
    show = LockedShow(uuid4(), NOW + timedelta(days=3), NOW + timedelta(days=3), "INR", prices={"REGULAR": 25_000})
    show.load(Seat(id_, "Stalls", "A", n, "REGULAR", 25_000, SeatStatus.AVAILABLE) for n, id_ in enumerate(SEATS))
    return show


def hold(show: LockedShow, seat_ids: list[UUID] = SEATS) -> Any:
    return Hold(show_id=show.id, user_id=ANN, seat_ids=seat_ids).apply(show, NOW, RULES)


def reserve(show: LockedShow, seat_ids: list[UUID] = SEATS) -> Any:
    reserve = Reserve(show_id=show.id, user_id=ANN, booking_id=BOOKING, seat_ids=seat_ids, ttl=TTL)
    return reserve.apply(show, NOW, RULES)


def extend(show: LockedShow) -> Any:
    return Extend(show_id=show.id, booking_id=BOOKING, ttl=TTL).apply(show, NOW + timedelta(minutes=1), RULES)


def confirm(show: LockedShow) -> Any:
    return Confirm(show_id=show.id, booking_id=BOOKING).apply(show, NOW, RULES)


def lapse(show: LockedShow) -> None:
    Release(show_id=show.id, booking_id=BOOKING, cause=Cause.EXPIRED).apply(show, NOW + TTL, RULES)


def cancel(show: LockedShow) -> LockedShow:
    """Cancel a show, whose changes so far are written."""
    show.status = ShowStatus.CANCELLED
    show.changed_seats.clear()
    show.changed_reservations.clear()
    return show


@pytest.mark.parametrize("take", [hold, reserve])
@pytest.mark.parametrize("seat_ids", [SEATS, [uuid4()]], ids=["its seats", "no seat of it"])
def test_a_draft_is_no_show_to_those_who_would_buy(
    show: LockedShow, take: Callable[..., Any], seat_ids: list[UUID]
) -> None:
    show.status = ShowStatus.DRAFT
    with pytest.raises(ShowNotFound):
        take(show, seat_ids)
    assert not show.changed_seats


@pytest.mark.parametrize("take", [hold, reserve])
def test_seats_are_taken_from_the_very_instant_at_which_sales_begin(show: LockedShow, take: Callable[..., Any]) -> None:
    show.sales_start_at = NOW + timedelta.resolution
    with pytest.raises(SalesNotStarted) as refused:
        take(show)
    assert refused.value.metadata == {"sales_start_at": "2030-01-01T00:00:00Z"}
    assert not show.changed_seats
    show.sales_start_at = NOW
    take(show)
    assert show.changed_seats == set(SEATS)


def test_claims_that_were_made_before_sales_were_put_off_go_on(show: LockedShow) -> None:
    reserve(show)
    show.sales_start_at = NOW + timedelta(hours=1)
    assert reserve(show).reservation.booking_id == BOOKING
    assert extend(show).expires_at == NOW + timedelta(minutes=1) + TTL
    assert confirm(show) == Confirmed(show.times)


@pytest.mark.parametrize("before", [None, hold, reserve])
@pytest.mark.parametrize("take", [hold, reserve, extend])
def test_on_a_cancelled_show_nothing_is_held_reserved_or_extended(
    show: LockedShow, before: Callable[[LockedShow], Any] | None, take: Callable[[LockedShow], Any]
) -> None:
    if before:
        before(show)
    with pytest.raises(ShowCancelled):
        take(cancel(show))
    assert not show.changed_seats and not show.changed_reservations


def test_a_show_that_is_cancelled_says_so_even_once_its_sales_have_ended(show: LockedShow) -> None:
    show.sales_start_at = show.sales_end_at = show.starts_at = NOW
    with pytest.raises(ShowCancelled):
        hold(cancel(show))


def claim_lapsed(show: LockedShow) -> None:
    reserve(show)
    lapse(show)


@pytest.mark.parametrize("before", [None, reserve, claim_lapsed])
def test_a_claim_that_is_not_confirmed_is_refused_for_good_once_its_show_is_cancelled(
    show: LockedShow, before: Callable[[LockedShow], Any] | None
) -> None:
    if before:
        before(show)
    assert isinstance(confirm(cancel(show)), ClaimClosed)
    assert show.reservations[BOOKING].state == ReservationState.REFUSED
    assert [seat.status for seat in show.seats.values()] == [SeatStatus.AVAILABLE] * 2
    show.status = ShowStatus.SCHEDULED  # which never happens: the refusal is remembered all the same
    assert isinstance(confirm(show), ClaimClosed)
    with pytest.raises(ClaimClosed):
        reserve(show)


def test_a_claim_that_was_confirmed_before_stays_so_until_it_is_unbooked(show: LockedShow) -> None:
    reserve(show)
    confirm(show)
    cancel(show)
    assert confirm(show) == Confirmed(show.times)
    assert reserve(show).reservation.state == ReservationState.CONFIRMED
    assert not show.changed_seats and not show.changed_reservations
    Unbook(show_id=show.id, booking_id=BOOKING).apply(show, NOW, RULES)
    assert [seat.status for seat in show.seats.values()] == [SeatStatus.AVAILABLE] * 2


def test_what_is_held_or_reserved_of_a_cancelled_show_can_be_given_back(show: LockedShow) -> None:
    hold(show, SEATS[:1])
    reserve(show, SEATS[1:])
    cancel(show)
    assert ReleaseHolds(show_id=show.id, user_id=ANN).apply(show, NOW, RULES) == 1
    Release(show_id=show.id, booking_id=BOOKING, cause=Cause.ABANDONED).apply(show, NOW, RULES)
    assert [seat.status for seat in show.seats.values()] == [SeatStatus.AVAILABLE] * 2


def test_lapsed_holds_of_a_cancelled_show_are_tidied(show: LockedShow) -> None:
    hold(show)
    tidy = Tidy(show_id=show.id, seat_ids=SEATS)
    assert tidy.apply(cancel(show), NOW + RULES.hold, RULES) == 2
