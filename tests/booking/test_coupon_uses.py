"""Uses of coupons: what they take off, and that no more are taken than there are, whatever happens to bookings."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.booking.v1 import coupon_pb2 as pb
from boxoffice.inventory.v1 import seat_pb2

from services.booking.captures.domain import Capture
from services.booking.clients import InventoryClient
from services.chassis.errors import Unavailable
from tests.booking.house import ANN, BOB, House, Refund, move_clocks, reason, refused
from tests.booking.test_coupons import make, terms
from tests.databases import move_clock

FIXED = {"kind": pb.CouponTerms.FIXED, "percentage": 0, "currency": "INR"}


async def uses(house: House, coupon: pb.Coupon) -> int:
    return (await house.coupons.GetCoupon(pb.GetCouponRequest(coupon_id=coupon.id))).uses


async def why_not(house: House, user: UUID, *numbers: int, coupon: str = "monsoon") -> str:
    info = await refused(house.book(user, *numbers, coupon=coupon))
    assert info.reason == "COUPON_NOT_USABLE"
    return info.metadata["why_not"]


async def cancel(house: House, booking: booking_pb2.Booking) -> None:
    request = booking_pb2.CancelBookingRequest(booking_id=booking.id, user_id=booking.user_id)
    await house.bookings.CancelBooking(request)
    await house.relay()


async def expire(house: House) -> None:
    await move_clocks(house, "16 minutes")
    assert await house.saga.expiry.expire_due() == 1


# --- What it takes off


@pytest.mark.parametrize(
    ("changes", "discount", "lines"),
    [
        ({"percentage": 20}, 10_000, [5_000, 5_000]),
        ({"percentage": 33}, 16_501, [8_251, 8_250]),
        ({"percentage": 50, "maximum_discount": 7_001, "currency": "INR"}, 7_001, [3_501, 3_500]),
        ({**FIXED, "amount": 1}, 1, [1, 0]),
        ({**FIXED, "amount": 50_001}, 50_001, [25_001, 25_000]),
        ({"minimum_amount": 50_002, "currency": "INR", "tiers": [seat_pb2.Seat.REGULAR]}, 10_000, [5_000, 5_000]),
    ],
)
async def test_what_a_coupon_takes_off_is_frozen_in_lines(
    house: House, changes: dict[str, Any], discount: int, lines: list[int]
) -> None:
    coupon = await make(house, **changes)
    booking = await house.book(ANN, 0, 1, coupon="Monsoon")
    assert (booking.total_amount, booking.discount_amount) == (50_002, discount)
    assert (booking.final_amount, booking.coupon_code) == (50_002 - discount, "MONSOON")
    assert [seat.discount for seat in booking.seats] == lines
    other = terms(percentage=1)
    await house.coupons.UpdateCoupon(pb.UpdateCouponRequest(coupon_id=coupon.id, terms=other))
    await house.capture(booking)
    confirmed = await house.get(booking.id)
    assert confirmed.status == booking_pb2.Booking.CONFIRMED
    assert (confirmed.final_amount, confirmed.coupon_code) == (booking.final_amount, "MONSOON")
    assert await uses(house, coupon) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"minimum_amount": 50_003, "currency": "INR"}, "BELOW_MINIMUM"),
        ({"tiers": [seat_pb2.Seat.VIP]}, "NOT_VALID"),
        ({**FIXED, "amount": 5, "currency": "USD"}, "NOT_VALID"),
        ({"show_ids": [str(uuid4())]}, "NOT_VALID"),
    ],
)
async def test_a_coupon_that_is_not_for_these_seats_leaves_no_booking_no_use_and_the_seats_free(
    house: House, changes: dict[str, Any], said: str
) -> None:
    coupon = await make(house, **changes)
    assert await why_not(house, ANN, 0, 1) == said
    assert await house.db.fetch("SELECT FROM bookings") == []
    assert (await house.seat_statuses())[:2] == ["AVAILABLE", "AVAILABLE"]
    assert await uses(house, coupon) == 0
    await house.book(BOB, 0, 1)


async def test_a_code_that_nobody_has_is_not_valid_and_counts_as_a_try(house: House) -> None:
    for _ in range(20):
        assert await why_not(house, ANN, 0, coupon="nobodys") == "NOT_VALID"
    await make(house)
    info = await refused(house.book(ANN, 0, coupon="monsoon"))
    assert info.reason == "TOO_MANY_CODES"
    await house.book(ANN, 0)
    await house.book(BOB, 1, coupon="monsoon")


# --- How many there are


async def test_a_use_comes_back_however_its_booking_ends(house: House) -> None:
    coupon = await make(house, max_uses=1)

    async def given_back() -> None:
        assert await uses(house, coupon) == 0
        await cancel(house, await house.book(BOB, 5, coupon="monsoon"))

    await cancel(house, await house.book(ANN, 0, coupon="monsoon"))
    await given_back()
    paid = await house.confirmed(ANN, 0, coupon="monsoon")
    assert (await uses(house, coupon), await why_not(house, BOB, 1)) == (1, "USED_UP")
    refund = booking_pb2.RefundBookingRequest(booking_id=paid.id, user_id=paid.user_id)
    await house.bookings.RefundBooking(refund)
    await given_back()
    await house.book(BOB, 7)
    assert (await refused(house.book(ANN, 7, coupon="monsoon"))).reason == "SEATS_UNAVAILABLE"
    await given_back()
    await move_clock(house.db, "0")
    await house.book(ANN, 0, coupon="monsoon")
    await move_clocks(house, "16 minutes")
    await house.saga.expiry.expire_due()
    assert await uses(house, coupon) == 0


async def test_a_use_that_nobody_knows_the_end_of_comes_back_with_recovery(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    coupon = await make(house, max_uses=1)

    async def lost(*args: Any) -> Any:
        raise Unavailable()

    with monkeypatch.context() as patch:
        patch.setattr(InventoryClient, "reserve", lost)
        assert (await refused(house.book(ANN, 0, coupon="monsoon"))).reason == "UNAVAILABLE"
    assert await why_not(house, BOB, 0) == "USED_UP"
    assert await house.saga.recover_once() == 1
    assert await uses(house, coupon) == 0
    await house.book(BOB, 0, coupon="monsoon")


async def test_each_user_has_their_own_uses(house: House) -> None:
    await make(house, max_uses_per_user=1)
    await house.book(ANN, 0, coupon="monsoon")
    assert await why_not(house, ANN, 1) == "USED_BY_YOU"
    await house.book(BOB, 1, coupon="monsoon")


async def test_an_ended_coupon_is_used_by_no_other_booking_and_stays_with_those_that_have_it(house: House) -> None:
    coupon = await make(house)
    booking = await house.book(ANN, 0, coupon="monsoon")
    await house.coupons.DeactivateCoupon(pb.DeactivateCouponRequest(coupon_id=coupon.id))
    assert await why_not(house, BOB, 1) == "NOT_VALID"
    await house.capture(booking)
    assert await house.status(booking.id) == "CONFIRMED"


async def test_a_limit_below_its_uses_is_refused(house: House) -> None:
    coupon = await make(house)
    for number, user in enumerate((ANN, ANN, BOB)):
        await house.book(user, number, coupon="monsoon")
    for lower in (terms(max_uses=2), terms(max_uses_per_user=1)):
        update = pb.UpdateCouponRequest(coupon_id=coupon.id, terms=lower)
        info = await refused(house.coupons.UpdateCoupon(update))
        assert (info.reason, info.metadata) == ("COUPON_USED_MORE", {"uses": "3", "uses_of_one": "2"})
    await house.coupons.UpdateCoupon(
        pb.UpdateCouponRequest(coupon_id=coupon.id, terms=terms(max_uses=3, max_uses_per_user=2))
    )
    assert await why_not(house, uuid4(), 3) == "USED_UP"


async def test_of_many_at_once_as_many_as_there_are_uses_get_one(house: House) -> None:
    coupon = await make(house, max_uses=3)
    outcomes = await asyncio.gather(
        *(house.book(uuid4(), number % 12, coupon="monsoon" if number < 12 else "") for number in range(24)),
        return_exceptions=True,
    )
    used = [one for one in outcomes if isinstance(one, booking_pb2.Booking) and one.coupon_code]
    assert len(used) == await uses(house, coupon) <= 3
    reasons = Counter(reason(one).reason for one in outcomes if isinstance(one, grpc.aio.AioRpcError))
    assert reasons.keys() <= {"COUPON_NOT_USABLE", "SEATS_UNAVAILABLE"}


async def test_equal_requests_take_one_use(house: House) -> None:
    coupon = await make(house, max_uses=1)
    answers = await asyncio.gather(*(house.book(ANN, 0, key="k1", coupon="monsoon") for _ in range(20)))
    assert len({answer.id for answer in answers}) == 1
    assert await uses(house, coupon) == 1
    assert (await refused(house.book(ANN, 0, key="k1"))).reason == "IDEMPOTENCY_KEY_REUSED"


# --- Money that comes late


async def test_a_late_payment_takes_its_use_again(house: House) -> None:
    coupon = await make(house, max_uses=1)
    late = await house.book(ANN, 0, coupon="monsoon")
    await expire(house)
    await house.capture(late)
    assert (await house.status(late.id), await uses(house, coupon)) == ("CONFIRMED", 1)
    await house.relay()
    assert house.payment.refunds == []


async def test_a_late_payment_that_finds_no_use_left_goes_back_for_good(house: House) -> None:
    coupon = await make(house, max_uses=1)
    late = await house.book(ANN, 0, coupon="monsoon")
    await expire(house)
    rival = await house.book(BOB, 1, coupon="monsoon")
    await house.capture(late)
    assert (await house.status(late.id), await uses(house, coupon)) == ("EXPIRED", 1)
    await house.relay()
    assert [(one.cause, one.amount) for one in house.payment.refunds] == [(Refund.NO_TICKET, late.final_amount)]
    # Its claim is given up for good: no use that comes back revives it.
    await cancel(house, rival)
    await house.capture(late)
    await house.relay()
    assert (await house.status(late.id), await uses(house, coupon)) == ("EXPIRED", 0)
    assert [one.cause for one in house.payment.refunds] == [Refund.NO_TICKET] * 2


async def test_a_late_payment_that_gets_no_seats_gives_its_use_back(house: House) -> None:
    coupon = await make(house, max_uses=1)
    late = await house.book(ANN, 0, coupon="monsoon")
    await expire(house)
    await house.book(BOB, 0)
    await house.capture(late)
    assert (await house.status(late.id), await uses(house, coupon)) == ("EXPIRED", 0)


async def test_of_two_late_payments_for_one_use_one_wins(house: House) -> None:
    coupon = await make(house, max_uses=2)
    late = [await house.book(uuid4(), number, coupon="monsoon") for number in range(2)]
    await move_clocks(house, "16 minutes")
    assert await house.saga.expiry.expire_due() == 2
    await house.book(BOB, 5, coupon="monsoon")
    await asyncio.gather(*(house.capture(booking) for booking in late))
    assert sorted([await house.status(booking.id) for booking in late]) == ["CONFIRMED", "EXPIRED"]
    assert await uses(house, coupon) == 2


async def test_a_payment_that_comes_before_the_job_keeps_its_use(house: House) -> None:
    coupon = await make(house, max_uses=1)
    late = await house.book(ANN, 0, coupon="monsoon")
    await move_clocks(house, "16 minutes")
    assert await why_not(house, BOB, 1) == "USED_UP", "until the job has seen that it is over, it is a use"
    await house.capture(late)
    assert (await house.status(late.id), await uses(house, coupon)) == ("CONFIRMED", 1)


DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


async def test_whoever_takes_uses_of_several_coupons_locks_them_in_one_order(house: House) -> None:
    """Bookings first, then coupons by id: late payments and new bookings of the same coupons wait in one line."""
    codes = ["one", "two", "three"]
    for code in codes:
        await make(house, code, max_uses=100)
    before = await house.db.fetch(DEADLOCKS)
    late = [await house.book(uuid4(), number, coupon=codes[number % 3]) for number in range(6)]
    await move_clocks(house, "16 minutes")
    assert await house.saga.expiry.expire_due() == 6
    settled = [Capture(uuid4(), UUID(one.id), f"sess_{uuid4()}", one.final_amount, "INR") for one in late]
    batches = (settled[:3], settled[:2:-1])
    outcomes = await asyncio.gather(
        *(house.saga.captures.settle(batch) for batch in batches),
        *(house.book(uuid4(), 6 + number, coupon=codes[-number % 3]) for number in range(6)),
    )
    assert list(outcomes[:2]) == [[None] * 3, [None] * 3]
    assert [await house.status(one.id) for one in late] == ["CONFIRMED"] * 6
    assert await house.db.fetch(DEADLOCKS) == before


# --- Quotes


async def quote(house: House, coupon: str, *numbers: int, user: UUID = ANN) -> booking_pb2.QuoteBookingResponse:
    request = booking_pb2.QuoteBookingRequest(
        user_id=str(user),
        show_id=house.show_id,
        show_seat_ids=[house.seat_ids[number] for number in numbers],
        coupon_code=coupon,
    )
    return await house.bookings.QuoteBooking(request)


async def test_a_quote_shows_what_a_booking_with_the_coupon_pays_and_takes_no_use(house: House) -> None:
    coupon = await make(house, max_uses=1, percentage=33)
    shown = await quote(house, "Monsoon", 0, 1)
    assert (shown.discount_amount, shown.final_amount) == (16_501, 33_501)
    assert await uses(house, coupon) == 0
    expecting = booking_pb2.CreateBookingRequest(
        user_id=str(ANN),
        show_id=house.show_id,
        show_seat_ids=house.seat_ids[:2],
        coupon_code="monsoon",
        expected_total=33_500,
    )
    assert (await refused(house.bookings.CreateBooking(expecting))).reason == "PRICE_CHANGED"
    assert await uses(house, coupon) == 0
    expecting.expected_total = shown.final_amount
    booking = await house.bookings.CreateBooking(expecting)
    assert [seat.discount for seat in booking.seats] == [seat.discount for seat in shown.seats]
    assert (await refused(quote(house, "monsoon", 2, user=BOB))).metadata["why_not"] == "USED_UP"


async def test_a_quote_tells_no_more_of_a_code_than_a_booking_does(house: House) -> None:
    await make(house, show_ids=[str(uuid4())])
    for number in range(20):
        info = await refused(quote(house, ("monsoon", "nobodys")[number % 2], 0))
        assert (info.reason, info.metadata["why_not"]) == ("COUPON_NOT_USABLE", "NOT_VALID")
    assert (await refused(quote(house, "monsoon", 0))).reason == "TOO_MANY_CODES"
    assert (await refused(house.book(ANN, 0, coupon="monsoon"))).reason == "TOO_MANY_CODES"
