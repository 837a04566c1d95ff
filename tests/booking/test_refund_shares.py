"""What comes back of seats: pure sums, to the minor unit."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import uuid4

import pytest

from services.booking.bookings.domain import (
    Amounts,
    BookedSeat,
    BookedShow,
    Booking,
    BookingRefund,
    NewBooking,
    ReservedSeats,
    State,
)
from services.booking.errors import BookingNotConfirmed, RefundNotAllowed, SeatsNotLeft
from services.booking.refunds.domain import (
    RefundPlan,
    RefundPolicy,
    check_confirmed,
    decided,
    given_back,
    plan_refund,
    share_of_price,
    shares,
)
from tests.booking.drawn import Drawn, holds_for

NOW = datetime(2026, 11, 28, 20, tzinfo=UTC)

MOST = (2**31 - 1, 100, 10**6, 10**6, 100, 100)
"""Of a line: a list price, how many per cent of it are taken off, a fee, a tax, how many per cent of the fee are of the
order, and how many of the rest stay."""


def seat_of(number: int, price: int, off: int, fee: int, tax: int, of_order: int = 0, stays: int = 0) -> BookedSeat:
    """Return a seat with its line, in the order of MOST."""
    order = fee * of_order // 100
    return BookedSeat(
        *(uuid4(), "Stalls", "A", number, "VIP"),
        *(price, price * off // 100, fee, tax),
        order_amount=order,
        unrefundable_amount=(fee - order) * stays // 100,
    )


class Sold:
    """A CONFIRMED booking whose seats are given back in parts."""

    def __init__(self, lines: Sequence[tuple[int, ...]], *, includes_tax: bool = False) -> None:
        self.seats = [seat_of(number, *line) for number, line in enumerate(lines)]
        total, off, fee, tax = (
            sum(getattr(seat, name) for seat in self.seats) for name in ("price", "discount", "fee", "tax")
        )
        final = total - off + fee + (0 if includes_tax else tax)
        start = NOW + timedelta(days=3)
        show = BookedShow(uuid4(), uuid4(), True, "Title", "Regal", "Pune", "Screen 1", start, start)
        reserved = ReservedSeats(self.seats, total, "INR", NOW, start)
        amounts = Amounts(off, fee, tax, final, includes_tax)
        created = Booking.created(
            uuid4(), "", NewBooking(uuid4(), [seat.id for seat in self.seats]), show, NOW, reserved, amounts
        )
        self.booking = created.confirming(uuid4(), NOW).confirmed(NOW, [uuid4() for _ in lines])
        self.refunds: list[BookingRefund] = []

    def give_back(self, numbers: list[int], percentage: int) -> RefundPlan:
        wanted = [self.seats[number].id for number in numbers]
        plan = plan_refund(self.booking, self.seats, self.refunds, wanted, percentage)
        refund = decided(self.booking, plan, uuid4(), None, "", NOW)
        self.refunds.append(refund)
        self.seats = given_back(self.seats, plan, refund.id)
        amount = sum(one.amount for one in self.refunds)
        share = share_of_price(self.booking, self.seats, self.refunds)
        self.booking = self.booking.with_refund(amount, share)
        return plan

    def paid(self, numbers: list[int]) -> int:
        """What was paid for seats and can come back: with the last ones the order's fees, too."""
        own = sum(self.booking.refundable_for(self.seats[number]) for number in numbers)
        return own + (self.order_paid if self.is_over and self.last & set(numbers) else 0)

    @property
    def order_paid(self) -> int:
        return sum(seat.order_amount for seat in self.seats)

    @property
    def is_over(self) -> bool:
        return all(seat.refund_id for seat in self.seats)

    @property
    def last(self) -> set[int]:
        """The seats of the last refund."""
        return {number for number, seat in enumerate(self.seats) if seat.refund_id == self.refunds[-1].id}


@holds_for(2_000, lambda drawn: drawn, size=5 * 102)
def test_shares_add_up_to_the_share_of_the_sum(drawn: Drawn) -> None:
    percentage, before = drawn.integer(0, 100), drawn.integer(0, 2**31 - 1)
    paid = drawn.several(lambda: drawn.integer(0, 2**31 - 1), 0, 100)
    given_ = shares(paid, percentage, before)
    assert sum(given_) == (before + sum(paid)) * percentage // 100 - before * percentage // 100
    assert all(0 <= back <= was for back, was in zip(given_, paid, strict=True))


