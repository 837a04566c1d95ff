"""A companion's seat is sold with its wheelchair seat, or to whoever has that."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.inventory.errors import ClaimClosed, CompanionSeatAlone
from services.inventory.seats.commands import Cause, Confirm, Confirmed, Hold, Release, Reserve, Unbook
from services.inventory.seats.domain import LockedShow, ReservationState, Seat, SeatStatus
from services.inventory.seats.holds import ReleaseHolds
from tests.inventory.rules import RULES, TTL

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ANN, BOB = uuid4(), uuid4()
WHEELCHAIR, COMPANION, ANOTHER, PLAIN = range(4)


@pytest.fixture
def show() -> LockedShow:
    """A show of a wheelchair seat, two for companions and one that is like any."""
    show = LockedShow(uuid4(), NOW + timedelta(days=3), NOW + timedelta(days=3), "INR", prices={"REGULAR": 100})
    seats = [Seat(uuid4(), "Stalls", "A", number, "REGULAR", 100, SeatStatus.AVAILABLE) for number in range(4)]
    for number in (COMPANION, ANOTHER):
        seats[number] = replace(seats[number], companion_of=seats[WHEELCHAIR].id)
    show.load(seats)
    return show


def ids(show: LockedShow, *numbers: int) -> list[UUID]:
    return [list(show.seats)[number] for number in numbers]


def hold(show: LockedShow, user: UUID, *numbers: int, at: datetime = NOW) -> None:
    command: Hold[Any] = Hold(show_id=show.id, user_id=user, seat_ids=ids(show, *numbers))
    command.apply(show, at, RULES)


def reserve(show: LockedShow, user: UUID, booking: UUID, *numbers: int, at: datetime = NOW) -> None:
    seats = ids(show, *numbers)
    Reserve(show_id=show.id, user_id=user, booking_id=booking, seat_ids=seats, ttl=TTL).apply(show, at, RULES)


def refused(show: LockedShow, user: UUID, *numbers: int, at: datetime = NOW) -> list[UUID]:
    """Return which seats are the reason why a user can neither hold nor reserve so many; nothing changes."""
    before, reasons = dict(show.seats), []
    for take in (lambda: hold(show, user, *numbers, at=at), lambda: reserve(show, user, uuid4(), *numbers, at=at)):
        with pytest.raises(CompanionSeatAlone) as caught:
            take()
        reasons.append(caught.value.seat_ids)
    assert show.seats == before and reasons[0] == reasons[1]
    return reasons[0]


def test_it_is_neither_held_nor_reserved_alone(show: LockedShow) -> None:
    assert refused(show, ANN, COMPANION) == ids(show, COMPANION)
    assert refused(show, ANN, PLAIN, ANOTHER, COMPANION) == ids(show, ANOTHER, COMPANION)


@pytest.mark.parametrize("numbers", [(WHEELCHAIR, COMPANION), (ANOTHER, COMPANION, WHEELCHAIR)])
def test_it_is_sold_in_one_command_with_its_wheelchair_seat_in_any_order(show: LockedShow, numbers: list[int]) -> None:
    hold(show, ANN, *numbers)
    booking = uuid4()
    reserve(show, ANN, booking, *numbers)
    assert isinstance(Confirm(show_id=show.id, booking_id=booking).apply(show, NOW, RULES), Confirmed)


def test_it_is_sold_to_whoever_holds_reserved_or_booked_the_wheelchair_seat_and_nobody_else(show: LockedShow) -> None:
    hold(show, ANN, WHEELCHAIR)
    assert refused(show, BOB, COMPANION) == ids(show, COMPANION)
    hold(show, ANN, COMPANION)
    booking = uuid4()
    reserve(show, ANN, booking, WHEELCHAIR)
    assert isinstance(Confirm(show_id=show.id, booking_id=booking).apply(show, NOW, RULES), Confirmed)
    hold(show, ANN, ANOTHER)
    reserve(show, ANN, uuid4(), ANOTHER, COMPANION)


def test_a_wheelchair_seat_is_sold_without_companions(show: LockedShow) -> None:
    hold(show, ANN, WHEELCHAIR)


def test_a_held_one_is_not_reserved_once_the_wheelchair_seat_is_let_go_or_has_lapsed(show: LockedShow) -> None:
    hold(show, ANN, WHEELCHAIR)
    later = NOW + timedelta(minutes=2)
    hold(show, ANN, COMPANION, at=later)
    assert refused(show, ANN, COMPANION, at=NOW + RULES.hold) == ids(show, COMPANION)
    release = ReleaseHolds(show_id=show.id, user_id=ANN, seat_ids=ids(show, WHEELCHAIR), some=True)
    assert release.apply(show, later, RULES) == 1
    assert refused(show, ANN, COMPANION, at=later) == ids(show, COMPANION)


def test_a_late_payment_gets_it_back_with_the_wheelchair_seat_only(show: LockedShow) -> None:
    hold(show, ANN, WHEELCHAIR)
    alone, whole = uuid4(), uuid4()
    reserve(show, ANN, alone, COMPANION)
    late = NOW + TTL
    refusal = Confirm(show_id=show.id, booking_id=alone).apply(show, late, RULES)
    assert isinstance(refusal, ClaimClosed), "the hold of the wheelchair seat has lapsed"
    assert show.reservations[alone].state == ReservationState.REFUSED
    reserve(show, ANN, whole, WHEELCHAIR, COMPANION, at=late)
    Release(show_id=show.id, booking_id=whole, cause=Cause.EXPIRED).apply(show, late + TTL, RULES)
    assert isinstance(Confirm(show_id=show.id, booking_id=whole).apply(show, late + TTL, RULES), Confirmed)


def test_who_gives_the_wheelchair_seat_back_keeps_the_other_one(show: LockedShow) -> None:
    booking = uuid4()
    reserve(show, ANN, booking, WHEELCHAIR, COMPANION)
    Confirm(show_id=show.id, booking_id=booking).apply(show, NOW, RULES)
    Unbook(show_id=show.id, booking_id=booking, seat_ids=ids(show, WHEELCHAIR)).apply(show, NOW, RULES)
    assert show.seats[ids(show, COMPANION)[0]].booking_id == booking
    hold(show, BOB, WHEELCHAIR, ANOTHER)
