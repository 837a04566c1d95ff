"""What seats cost: a claim keeps the price that it was made for, and a seat without one costs what the list says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.inventory.errors import PriceChanged
from services.inventory.seats.answers import Confirmed
from services.inventory.seats.commands import Cause, Confirm, Extend, Hold, Release, Reserve, Unbook
from services.inventory.seats.domain import LockedShow, Seat, SeatStatus
from tests.inventory.rules import RULES, TTL

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ANN, BOB = uuid4(), uuid4()
OLD, NEW = 25_000, 30_000


@pytest.fixture
def show() -> LockedShow:
    """A show of two free seats, whose rows have a price that says nothing."""
    show = LockedShow(uuid4(), NOW + timedelta(days=3), NOW + timedelta(days=3), "INR", prices={"REGULAR": OLD})
    show.load(Seat(uuid4(), "Stalls", "A", number, "REGULAR", 7, SeatStatus.AVAILABLE) for number in range(2))
    return show


def hold(show: LockedShow, user: UUID, number: int, at: datetime = NOW, expected: int | None = None) -> int:
    seat_id = list(show.seats)[number]
    command: Hold[Any] = Hold(show_id=show.id, user_id=user, seat_ids=[seat_id], expected_total=expected)
    [seat] = command.apply(show, at, RULES).seats
    assert seat == show.seats[seat_id]
    return seat.price


def reserve(show: LockedShow, user: UUID, booking: UUID, *numbers: int, at: datetime = NOW) -> list[int]:
    ids = [list(show.seats)[number] for number in numbers]
    command = Reserve(show_id=show.id, user_id=user, booking_id=booking, seat_ids=ids, ttl=TTL)
    return [seat.price for seat in command.apply(show, at, RULES).seats]


def prices(show: LockedShow) -> list[int]:
    return [seat.price for seat in show.seats.values()]


def test_a_free_seat_is_taken_for_what_the_list_says_then(show: LockedShow) -> None:
    assert hold(show, ANN, 0) == OLD
    show.prices["REGULAR"] = NEW
    assert reserve(show, BOB, uuid4(), 1) == [NEW]


def test_who_holds_a_seat_holds_and_books_it_at_the_price_it_was_held_for(show: LockedShow) -> None:
    hold(show, ANN, 0)
    show.prices["REGULAR"] = NEW
    assert hold(show, ANN, 0) == OLD
    booking = uuid4()
    assert reserve(show, ANN, booking, 0, 1) == [OLD, NEW], "the other one was free"
    assert Confirm(show_id=show.id, booking_id=booking).apply(show, NOW, RULES) == Confirmed(show.times)
    assert prices(show) == [OLD, NEW]


def test_a_lapsed_hold_costs_what_the_list_says_whoever_takes_the_seat(show: LockedShow) -> None:
    for user in (ANN, BOB):
        show.prices["REGULAR"] = OLD
        hold(show, ANN, 0)
        show.prices["REGULAR"] = NEW
        later = NOW + RULES.hold
        assert hold(replaced := replace_show(show), user, 0, later) == NEW
        assert reserve(replace_show(show), user, uuid4(), 0, at=later) == [NEW]
        assert replaced.prices == show.prices


def replace_show(show: LockedShow) -> LockedShow:
    """Return a show that has the same seats."""
    copy = LockedShow(show.id, show.starts_at, show.sales_end_at, show.currency, prices=dict(show.prices))
    copy.load(show.seats.values())
    return copy


def test_a_seat_that_is_given_back_costs_what_the_list_says(show: LockedShow) -> None:
    booking = uuid4()
    reserve(show, ANN, booking, 0)
    Confirm(show_id=show.id, booking_id=booking).apply(show, NOW, RULES)
    show.prices["REGULAR"] = NEW
    Unbook(show_id=show.id, booking_id=booking).apply(show, NOW, RULES)
    assert hold(show, BOB, 0) == NEW


def test_a_repeated_reserve_answers_the_prices_of_the_first(show: LockedShow) -> None:
    booking = uuid4()
    assert reserve(show, ANN, booking, 0, 1) == [OLD, OLD]
    show.prices["REGULAR"] = NEW
    assert reserve(show, ANN, booking, 1, 0) == [OLD, OLD]
    Confirm(show_id=show.id, booking_id=booking).apply(show, NOW, RULES)
    Unbook(show_id=show.id, booking_id=booking, seat_ids=[next(iter(show.seats))]).apply(show, NOW, RULES)
    assert hold(show, BOB, 0) == NEW
    assert reserve(show, ANN, booking, 0, 1) == [OLD, OLD], "though somebody else has one by now"


def test_an_extension_leaves_the_price(show: LockedShow) -> None:
    booking = uuid4()
    reserve(show, ANN, booking, 0)
    show.prices["REGULAR"] = NEW
    Extend(show_id=show.id, booking_id=booking, ttl=2 * TTL).apply(show, NOW, RULES)
    assert prices(show)[0] == OLD


@pytest.mark.parametrize("released", [False, True])
def test_a_late_payment_buys_its_seats_at_their_frozen_price_whoever_had_them_meanwhile(
    show: LockedShow, released: bool
) -> None:
    booking, late = uuid4(), NOW + TTL + RULES.hold
    reserve(show, ANN, booking, 0)
    show.prices["REGULAR"] = NEW
    if released:
        Release(show_id=show.id, booking_id=booking, cause=Cause.EXPIRED).apply(show, NOW + TTL, RULES)
        assert hold(show, BOB, 0, NOW + TTL) == NEW
    assert Confirm(show_id=show.id, booking_id=booking).apply(show, late, RULES) == Confirmed(show.times)
    assert (show.seats[next(iter(show.seats))].status, prices(show)[0]) == (SeatStatus.BOOKED, OLD)


def test_a_claim_that_code_from_before_made_has_its_rows_prices(show: LockedShow) -> None:
    booking = uuid4()
    reserve(show, ANN, booking, 0)
    show.put_reservation(replace(show.reservations[booking], prices=None))
    show.prices["REGULAR"] = NEW
    assert reserve(show, ANN, booking, 0) == [OLD]
    assert Confirm(show_id=show.id, booking_id=booking).apply(show, NOW, RULES) == Confirmed(show.times)
    assert prices(show)[0] == OLD


def test_what_is_expected_is_compared_with_what_is_to_be_paid(show: LockedShow) -> None:
    hold(show, ANN, 0)
    show.prices["REGULAR"] = NEW
    with pytest.raises(PriceChanged) as changed:
        hold(show, BOB, 1, expected=OLD)
    assert changed.value.metadata == {"expected_total": str(OLD), "total_amount": str(NEW)}
    assert hold(show, ANN, 0, expected=OLD) == OLD
    with pytest.raises(PriceChanged):
        hold(show, ANN, 0, expected=NEW)
