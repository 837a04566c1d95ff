"""What is paid under rules of prices: frozen in lines, asked for, compared with what comes, and given back."""

from datetime import timedelta

import pytest
from boxoffice.booking.v1 import booking_pb2 as pb

from services.booking.pricing.domain import Discount, Fee, Per, Rules, TaxRate
from services.booking.quoting import domain as quoting
from services.chassis.wire.times import to_timestamp
from tests.booking.house import ANN, House
from tests.booking.test_booking_events import published

RULES = Rules(
    discount=Discount(10_001), fees=[Fee(Per.ORDER, 700), Fee(Per.TICKET, basis_points=250)], tax_rates=[TaxRate(1_800)]
)
FINAL = 50_002 - 10_001 + 1_700 + 7_506


@pytest.fixture
def with_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quoting, "_rules", lambda *_: RULES)


async def test_without_rules_what_is_paid_is_the_total(house: House) -> None:
    booking = await house.book(ANN, 0, 1)
    assert (booking.total_amount, booking.final_amount) == (50_002, 50_002)
    assert (booking.discount_amount, booking.fee_amount, booking.tax_amount) == (0, 0, 0)


@pytest.mark.usefixtures("with_rules")
async def test_lines_are_frozen_with_the_booking_and_add_up(house: House) -> None:
    booking = await house.book(ANN, 0, 1)
    assert (booking.total_amount, booking.discount_amount, booking.fee_amount) == (50_002, 10_001, 1_700)
    assert (booking.tax_amount, booking.final_amount, booking.prices_include_tax) == (7_506, FINAL, False)
    lines = [(seat.price, seat.discount, seat.fee, seat.tax) for seat in booking.seats]
    assert lines == [(25_001, 5_001, 850, 3_753), (25_001, 5_000, 850, 3_753)]
    [listed] = (await house.bookings.ListBookings(pb.ListBookingsRequest(user_id=str(ANN)))).bookings
    listed.ClearField("payment")
    assert listed == booking
    seen = await house.get(booking.id)
    seen.ClearField("payment")
    assert seen == booking


@pytest.mark.usefixtures("with_rules")
async def test_payment_asks_for_what_is_paid_and_nothing_else_confirms(house: House) -> None:
    booking = await house.book(ANN, 0, 1)
    payable = await house.bookings.GetPayableBooking(
        pb.GetPayableBookingRequest(booking_id=booking.id, user_id=str(ANN))
    )
    assert payable.amount == FINAL
    title, starts, venue = payable.description.split("\n")
    assert title and "UTC" not in starts and "(Asia/Kolkata)" in starts and ", " in venue
    # Each seat with its part of what is paid, so that the parts make the whole.
    parts = [int(seat.rpartition("₹")[2].replace(",", "").replace(".", "")) for seat in payable.seats]
    assert sum(parts) == FINAL
    await house.capture(booking, amount=booking.total_amount)
    assert await house.status(booking.id) == "PENDING"
    await house.capture(booking, amount=FINAL)
    assert await house.status(booking.id) == "CONFIRMED"
    await house.relay()
    assert [refund.amount for refund in house.payment.refunds] == [booking.total_amount]
    assert [event.final_amount for event in await published(house)] == [FINAL, FINAL]


@pytest.mark.usefixtures("with_rules")
@pytest.mark.parametrize("starts_in", [timedelta(hours=3)])
async def test_a_refund_is_a_share_of_what_was_paid(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    refund = await house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    assert (refund.refund_amount, refund.refund_percentage) == (FINAL // 2, 50)
    assert [part.amount for part in house.payment.parts] == [FINAL // 2]


@pytest.mark.usefixtures("with_rules")
async def test_money_whose_seats_are_gone_goes_back_as_it_was_paid(house: House) -> None:
    booking = await house.book(ANN, 0)
    await house.inventory_db.execute(
        "UPDATE show_seats SET status = 'AVAILABLE', holder_id = NULL, booking_id = NULL, expires_at = NULL"
        " WHERE status = 'RESERVED'"
    )
    await house.inventory_db.execute("UPDATE reservations SET state = 'REFUSED'")
    await house.capture(booking)
    assert await house.status(booking.id) == "EXPIRED"
    await house.relay()
    assert [refund.amount for refund in house.payment.refunds] == [booking.final_amount]


async def test_when_it_was_confirmed_stays_with_it(house: House) -> None:
    booking = await house.book(ANN, 0)
    assert not booking.HasField("confirmed_at")
    await house.capture(booking)
    confirmed = await house.get(booking.id)
    assert confirmed.confirmed_at == confirmed.updated_at
    await house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    refunded = await house.get(booking.id)
    assert refunded.status == pb.Booking.REFUNDED
    assert refunded.confirmed_at == confirmed.updated_at


async def test_what_code_from_before_wrote_is_read_as_it_meant_it(house: House) -> None:
    """During a roll, code from before writes neither what is paid nor when it was confirmed."""
    booking = await house.confirmed(ANN, 0)
    await house.db.execute("UPDATE bookings SET final_amount = NULL, confirmed_at = NULL")
    seen = await house.get(booking.id)
    assert (seen.final_amount, seen.confirmed_at) == (booking.total_amount, booking.updated_at)
    await house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    [row] = await house.db.fetch("SELECT confirmed_at FROM bookings")
    assert to_timestamp(row.confirmed_at) == booking.updated_at
