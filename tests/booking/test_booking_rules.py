"""What keeps wrong and late moves off a booking."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2 as pb

from services.booking.bookings.leases import claim_unfinished
from services.booking.clients import InventoryClient
from services.booking.creating.operation import drop_bookings
from services.booking.declines.domain import Extension
from services.booking.declines.operation import record_declines
from services.booking.expiry.operation import expire
from services.booking.refunds.domain import RefundPolicy, shares
from services.chassis.errors import Unavailable
from services.chassis.store.database import READ_CLOCK
from tests.booking.house import House, refused
from tests.databases import move_clock

ANN, BOB = uuid4(), uuid4()


async def stored_state(house: House) -> str:
    [row] = await house.db.fetch("SELECT state FROM bookings")
    return str(row.state)


async def away(*_: Any) -> Any:
    raise Unavailable()


def captured(booking: pb.Booking, currency: str) -> pb.BatchRecordCapturesRequest.Capture:
    return pb.BatchRecordCapturesRequest.Capture(
        payment_id=str(uuid4()),
        booking_id=booking.id,
        session_id=f"sess_{uuid4()}",
        amount=booking.final_amount,
        currency=currency,
    )


async def test_the_last_instant_of_a_refund_step_belongs_to_it(house: House) -> None:
    [clock] = await house.db.fetch(READ_CLOCK)
    policy = RefundPolicy.parse("24:100,2:50")
    at = {hours: policy.percentage(clock.now, clock.now + timedelta(hours=hours)) for hours in (24, 2)}
    assert at == {24: 100, 2: 50}
    assert policy.percentage(clock.now, clock.now + timedelta(hours=2) - timedelta.resolution) == 0


async def test_money_in_another_currency_never_confirms_and_goes_back(house: House) -> None:
    booking = await house.book(ANN, 0)
    await house.bookings.BatchRecordCaptures(pb.BatchRecordCapturesRequest(captures=[captured(booking, "USD")]))
    assert await house.status(booking.id) == "PENDING"
    await house.relay()
    assert [refund.amount for refund in house.payment.refunds] == [booking.total_amount]


async def test_of_two_captures_in_one_batch_one_is_kept_and_one_goes_back(house: House) -> None:
    booking = await house.book(ANN, 0)
    captures = [captured(booking, "INR"), captured(booking, "INR")]
    await house.bookings.BatchRecordCaptures(pb.BatchRecordCapturesRequest(captures=captures))
    assert await house.status(booking.id) == "CONFIRMED"
    await house.relay()
    assert [refund.payment_id for refund in house.payment.refunds] == [captures[1].payment_id]


async def test_a_booking_that_was_cancelled_meanwhile_does_not_expire(house: House) -> None:
    booking = await house.book(ANN, 0)
    await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    [row] = await house.db.fetch("SELECT id FROM bookings")
    assert await expire(house.db, [row.id]) == 0
    assert await house.status(booking.id) == "CANCELLED"


async def test_a_booking_that_came_to_be_is_not_dropped(house: House) -> None:
    await house.book(ANN, 0)
    [row] = await house.db.fetch("SELECT id FROM bookings")
    await drop_bookings(house.db, [row.id])
    assert await stored_state(house) == "PENDING"


async def test_a_copy_of_an_older_extension_takes_no_time_away(house: House) -> None:
    await house.book(ANN, 0)
    [row] = await house.db.fetch("SELECT id, expires_at FROM bookings")
    await record_declines(house.db, [], [Extension(row.id, row.expires_at - timedelta(minutes=1), None)])
    assert await house.db.fetch("SELECT id, expires_at FROM bookings") == [row]


async def test_a_create_whose_answer_was_lost_is_invisible_and_gives_its_seats_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = InventoryClient.reserve

    async def lost(self: InventoryClient, claims: Any) -> Any:
        await true(self, claims)
        raise Unavailable()

    with monkeypatch.context() as broken:
        broken.setattr(InventoryClient, "reserve", lost)
        assert (await refused(house.book(ANN, 0))).reason == "UNAVAILABLE"
    [row] = await house.db.fetch("SELECT id FROM bookings")
    assert (await refused(house.get(str(row.id)))).reason == "BOOKING_NOT_FOUND"
    assert await house.saga.recover_once() == 1
    assert (await house.seat_statuses())[0] == "AVAILABLE"
    assert await house.db.fetch("SELECT FROM bookings") == []


async def test_an_inventory_that_is_away_refuses_nobody_and_is_asked_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = await house.book(ANN, 0)
    with monkeypatch.context() as broken:
        broken.setattr(InventoryClient, "confirm", away)
        await house.capture(booking)
    assert await stored_state(house) == "CONFIRMING"
    assert await house.saga.recover_once() == 0, "it waits for its time"
    await move_clock(house.db, "1 minute")
    assert await house.saga.recover_once() == 1
    assert await house.status(booking.id) == "CONFIRMED"


async def test_an_unfinished_step_is_taken_over_once_its_lease_is_over_and_by_one_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = await house.book(ANN, 0)
    with monkeypatch.context() as broken:
        broken.setattr(house.saga.captures, "confirm", away)
        await house.capture(booking)
    assert await claim_unfinished(house.db) == []
    await move_clock(house.db, "9 seconds")
    assert len(await claim_unfinished(house.db)) == 1
    assert await claim_unfinished(house.db) == []


def test_a_refund_is_rounded_down_to_the_minor_unit() -> None:
    assert [sum(shares([25_001], share)) for share in (0, 50, 99, 100)] == [0, 12_500, 24_750, 25_001]
