"""Refunds of some of a booking's seats: each goes its own way, and the booking is REFUNDED with the last one."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2 as pb

from services.booking.bookings.statements import REFUNDS
from services.chassis.errors import FailedPrecondition
from services.chassis.store.database import Database, Statement
from tests.booking.house import ANN, BOB, House, Refund, RefundState, move_clocks, reason, refused
from tests.booking.test_booking_events import Event, kinds, published
from tests.databases import move_clock

PRICE = 25_001


def asked(house: House, booking: pb.Booking, *numbers: int, **more: Any) -> pb.RefundBookingRequest:
    seats = [house.seat_ids[number] for number in numbers]
    return pb.RefundBookingRequest(booking_id=booking.id, user_id=booking.user_id, show_seat_ids=seats, **more)


async def refund(house: House, booking: pb.Booking, *numbers: int, **more: Any) -> pb.RefundBookingResponse:
    return await house.bookings.RefundBooking(asked(house, booking, *numbers, **more))


def left(booking: pb.Booking) -> list[int]:
    return [seat.number - 1 for seat in booking.seats if not seat.refund_id]


async def test_a_seat_that_is_given_back_is_on_sale_again_and_the_others_stay_the_users(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1, 2)
    answer = await refund(house, booking, 1)
    assert (answer.refund_amount, answer.refund_percentage, answer.status) == (PRICE, 100, answer.REFUNDED)
    seen = await house.get(booking.id)
    assert (seen.status, seen.refunded_amount, left(seen)) == (pb.Booking.CONFIRMED, PRICE, [0, 2])
    assert (seen.refund.amount, seen.refund.percentage, seen.refund.completed) == (PRICE, 33, True)
    [one] = seen.refunds
    assert (one.id, one.amount, one.kept_amount, one.completed) == (answer.refund_id, PRICE, 0, True)
    assert [line.show_seat_id for line in one.lines] == [house.seat_ids[1]]
    assert (await house.seat_statuses())[:3] == ["BOOKED", "AVAILABLE", "BOOKED"]
    assert (await house.book(BOB, 1)).seats[0].id == house.seat_ids[1]
    [listed] = (await house.bookings.ListBookings(pb.ListBookingsRequest(user_id=str(ANN)))).bookings
    for one in (listed, seen):
        one.ClearField("payment")
    assert listed == seen


async def test_a_booking_that_came_to_nothing_is_not_refunded_also_once_it_is_archived(house: House) -> None:
    cancelled, expired = await house.book(ANN, 0), await house.book(BOB, 1)
    await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=cancelled.id, user_id=str(ANN)))
    await move_clocks(house, "20 minutes")
    await house.saga.expiry.expire_due()
    for archived in (0, 2):
        if archived:
            await move_clocks(house, "34 days")
        assert await house.saga.archive.archive_once() == archived
        for booking, number in ((cancelled, 0), (expired, 1)):
            grant = pb.GrantRefundRequest(booking_id=booking.id, percentage=50, reason="It rained.")
            preview = pb.PreviewRefundRequest(booking_id=booking.id, user_id=booking.user_id)
            for refusal in (
                refund(house, booking),
                refund(house, booking, number),
                house.bookings.GrantRefund(grant),
                house.bookings.PreviewRefund(preview),
            ):
                assert (await refused(refusal)).reason == "BOOKING_NOT_CONFIRMED"


@pytest.mark.parametrize("starts_in", [timedelta(hours=3)])
async def test_the_last_seat_makes_a_booking_refunded_and_parts_add_up_to_the_whole(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1, 2)
    answers = [await refund(house, booking, 2), await refund(house, booking, 0), await refund(house, booking)]
    assert [answer.refund_amount for answer in answers] == [12_500, 12_501, 12_500]
    seen = await house.get(booking.id)
    assert (seen.status, left(seen), seen.refunded_amount) == (pb.Booking.REFUNDED, [], 3 * PRICE // 2)
    assert (seen.refund.amount, seen.refund.percentage, seen.refund.completed) == (3 * PRICE // 2, 50, True)
    assert len({part.refund_id for part in house.payment.parts}) == 3
    assert (await refused(refund(house, booking))).reason == "BOOKING_NOT_CONFIRMED"
    assert (await house.seat_statuses())[:3] == ["AVAILABLE"] * 3


async def test_a_preview_says_of_each_seat_what_the_refund_then_gives(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1, 2)
    await move_clock(house.db, "2 days 12 hours")
    await refund(house, booking, 0)
    request = pb.PreviewRefundRequest(booking_id=booking.id, user_id=str(ANN), show_seat_ids=[house.seat_ids[2]])
    one = await house.bookings.PreviewRefund(request)
    del request.show_seat_ids[:]
    both = await house.bookings.PreviewRefund(request)
    assert [(line.paid_amount, line.amount, line.kept_amount) for line in one.lines] == [(PRICE, 12_501, 12_500)]
    assert [line.show_seat_id for line in both.lines] == house.seat_ids[1:3]
    for seen in (one, both):
        assert seen.refund_amount == sum(line.amount for line in seen.lines)
        assert seen.kept_amount == sum(line.kept_amount for line in seen.lines)
    answer = await refund(house, booking, 2)
    assert (answer.refund_amount, answer.refund_percentage) == (one.refund_amount, one.refund_percentage)
    request.show_seat_ids.append(house.seat_ids[2])
    assert (await refused(house.bookings.PreviewRefund(request))).reason == "SEATS_NOT_LEFT"
    request.user_id = str(BOB)
    assert (await refused(house.bookings.PreviewRefund(request))).reason == "BOOKING_NOT_FOUND"


@pytest.mark.parametrize("starts_in", [timedelta(hours=1)])
async def test_the_staff_refund_what_the_time_does_not_and_say_why(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    preview = pb.PreviewRefundRequest(booking_id=booking.id, user_id=str(ANN))
    assert (await refused(house.bookings.PreviewRefund(preview))).reason == "REFUND_NOT_ALLOWED"
    grant = pb.GrantRefundRequest(
        booking_id=booking.id, show_seat_ids=[house.seat_ids[0]], percentage=80, reason="ill", idempotency_key="g"
    )
    preview.percentage = 80
    preview.show_seat_ids.append(house.seat_ids[0])
    seen = await house.bookings.PreviewRefund(preview)
    answer = await house.bookings.GrantRefund(grant)
    assert (answer.refund_amount, answer.refund_percentage) == (PRICE * 80 // 100, 80)
    assert (seen.refund_amount, seen.kept_amount) == (answer.refund_amount, PRICE - answer.refund_amount)
    assert await house.bookings.GrantRefund(grant) == answer
    [row] = await house.db.fetch("SELECT cause, reason, decided_by FROM booking_refunds")
    assert (row.cause, row.reason, row.decided_by) == ("GRANTED", "ill", None)
    seen = await house.get(booking.id)
    assert [one.cause for one in seen.refunds] == [pb.Booking.SeatRefund.GRANTED]
    assert "ill" not in str(seen)
    for wrong in (
        pb.GrantRefundRequest(booking_id=booking.id, percentage=100),
        pb.GrantRefundRequest(booking_id=booking.id, percentage=101, reason="x"),
        pb.GrantRefundRequest(booking_id=booking.id, reason="x"),
    ):
        assert (await refused(house.bookings.GrantRefund(wrong))).reason == "INVALID_FIELD"


async def test_of_overlapping_refunds_at_once_one_wins_and_no_seat_is_refunded_twice(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1, 2)
    wishes = [(0, 1), (1, 2), (0, 2), (0, 1, 2)] * 5
    answers = await asyncio.gather(*(refund(house, booking, *one) for one in wishes), return_exceptions=True)
    won = [answer for answer in answers if isinstance(answer, pb.RefundBookingResponse)]
    lost = [reason(answer).reason for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert len(won) == 1
    assert set(lost) <= {"SEATS_NOT_LEFT", "BOOKING_NOT_CONFIRMED"}
    await house.saga.recover_once()
    assert {part.amount for part in house.payment.parts} == {won[0].refund_amount}


async def test_a_whole_refund_takes_what_parts_have_left(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1, 2)
    wishes = (refund(house, booking, 0), refund(house, booking), refund(house, booking, 2), refund(house, booking))
    await asyncio.gather(*wishes, return_exceptions=True)
    await move_clock(house.db, "1 minute")
    while await house.saga.recover_once():
        pass
    assert await house.status(booking.id) == "REFUNDED"
    assert sum({part.refund_id: part.amount for part in house.payment.parts}.values()) == 3 * PRICE


async def test_a_refund_that_is_repeated_with_its_key_is_the_same_refund(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    wish = asked(house, booking, 0, idempotency_key="r1")
    answers = await asyncio.gather(*(house.bookings.RefundBooking(wish) for _ in range(20)))
    assert len({answer.refund_id for answer in answers}) == 1
    rest = await refund(house, booking, idempotency_key="r2")
    assert (await house.bookings.RefundBooking(wish)).refund_id == answers[0].refund_id != rest.refund_id
    assert (await refund(house, booking, idempotency_key="r2")).refund_amount == PRICE
    assert (await refused(refund(house, booking, 1, idempotency_key="r1"))).reason == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize("refusal", [False, True])
async def test_a_stuck_refund_holds_up_no_other_and_ends_when_it_is_paid(house: House, refusal: bool) -> None:
    booking = await house.confirmed(ANN, 0, 1, 2)
    house.payment.stuck = {PRICE}
    if refusal:
        house.payment.refund_refusal = FailedPrecondition("never")
    stuck = await refund(house, booking, 0)
    assert stuck.status == stuck.PROCESSING
    house.payment.refund_refusal = None
    both = await refund(house, booking, 1, 2)
    assert both.status == both.REFUNDED
    seen = await house.get(booking.id)
    assert (seen.status, seen.refunded_amount, left(seen)) == (pb.Booking.CONFIRMED, 2 * PRICE, [])
    assert [one.completed for one in seen.refunds] == [False, True]
    house.payment.stuck = set()
    await move_clock(house.db, "2 minutes")
    await house.saga.recover_once()
    assert await house.status(booking.id) == "REFUNDED"
    assert await kinds(house, booking) == ["CREATED", "CONFIRMED", "PARTLY_REFUNDED", "REFUNDED"]


async def test_late_money_for_a_booking_with_a_part_given_back_goes_back_whole(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    late = uuid4()
    await asyncio.gather(house.capture(booking, payment=late), refund(house, booking, 1))
    await house.relay()
    [back] = house.payment.refunds
    assert (back.payment_id, back.cause, back.amount) == (str(late), Refund.DUPLICATE, booking.final_amount)
    assert left(await house.get(booking.id)) == [0]


async def test_a_part_is_told_of_with_what_is_left(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1, 2)
    first, second = await refund(house, booking, 0), await refund(house, booking, 1)
    parts = [event for event in await published(house) if event.kind == Event.PARTLY_REFUNDED]
    told = [(part.refund_id, part.refund_amount, part.seats_left) for part in parts]
    assert told == [(first.refund_id, PRICE, 2), (second.refund_id, 2 * PRICE, 1)]
    assert all(part.payment_id and part.version for part in parts)


async def test_a_booking_is_seen_with_the_refunds_of_its_version_though_it_moves_between_the_readings(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    await refund(house, booking, 0)
    left_to_give, fetch_all = [1], Database.fetch_all

    async def moved_before(db: Database, *statements: Statement) -> Any:
        if left_to_give and any(statement == REFUNDS for statement, _ in statements):
            await refund(house, booking, left_to_give.pop())
        return await fetch_all(db, *statements)

    monkeypatch.setattr(Database, "fetch_all", moved_before)
    seen = await house.get(booking.id)
    assert not left_to_give
    assert (seen.status, left(seen)) == (pb.Booking.REFUNDED, [])
    assert [one.completed for one in seen.refunds] == [True, True]


async def test_refunds_that_nobody_finished_are_taken_over(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    house.payment.refund_state = RefundState.REQUESTED
    await asyncio.gather(refund(house, booking, 0), refund(house, booking, 1))
    house.payment.refund_state = RefundState.SUCCEEDED
    assert await house.saga.recover_once() == 0
    await move_clock(house.db, "1 minute")
    assert await house.saga.recover_once() == 2
    assert await house.status(booking.id) == "REFUNDED"


async def test_seats_are_named_once_and_are_the_bookings(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    twice = asked(house, booking, 0)
    twice.show_seat_ids.append(house.seat_ids[0].upper())
    assert (await refused(house.bookings.RefundBooking(twice))).reason == "INVALID_FIELD"
    info = await refused(refund(house, booking, 1, 2))
    assert (info.reason, info.metadata["seat_ids"]) == ("SEATS_NOT_LEFT", house.seat_ids[2])
    assert left(await house.get(booking.id)) == [0, 1]


async def test_a_refund_that_the_release_before_began_is_carried_out(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    await house.db.execute(
        "UPDATE bookings SET state = 'REFUNDING', version = version + 1, refund_amount = 25001, refund_percentage = 50,"
        " lease_until = boxoffice_clock() + interval '8 seconds'"
    )
    answer = await refund(house, booking)
    assert (answer.refund_amount, answer.refund_percentage, answer.refund_id) == (25_001, 50, "")
    assert [(it.cause, it.amount) for it in house.payment.refunds] == [(Refund.REQUESTED, 25_001)]
    seen = await house.get(booking.id)
    assert (seen.status, seen.refunded_amount, seen.refund.completed) == (pb.Booking.REFUNDED, 25_001, True)
    assert [(one.amount, one.kept_amount, one.completed) for one in seen.refunds] == [(25_001, 25_001, True)]
    assert (await house.seat_statuses())[:2] == ["AVAILABLE"] * 2


async def test_the_release_before_cannot_refund_a_whole_booking_that_has_parts(house: House) -> None:
    """It would give the seats back that are left, and more money than was paid."""
    booking = await house.confirmed(ANN, 0, 1)
    await refund(house, booking, 0)
    with pytest.raises(Exception, match="bookings_shape_check"):
        await house.db.execute(
            "UPDATE bookings SET state = 'REFUNDING', refund_amount = 50002, refund_percentage = 100,"
            " lease_until = boxoffice_clock() WHERE state = 'CONFIRMED'"
        )
