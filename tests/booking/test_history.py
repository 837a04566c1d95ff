"""A user's bookings as history: by status and time, in pages of both kinds, each with its number, seats and payment."""

import re
from typing import Any
from uuid import uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from grpc import StatusCode

from services.booking.bookings.numbers import new_booking_number
from services.booking.tidying.operation import number_bookings
from tests.bank.support import refused
from tests.booking.house import House, move_clocks

ANN, BOB = uuid4(), uuid4()
NUMBER = re.compile("[2-9A-HJKMNP-TV-Z]{10}")
Listed = pb.ListBookingsRequest


async def listed(house: House, **fields: Any) -> list[pb.Booking]:
    return list((await house.bookings.ListBookings(Listed(user_id=str(ANN), **fields))).bookings)


async def test_a_booking_has_a_number_of_ten_letters_and_digits_that_no_other_has_wherever_it_is_shown(
    house: House,
) -> None:
    made = [await house.book(ANN, number, key=f"key-{number}") for number in range(4)]
    numbers = [booking.booking_number for booking in made]
    assert all(NUMBER.fullmatch(number) for number in numbers) and len(set(numbers)) == 4
    assert (await house.book(ANN, 0, key="key-0")).booking_number == numbers[0]
    assert [(await house.get(booking.id)).booking_number for booking in made] == numbers
    assert [booking.booking_number for booking in await listed(house)] == numbers[::-1]
    changed = await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=made[0].id, user_id=str(ANN)))
    assert changed.booking_number == numbers[0]


@pytest.mark.parametrize("by", ["the service", "the default of the database"])
async def test_numbers_are_drawn_of_the_whole_alphabet_and_never_twice(house: House, by: str) -> None:
    if by == "the service":
        numbers = [new_booking_number() for _ in range(2000)]
    else:
        rows = await house.db.fetch("SELECT new_booking_number() AS number FROM generate_series(1, 2000)")
        numbers = [row.number for row in rows]
    assert len(set(numbers)) == len(numbers)
    assert all(NUMBER.fullmatch(number) for number in numbers)
    assert len(set("".join(numbers))) == 30
    for place in range(10):
        assert len({number[place] for number in numbers}) == 30, "each place has every letter"


async def test_bookings_of_before_are_numbered_batch_by_batch_and_others_keep_theirs(house: House) -> None:
    made = [await house.book(ANN, number) for number in range(3)]
    await house.db.execute("UPDATE bookings SET booking_number = NULL WHERE id <> %s", (made[0].id,))
    assert (await house.get(made[1].id)).booking_number == ""
    assert [await number_bookings(house.db, limit=1) for _ in range(3)] == [1, 1, 0]
    now = [(await house.get(booking.id)).booking_number for booking in made]
    assert now[0] == made[0].booking_number and len(set(now)) == 3 and all(map(NUMBER.fullmatch, now))


async def test_bookings_are_listed_with_seats_and_payment_and_without_it_while_payment_is_away(house: House) -> None:
    booking = await house.book(ANN, 0, 1)
    [shown] = await listed(house)
    assert [seat.id for seat in shown.seats] == [seat.id for seat in booking.seats]
    assert shown.payment.booking_id == booking.id
    house.payment.away = True
    [shown] = await listed(house)
    assert not shown.HasField("payment") and len(shown.seats) == 2


async def test_what_is_to_come_and_what_is_past_are_told_apart_by_the_start_of_the_show(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    await house.book(BOB, 1)
    for period, found in ((Listed.UPCOMING, 1), (Listed.PAST, 0), (Listed.PERIOD_UNSPECIFIED, 1)):
        assert len(await listed(house, period=period)) == found
    await move_clocks(house, "30 days")
    for period, found in ((Listed.UPCOMING, 0), (Listed.PAST, 1), (Listed.PERIOD_UNSPECIFIED, 1)):
        assert [one.id for one in await listed(house, period=period)] == [booking.id] * found
    past = await house.bookings.ListBookings(Listed(user_id=str(ANN), period=Listed.PAST, status="CONFIRMED", page=1))
    assert past.total == 1


async def test_pages_are_counted_where_that_is_asked_for(house: House) -> None:
    made = [(await house.book(ANN, number)).id for number in range(4)]
    await house.book(BOB, 4)
    pages = [await house.bookings.ListBookings(Listed(user_id=str(ANN), page=page, limit=3)) for page in (1, 2, 3)]
    assert [[one.id for one in page.bookings] for page in pages] == [made[:0:-1], made[:1], []]
    assert [(page.page, page.limit, page.total) for page in pages] == [(1, 3, 4), (2, 3, 4), (3, 3, 4)]
    assert not any(page.next_page_token for page in pages)
    first = await house.bookings.ListBookings(Listed(user_id=str(ANN), limit=1))
    assert (first.page, first.total, len(first.bookings)) == (1, 4, 1)
    by_token = await house.bookings.ListBookings(Listed(user_id=str(ANN), page_size=3))
    assert (by_token.page, by_token.total, len(by_token.bookings)) == (0, 0, 3) and by_token.next_page_token
    rest = Listed(user_id=str(ANN), page_size=3, page_token=by_token.next_page_token)
    assert [one.id for one in (await house.bookings.ListBookings(rest)).bookings] == made[:1]


@pytest.mark.parametrize(
    "fields", [{"page": 1, "page_size": 5}, {"limit": 5, "page_size": 5}, {"page": 1, "page_token": "abc"}]
)
async def test_pages_of_both_kinds_at_once_are_refused(house: House, fields: dict[str, Any]) -> None:
    call = house.bookings.ListBookings(Listed(user_id=str(ANN), **fields))
    assert await refused(call) == (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
