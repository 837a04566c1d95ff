"""Fees of shows: set, paid with tickets by whom they are for, given back or kept."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2, tariffs_pb2
from boxoffice.booking.v1 import tariffs_pb2 as pb

from tests.booking.house import ANN, BOB, House, move_clocks, refused
from tests.booking.sellers import sold_by
from tests.cases import all_cases
from tests.databases import move_clock

PRICE = 25_001
Fee = tariffs_pb2.Fee
BOOKING_FEE = Fee(name="Booking fee", per=Fee.ORDER, amount=4_901, payer=Fee.BUYER, refundable=True)
SERVICE_FEE = Fee(name="Service fee", per=Fee.TICKET, basis_points=1_000, payer=Fee.BUYER)
COMMISSION = Fee(name="Commission", per=Fee.TICKET, amount=100, basis_points=500, payer=Fee.ORGANIZER)


async def set_fees(house: House, *fees: Fee) -> pb.ShowFees:
    return await house.tariffs.SetShowFees(pb.SetShowFeesRequest(show_id=house.show_id, fees=fees))


async def quoted(house: House, *numbers: int) -> booking_pb2.QuoteBookingResponse:
    seats = [house.seat_ids[number] for number in numbers]
    return await house.bookings.QuoteBooking(
        booking_pb2.QuoteBookingRequest(user_id=str(ANN), show_id=house.show_id, show_seat_ids=seats)
    )


async def previewed(house: House, booking_id: str, *numbers: int) -> booking_pb2.PreviewRefundResponse:
    seats = [house.seat_ids[number] for number in numbers]
    return await house.bookings.PreviewRefund(
        booking_pb2.PreviewRefundRequest(booking_id=booking_id, user_id=str(ANN), show_seat_ids=seats)
    )


async def refund(house: House, booking_id: str, *numbers: int) -> booking_pb2.RefundBookingResponse:
    seats = [house.seat_ids[number] for number in numbers]
    return await house.bookings.RefundBooking(
        booking_pb2.RefundBookingRequest(booking_id=booking_id, user_id=str(ANN), show_seat_ids=seats)
    )


def fee_lines(lines: Any) -> list[tuple[int, int, int, int]]:
    return [(line.kind, line.paid_amount, line.amount, line.kept_amount) for line in lines]


async def test_fees_are_set_anew_and_read_as_they_were_set_last(house: House) -> None:
    asked = pb.GetShowFeesRequest(show_id=house.show_id)
    assert await house.tariffs.GetShowFees(asked) == pb.ShowFees(show_id=house.show_id)
    made = await set_fees(house, BOOKING_FEE, SERVICE_FEE, COMMISSION)
    assert list(made.fees) == [BOOKING_FEE, SERVICE_FEE, COMMISSION]
    assert await house.tariffs.GetShowFees(asked) == made
    assert (await set_fees(house, Fee(name="Fee", per=Fee.TICKET, amount=1))).fees[0].payer == Fee.BUYER
    assert not (await set_fees(house)).fees
    assert not (await house.tariffs.GetShowFees(asked)).fees
    assert (await quoted(house, 0)).final_amount == PRICE


async def test_what_is_no_fee_is_refused_with_its_field(house: House) -> None:
    with all_cases() as case:
        for field, fee in (
            ("fees[0]", Fee(name="Fee", per=Fee.TICKET)),
            ("fees[0].per", Fee(name="Fee", amount=1)),
            ("fees[0].name", Fee(per=Fee.TICKET, amount=1)),
            ("fees[0].basisPoints", Fee(name="Fee", per=Fee.TICKET, basis_points=10_001)),
            ("fees[0].amount", Fee(name="Fee", per=Fee.TICKET, amount=-1)),
        ):
            with case(field):
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await set_fees(house, fee)
                assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
                assert (error.value.details() or "").startswith(field)
        for method, request in (
            ("SetShowFees", pb.SetShowFeesRequest(show_id=str(uuid4()))),
            ("GetShowFees", pb.GetShowFeesRequest(show_id=str(uuid4()))),
        ):
            with case(method):
                assert (await refused(getattr(house.tariffs, method)(request))).reason == "SHOW_NOT_FOUND"
    assert await house.db.fetch("SELECT FROM show_fees") == []


async def test_fees_are_quoted_paid_and_frozen_with_the_booking(house: House) -> None:
    await set_fees(house, BOOKING_FEE, SERVICE_FEE, COMMISSION)
    quote = await quoted(house, 0, 1)
    assert (quote.fee_amount, quote.final_amount) == (4_901 + 2 * 2_500, 2 * PRICE + 9_901)
    booking = await house.book(ANN, 0, 1)
    assert [seat.fee for seat in booking.seats] == [seat.fee for seat in quote.seats] == [4_951, 4_950]
    assert booking.final_amount == quote.final_amount
    await set_fees(house)
    await house.capture(booking, amount=quote.final_amount)
    assert await house.status(booking.id) == "CONFIRMED"
    rows = await house.db.fetch(
        "SELECT order_amount, unrefundable_amount, organizer_fee FROM booking_seats ORDER BY position"
    )
    assert [tuple(row) for row in rows] == [(2_451, 2_500, 100 + 1_250), (2_450, 2_500, 100 + 1_250)]
    assert (await house.book(BOB, 2)).final_amount == PRICE


async def test_a_fee_has_the_tax_of_its_ticket(house: House) -> None:
    await sold_by(house)
    await set_fees(house, Fee(name="Fee", per=Fee.TICKET, amount=1_000))
    booking = await house.book(ANN, 0)
    # 9 % of 260.01, twice; of that 0.90 twice on the fee.
    assert (booking.fee_amount, booking.tax_amount) == (1_000, 2 * 2_340)
    [row] = await house.db.fetch("SELECT unrefundable_amount FROM booking_seats")
    assert row.unrefundable_amount == 1_180


async def test_fees_of_the_order_come_back_with_the_last_seat_and_others_stay(house: House) -> None:
    """A preview shows each of them in a line; the refund that is listed has the same."""
    await set_fees(house, BOOKING_FEE, SERVICE_FEE)
    booking = await house.confirmed(ANN, 0, 1)
    lines = booking_pb2.RefundFeeLine
    first = await previewed(house, booking.id, 1)
    assert fee_lines(first.fee_lines) == [(lines.UNREFUNDABLE, 2_500, 0, 2_500)]
    assert [(line.paid_amount, line.amount) for line in first.lines] == [(PRICE, PRICE)]
    assert (first.refund_amount, first.kept_amount) == (PRICE, 2_500)
    assert (await refund(house, booking.id, 1)).refund_amount == PRICE
    last = await previewed(house, booking.id)
    both = [(lines.ORDER, 4_901, 4_901, 0), (lines.UNREFUNDABLE, 2_500, 0, 2_500)]
    assert (last.refund_amount, last.kept_amount, fee_lines(last.fee_lines)) == (PRICE + 4_901, 2_500, both)
    assert (await refund(house, booking.id)).refund_amount == PRICE + 4_901
    seen = await house.get(booking.id)
    assert seen.status == booking_pb2.Booking.REFUNDED
    assert seen.refunded_amount == booking.final_amount - 5_000
    assert [fee_lines(one.fee_lines) for one in seen.refunds] == [fee_lines(first.fee_lines), both]
    assert [one.kept_amount for one in seen.refunds] == [2_500, 2_500]
    [listed] = (await house.bookings.ListBookings(booking_pb2.ListBookingsRequest(user_id=str(ANN)))).bookings
    assert listed.refunds == seen.refunds
    assert [part.amount for part in house.payment.parts] == [PRICE, PRICE + 4_901]


@pytest.mark.parametrize("starts_in", [timedelta(hours=3)])
async def test_at_half_the_fee_of_the_order_comes_back_by_half(house: House) -> None:
    await set_fees(house, BOOKING_FEE)
    booking = await house.confirmed(ANN, 0, 1)
    amounts = [(await refund(house, booking.id, number)).refund_amount for number in (0, 1)]
    assert amounts == [PRICE // 2, (2 * PRICE + 4_901) // 2 - PRICE // 2]


async def test_credit_notes_take_fees_back_from_the_lines_that_have_them(house: House) -> None:
    """The fee of the order is in every line: with the last seat, each line's part of it goes back."""
    await sold_by(house)
    await set_fees(house, BOOKING_FEE, SERVICE_FEE)
    booking = await house.confirmed(ANN, 0, 1)
    for number in (0, 1):
        await refund(house, booking.id, number)
    notes = await house.db.fetch(
        "SELECT i.total_amount, array_agg(line.position ORDER BY line.position) AS positions FROM invoices i "
        "JOIN invoice_lines line ON line.invoice_id = i.id WHERE i.kind = 'CREDIT_NOTE' GROUP BY i.id "
        "ORDER BY i.sequence"
    )
    assert [list(row.positions) for row in notes] == [[0], [0, 1]]
    seen = await house.get(booking.id)
    assert [row.total_amount for row in notes] == [one.amount for one in seen.refunds]
    [stays] = await house.db.fetch("SELECT sum(unrefundable_amount)::int AS amount FROM booking_seats")
    assert sum(row.total_amount for row in notes) == booking.final_amount - stays.amount
    per_line = await house.db.fetch(
        "SELECT line.position, sum(cgst_amount * CASE i.kind WHEN 'INVOICE' THEN 1 ELSE -1 END)::int AS tax "
        "FROM invoices i JOIN invoice_lines line ON line.invoice_id = i.id GROUP BY line.position"
    )
    assert all(row.tax >= 0 for row in per_line)


