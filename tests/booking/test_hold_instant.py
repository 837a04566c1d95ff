"""Who holds seats pays what was shown then: the rules of the instant of the hold count, whatever was set since."""

from datetime import timedelta
from uuid import UUID

import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.booking.v1 import tariffs_pb2
from boxoffice.inventory.v1 import inventory_pb2

from tests.booking.house import ANN, BOB, House, move_clocks, refused
from tests.booking.sellers import rule_request, sold_by

PRICE = 25_001


async def set_fee(house: House, amount: int) -> None:
    fee = tariffs_pb2.Fee(name="Fee", per=tariffs_pb2.Fee.ORDER, amount=amount, refundable=True)
    fees = [fee] if amount else []
    await house.tariffs.SetShowFees(tariffs_pb2.SetShowFeesRequest(show_id=house.show_id, fees=fees))


async def hold(house: House, user: UUID, *numbers: int) -> inventory_pb2.HoldSeatsResponse:
    seats = [house.seat_ids[number] for number in numbers]
    return await house.seats.HoldSeats(
        inventory_pb2.HoldSeatsRequest(user_id=str(user), show_id=house.show_id, show_seat_ids=seats)
    )


async def quoted(house: House, user: UUID, *numbers: int) -> int:
    seats = [house.seat_ids[number] for number in numbers]
    request = pb.QuoteBookingRequest(user_id=str(user), show_id=house.show_id, show_seat_ids=seats)
    return (await house.bookings.QuoteBooking(request)).final_amount


async def book(house: House, user: UUID, expected: int | None, *numbers: int) -> pb.Booking:
    seats = [house.seat_ids[number] for number in numbers]
    return await house.bookings.CreateBooking(
        pb.CreateBookingRequest(user_id=str(user), show_id=house.show_id, show_seat_ids=seats, expected_total=expected)
    )


async def test_fees_that_are_set_after_the_hold_are_for_others(house: House) -> None:
    await set_fee(house, 100)
    await hold(house, ANN, 0, 1)
    await move_clocks(house, "1 minute")
    await set_fee(house, 700)
    assert await quoted(house, ANN, 0, 1) == 2 * PRICE + 100
    assert await quoted(house, BOB, 0, 1) == 2 * PRICE + 700
    assert (await book(house, ANN, 2 * PRICE + 100, 0, 1)).final_amount == 2 * PRICE + 100
    assert (await book(house, BOB, None, 2)).final_amount == PRICE + 700


async def test_without_expectations_too_the_holder_pays_what_was_shown(house: House) -> None:
    await hold(house, ANN, 0)
    await move_clocks(house, "1 minute")
    await set_fee(house, 700)
    assert (await book(house, ANN, None, 0)).final_amount == PRICE


async def test_of_several_holds_the_first_counts_and_a_seat_without_one_goes_with_it(house: House) -> None:
    await hold(house, ANN, 0)
    await move_clocks(house, "1 minute")
    await set_fee(house, 100)
    await hold(house, ANN, 1)
    await move_clocks(house, "1 minute")
    await set_fee(house, 700)
    assert await quoted(house, ANN, 1, 2) == 2 * PRICE + 100
    assert await quoted(house, ANN, 2) == PRICE + 700
    assert (await book(house, ANN, 3 * PRICE, 2, 1, 0)).final_amount == 3 * PRICE


async def test_a_hold_that_has_lapsed_or_was_released_counts_no_more(house: House) -> None:
    for number, ended in enumerate(("lapsed", "released")):
        await set_fee(house, 0)
        await hold(house, ANN, number)
        await move_clocks(house, "1 minute")
        await set_fee(house, 700)
        if ended == "lapsed":
            await move_clocks(house, "6 minutes")
        else:
            await house.seats.ReleaseHolds(inventory_pb2.ReleaseHoldsRequest(user_id=str(ANN)))
        refusal = await refused(book(house, ANN, PRICE, number))
        assert (refusal.reason, refusal.metadata["final_amount"]) == ("PRICE_CHANGED", str(PRICE + 700))
        assert (await book(house, ANN, PRICE + 700, number)).final_amount == PRICE + 700
        await move_clocks(house, "1 minute")


async def test_what_is_left_of_anothers_hold_says_nothing(house: House) -> None:
    """A row keeps the instant of a hold that has lapsed until somebody takes the seat."""
    await hold(house, BOB, 0)
    await move_clocks(house, "6 minutes")
    await set_fee(house, 700)
    assert (await book(house, ANN, None, 0)).final_amount == PRICE + 700
    [row] = await house.inventory_db.fetch("SELECT held_at FROM show_seats WHERE status = 'RESERVED'")
    assert row.held_at is None


@pytest.mark.parametrize("starts_in", [timedelta(hours=1)])
@pytest.mark.parametrize("closes", [timedelta(minutes=58)])
async def test_a_hold_that_ends_with_sales_began_when_it_did(house: House) -> None:
    """Its end less the length of holds is no instant of it."""
    await set_fee(house, 100)
    await move_clocks(house, "30 seconds")
    await hold(house, ANN, 0)
    await move_clocks(house, "30 seconds")
    await set_fee(house, 700)
    assert await quoted(house, ANN, 0) == (await book(house, ANN, None, 0)).final_amount == PRICE + 100


async def test_a_rate_of_tax_that_begins_after_the_hold_is_for_others(house: House) -> None:
    await sold_by(house)
    held = await hold(house, ANN, 0)
    await move_clocks(house, "1 minute")
    begins = held.seats[0].expires_at
    begins.seconds -= 4 * 60
    await house.taxes.SetTaxRule(rule_request(4000, valid_from=begins))
    assert (await book(house, ANN, None, 0)).tax_amount == 4_500
    assert (await book(house, BOB, None, 1)).tax_amount == 10_000


async def test_a_show_that_is_sold_by_another_after_the_hold_is_sold_by_the_first_to_its_holder(house: House) -> None:
    """Also where nobody sold it, or its prices had the tax in them."""
    await hold(house, ANN, 0)
    await move_clocks(house, "1 minute")
    await sold_by(house, included=True)
    await hold(house, ANN, 1)
    await move_clocks(house, "1 minute")
    await sold_by(house, tax_number="27AAPFU0939F2ZU")
    untaxed, included = await book(house, ANN, PRICE, 0), await book(house, ANN, PRICE, 1)
    assert (untaxed.tax_amount, included.tax_amount, included.prices_include_tax) == (0, 3_814, True)
    added = await book(house, BOB, None, 2)
    assert (added.tax_amount, added.prices_include_tax) == (4_500, False)
    rows = await house.db.fetch("SELECT seller_id FROM bookings ORDER BY id")
    assert len({row.seller_id for row in rows}) == 3


async def test_what_code_from_before_said_of_a_show_counts_until_it_is_said_anew(house: House) -> None:
    await sold_by(house, included=True)
    await house.db.execute("DELETE FROM show_tax_versions")
    assert (await book(house, ANN, None, 0)).tax_amount == 3_814
    await hold(house, ANN, 1)
    await move_clocks(house, "1 minute")
    await sold_by(house, tax_number="27AAPFU0939F2ZU")
    assert (await book(house, ANN, None, 1)).tax_amount == 3_814
    assert (await book(house, BOB, None, 2)).tax_amount == 4_500
