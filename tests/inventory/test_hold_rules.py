"""Rules of holds at their edges: how long they last in all, and what those cost that nobody books."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.inventory.errors import HoldLimitExceeded, SeatNotFound, SeatsNotHeld
from services.inventory.seats.commands import Confirm, Hold, Reserve
from services.inventory.seats.domain import LockedShow, Seat, SeatStatus, UnbookedHolds
from services.inventory.seats.holds import ExtendHolds, ReleaseHolds, Tidy
from tests.inventory.rules import RULES, TTL

NOW = datetime(2030, 1, 1, tzinfo=UTC)
"""When a window begins."""
ANN, BOB = uuid4(), uuid4()
MINUTE = timedelta(minutes=1)


@pytest.fixture
def show() -> LockedShow:
    """A show of six free seats, in three days."""
    show = LockedShow(uuid4(), NOW + timedelta(days=3), NOW + timedelta(days=3), "INR", prices={"REGULAR": 25_000})
    show.load(Seat(uuid4(), "Stalls", "A", number, "REGULAR", 25_000, SeatStatus.AVAILABLE) for number in range(6))
    return show


def hold(show: LockedShow, *numbers: int, at: datetime = NOW, user: Any = ANN) -> Any:
    ids = list(show.seats)
    return Hold(show_id=show.id, user_id=user, seat_ids=[ids[n] for n in numbers]).apply(show, at, RULES)


def extend(show: LockedShow, *numbers: int, at: datetime, user: Any = ANN) -> list[datetime]:
    ids = list(show.seats)
    command = ExtendHolds(show_id=show.id, user_id=user, seat_ids=[ids[n] for n in numbers])
    return [seat.expires_at for seat in command.apply(show, at, RULES).seats if seat.expires_at]


def release(show: LockedShow, at: datetime) -> None:
    ReleaseHolds(show_id=show.id, user_id=ANN).apply(show, at, RULES)


def tidy(show: LockedShow, at: datetime) -> None:
    Tidy(show_id=show.id, seat_ids=list(show.seats)).apply(show, at, RULES)


def taken(show: LockedShow, at: datetime) -> None:
    hold(show, 0, at=at, user=BOB)


def booked(show: LockedShow, at: datetime) -> None:
    ids = [next(iter(show.seats))]
    Reserve(show_id=show.id, user_id=BOB, booking_id=uuid4(), seat_ids=ids, ttl=TTL).apply(show, at, RULES)


def test_an_extended_hold_has_its_full_time_again_but_no_more_than_its_life(show: LockedShow) -> None:
    hold(show, 0)
    assert extend(show, at=NOW + 4 * MINUTE) == [NOW + 9 * MINUTE]
    assert extend(show, at=NOW + 8 * MINUTE) == [NOW + 13 * MINUTE]
    assert extend(show, at=NOW + 12 * MINUTE) == [NOW + 15 * MINUTE], "its life"
    assert extend(show, at=NOW + 14 * MINUTE) == [NOW + 15 * MINUTE], "and no longer, however often"
    with pytest.raises(SeatsNotHeld):
        extend(show, at=NOW + 15 * MINUTE)


def test_extending_never_shortens_and_holding_again_neither_extends_nor_renews_a_life(show: LockedShow) -> None:
    hold(show, 0)
    extend(show, at=NOW + 4 * MINUTE)
    assert [seat.expires_at for seat in hold(show, 0, at=NOW + 5 * MINUTE).seats] == [NOW + 9 * MINUTE]
    shorter = replace(RULES, hold=MINUTE)
    [seat] = ExtendHolds(show_id=show.id, user_id=ANN).apply(show, NOW + 5 * MINUTE, shorter).seats
    assert (seat.expires_at, seat.held_at) == (NOW + 9 * MINUTE, NOW)


def test_a_hold_is_not_extended_past_the_end_of_sales(show: LockedShow) -> None:
    show.sales_end_at = NOW + 7 * MINUTE
    hold(show, 0)
    assert extend(show, at=NOW + 4 * MINUTE) == [NOW + 7 * MINUTE]


def test_only_the_holds_that_are_named_are_extended_all_or_none(show: LockedShow) -> None:
    hold(show, 0, 1)
    hold(show, 2, user=BOB)
    assert extend(show, 1, at=NOW + MINUTE) == [NOW + 6 * MINUTE]
    ids = list(show.seats)
    assert show.seats[ids[0]].expires_at == NOW + 5 * MINUTE
    before = dict(show.seats)
    for others in ([ids[0], ids[2]], [ids[0], ids[3]]):
        with pytest.raises(SeatsNotHeld) as refused:
            ExtendHolds(show_id=show.id, user_id=ANN, seat_ids=others).apply(show, NOW + 2 * MINUTE, RULES)
        assert refused.value.seat_ids == others[1:]
    with pytest.raises(SeatNotFound):
        ExtendHolds(show_id=show.id, user_id=ANN, seat_ids=[uuid4()]).apply(show, NOW + 2 * MINUTE, RULES)
    with pytest.raises(SeatsNotHeld) as refused:
        extend(show, at=NOW, user=uuid4())
    assert refused.value.seat_ids == []
    assert show.seats == before


def test_a_hold_of_the_version_before_is_extended_from_when_it_must_have_begun(show: LockedShow) -> None:
    [seat] = hold(show, 0).seats
    show.load([replace(seat, held_at=None)])
    assert extend(show, at=NOW + 4 * MINUTE) == [NOW + 9 * MINUTE]
    assert show.seats[seat.id].held_at == NOW


@pytest.mark.parametrize(
    ("ends", "after", "minutes"),
    [
        (release, timedelta(), 1),
        (release, MINUTE, 1),
        (release, MINUTE + timedelta.resolution, 2),
        (tidy, 5 * MINUTE, 5),
        (tidy, 50 * MINUTE, 5),
        (taken, 7 * MINUTE, 5),
        (booked, 7 * MINUTE, 5),
    ],
)
def test_a_hold_costs_its_minutes_once_however_it_ends_without_a_booking(
    show: LockedShow, ends: Callable[[LockedShow, datetime], None], after: timedelta, minutes: int
) -> None:
    hold(show, 0)
    ends(show, NOW + after)
    assert show.minutes_held(ANN, NOW + after, RULES) == minutes
    assert show.let_go_now == {ANN: UnbookedHolds(NOW, minutes)}


def test_a_lapsed_hold_costs_before_anybody_clears_it_and_one_that_is_booked_costs_nothing(show: LockedShow) -> None:
    hold(show, 0, 1)
    ids, booking = list(show.seats), uuid4()
    Reserve(show_id=show.id, user_id=ANN, booking_id=booking, seat_ids=ids[:1], ttl=TTL).apply(show, NOW, RULES)
    Confirm(show_id=show.id, booking_id=booking).apply(show, NOW, RULES)
    assert show.minutes_held(ANN, NOW + 4 * MINUTE, RULES) == 0
    assert show.minutes_held(ANN, NOW + 5 * MINUTE, RULES) == 5
    tidy(show, NOW + 6 * MINUTE)
    assert show.minutes_held(ANN, NOW + 6 * MINUTE, RULES) == 5


def test_holding_and_releasing_for_ever_ends_and_goes_on_in_the_next_window(show: LockedShow) -> None:
    now, times = NOW, 0
    with pytest.raises(HoldLimitExceeded) as refused:
        for _ in range(1_000):
            hold(show, *range(6), at=now)
            now += 4 * MINUTE
            release(show, now)
            times += 1
    assert times == RULES.hold_budget_minutes / (6 * 4)
    assert refused.value.metadata == {"limit": "240", "resumes_at": "2030-01-01T06:00:00Z"}
    assert not [seat for seat in show.seats.values() if seat.is_claimed(now)]
    # Bookings are not refused, nor are other users.
    ids = list(show.seats)
    Reserve(show_id=show.id, user_id=ANN, booking_id=uuid4(), seat_ids=ids[:1], ttl=TTL).apply(show, now, RULES)
    hold(show, 1, at=now, user=BOB)
    window = NOW + RULES.hold_window
    with pytest.raises(HoldLimitExceeded):
        hold(show, 2, at=window - timedelta.resolution)
    hold(show, 2, at=window)


def test_who_has_used_it_up_keeps_what_he_holds_and_may_name_it_again(show: LockedShow) -> None:
    hold(show, 0)
    show.unbooked_holds[ANN] = UnbookedHolds(NOW, RULES.hold_budget_minutes)
    assert len(hold(show, 0, at=NOW + MINUTE).seats) == 1
    assert extend(show, at=NOW + MINUTE) == [NOW + 6 * MINUTE]
    with pytest.raises(HoldLimitExceeded):
        hold(show, 0, 1, at=NOW + MINUTE)


def test_windows_before_count_no_more_and_never_take_the_place_of_a_later_one(show: LockedShow) -> None:
    window = NOW + RULES.hold_window
    hold(show, 0, at=window - 10 * MINUTE)
    hold(show, 1, at=window - MINUTE)
    now, ids = window + MINUTE, list(show.seats)
    ReleaseHolds(show_id=show.id, user_id=ANN, seat_ids=ids[1:2], some=True).apply(show, now, RULES)
    tidy(show, now)
    assert show.let_go_now == {ANN: UnbookedHolds(window, 2)}
    assert show.minutes_held(ANN, now, RULES) == 2
    show.unbooked_holds[ANN] = UnbookedHolds(NOW, 1_000)
    assert show.minutes_held(ANN, now, RULES) == 2