async def test_what_was_set_anew_a_day_ago_is_forgotten(house: House) -> None:
    await set_fees(house, BOOKING_FEE)
    await set_fees(house, SERVICE_FEE)
    await move_clocks(house, "25 hours")
    await set_fees(house, COMMISSION)
    rows = await house.db.fetch("SELECT names FROM show_fees ORDER BY valid_from")
    assert [list(row.names) for row in rows] == [["Service fee"], ["Commission"]]


async def test_where_the_clock_was_set_back_the_last_fees_count(house: House) -> None:
    await set_fees(house, BOOKING_FEE)
    await move_clock(house.db, "-1 hour")
    await set_fees(house, SERVICE_FEE)
    shown = await house.tariffs.GetShowFees(pb.GetShowFeesRequest(show_id=house.show_id))
    assert list(shown.fees) == [SERVICE_FEE]


async def test_what_cannot_be_counted_with_its_fees_is_refused(house: House) -> None:
    for payer in (Fee.BUYER, Fee.ORGANIZER):
        await set_fees(house, *[Fee(name="Fee", per=Fee.TICKET, basis_points=10_000, payer=payer)] * 2)
        await house.inventory_db.execute(
            "UPDATE list_prices SET price = 1200000000 WHERE show_id = %(id)s", {"id": house.show_id}
        )
        assert (await refused(house.book(ANN, 3))).reason == "AMOUNT_TOO_LARGE"
        await house.saga.recover_once()