@holds_for(10_000, lambda drawn: drawn)
def test_parts_return_what_the_whole_would_at_each_percentage_and_nothing_twice(drawn: Drawn) -> None:
    includes_tax, used = drawn.boolean(), drawn.several(lambda: drawn.integer(1, 100), 1, 2)
    lines = drawn.several(lambda: tuple(drawn.integer(0, most) for most in MOST), 1, 6)
    sold = Sold(lines, includes_tax=includes_tax)
    order = drawn.shuffled(range(len(lines)))
    part_of, part = {}, 0
    for number in order:
        part += drawn.boolean()
        part_of[number] = part
    given_back_at: dict[int, list[int]] = {}
    for _, numbers in groupby(order, part_of.__getitem__):
        percentage = drawn.one_of(used)
        asked = list(numbers)
        plan = sold.give_back(asked, percentage)
        given_back_at.setdefault(percentage, []).extend(asked)
        assert sum(line.paid for line in plan.lines) + plan.order_paid == sold.paid(asked)
        assert sold.paid(asked) + plan.unrefundable_paid == plan.amount + plan.kept
        assert plan.order_paid == (sold.order_paid if sold.is_over else 0)
        assert 0 <= plan.order_amount <= plan.order_paid
        assert all(0 <= line.amount <= line.paid for line in plan.lines)
        for at, so_far in given_back_at.items():
            back = sum(refund.amount for refund in sold.refunds if refund.percentage == at)
            assert back == sold.paid(so_far) * at // 100
        assert sold.booking.refund_amount == sum(refund.amount for refund in sold.refunds)
        assert sold.booking.refund_amount <= sold.booking.amounts.final_amount
    assert all(seat.refund_id for seat in sold.seats)
    assert [refund.number for refund in sold.refunds] == list(range(1, len(sold.refunds) + 1))
    stays = sum(seat.unrefundable_amount for seat in sold.seats)
    if len(given_back_at) == 1 and not stays:
        assert sold.booking.refund_percentage == percentage
    if used == [100]:
        assert sold.booking.refund_amount == sold.booking.amounts.final_amount - stays
    with pytest.raises(SeatsNotLeft):
        sold.give_back([order[0]], 100)


def test_two_halves_of_odd_amounts_return_the_half_of_both() -> None:
    sold = Sold([(1001, 0, 0, 0), (1001, 0, 0, 0)])
    assert [sold.give_back([number], 50).amount for number in (1, 0)] == [500, 501]
    assert (sold.booking.refund_amount, sold.booking.refund_percentage) == (1001, 50)


def test_other_percentages_are_added_up_apart() -> None:
    sold = Sold([(1001, 0, 0, 0)] * 4)
    assert [sold.give_back([n], p).amount for n, p in ((0, 50), (1, 100), (2, 50), (3, 33))] == [500, 1001, 501, 330]
    assert sold.booking.refund_percentage == (50 + 100 + 50 + 33) // 4


def test_what_comes_back_is_a_share_of_what_was_paid_for_the_seat() -> None:
    line = (1000, 10, 50, 171)
    assert Sold([line]).give_back([0], 100).amount == 1000 - 100 + 50 + 171
    assert Sold([line], includes_tax=True).give_back([0], 100).amount == 1000 - 100 + 50


def test_fees_of_the_order_come_back_with_the_last_seat_in_its_share() -> None:
    lines = [(1000, 0, 100, 0, 50, 0)] * 2
    sold = Sold(lines)
    assert [sold.give_back([number], 100).amount for number in (1, 0)] == [1050, 1050 + 100]
    at_half = Sold(lines)
    assert [at_half.give_back([number], 50).amount for number in (1, 0)] == [525, 525 + 50]
    assert Sold(lines).give_back([], 50).amount == 525 + 525 + 50
    assert at_half.booking.refund_percentage == 50


def test_fees_that_stay_are_no_part_of_what_comes_back() -> None:
    sold = Sold([(1000, 0, 100, 0, 0, 100)] * 2)
    plan = sold.give_back([0], 100)
    assert (plan.amount, plan.kept, plan.unrefundable_paid) == (1000, 100, 100)
    assert sold.give_back([1], 50).amount == 500
    assert sold.booking.refund_percentage == 1500 * 100 // 2200


def test_a_seat_that_cost_nothing_is_given_back_for_nothing() -> None:
    """What is refused is a refund of no per cent, not of no money."""
    sold = Sold([(100, 100, 0, 0)])
    assert sold.give_back([0], 50).amount == 0
    assert sold.booking.refund_percentage == 50
    with pytest.raises(RefundNotAllowed):
        Sold([(100, 0, 0, 0)]).give_back([0], 0)


def test_only_seats_that_are_left_are_given_back() -> None:
    sold = Sold([(100, 0, 0, 0)] * 3)
    sold.give_back([1], 100)
    with pytest.raises(SeatsNotLeft) as refusal:
        sold.give_back([0, 1], 100)
    assert refusal.value.metadata["seat_ids"] == str(sold.seats[1].id)
    assert [line.seat.id for line in sold.give_back([], 100).lines] == [sold.seats[0].id, sold.seats[2].id]


@pytest.mark.parametrize("state", [state for state in State if state != State.CONFIRMED])
def test_only_a_confirmed_booking_has_seats_to_give_back(state: State) -> None:
    booking = replace(Sold([(100, 0, 0, 0)]).booking, state=state, confirming_from=State.PENDING)
    with pytest.raises(BookingNotConfirmed):
        check_confirmed(booking, NOW)


def test_the_steps_say_how_much_comes_back() -> None:
    policy = RefundPolicy.parse("24:100,2:50")
    left = (timedelta(hours=24), timedelta(hours=2), timedelta(hours=2) - timedelta(seconds=1))
    assert [policy.percentage(NOW, NOW + one) for one in left] == [100, 50, 0]
