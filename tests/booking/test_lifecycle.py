"""The lifecycle of bookings, against real databases and a real inventory: created, paid for, refunded, archived."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2
from boxoffice.payment.v1 import payment_pb2

from services.booking.bookings.domain import NEXT, State
from services.booking.cancelling.statements import CANCEL_BOOKINGS
from services.booking.captures.statements import BEGIN_CONFIRMING, CONFIRM, FAIL_CONFIRMING
from services.booking.creating import steps
from services.booking.creating.statements import FINISH_BOOKINGS
from services.booking.expiry.statements import EXPIRE
from services.booking.refunds.statements import END_BOOKINGS, FINISH_REFUNDING
from services.chassis.errors import FailedPrecondition, Failure, Interrupted
from services.chassis.ids import new_id
from tests.booking.house import ANN, BOB, House, Refund, reason, refused
from tests.databases import move_clock


async def test_a_booking_freezes_its_price_and_takes_its_seats(house: House) -> None:
    booking = await house.book(ANN, 0, 1)
    assert (booking.status, booking.total_amount, booking.currency) == (pb.Booking.PENDING, 50_002, "INR")
    assert [seat.id for seat in booking.seats] == house.seat_ids[:2]
    assert booking.show.title == "Monsoon Letters"
    assert (await house.seat_statuses())[:3] == ["BOOKED", "BOOKED", "AVAILABLE"]


async def test_seats_of_another_booking_are_refused_and_no_booking_is_left(house: House) -> None:
    await house.book(ANN, 0)
    info = await refused(house.book(BOB, 0, 1))
    assert (info.reason, info.metadata["seat_ids"]) == ("SEATS_UNAVAILABLE", house.seat_ids[0])
    assert len(await house.db.fetch("SELECT FROM bookings")) == 1
    assert len((await house.bookings.ListBookings(pb.ListBookingsRequest(user_id=str(BOB)))).bookings) == 0


@pytest.mark.parametrize("buyers", [10, 50])
async def test_one_of_many_concurrent_buyers_of_a_seat_gets_it(house: House, buyers: int) -> None:
    outcomes = await asyncio.gather(*(house.book(uuid4(), 3) for _ in range(buyers)), return_exceptions=True)
    assert sum(isinstance(outcome, pb.Booking) for outcome in outcomes) == 1
    reasons = {reason(outcome).reason for outcome in outcomes if isinstance(outcome, grpc.aio.AioRpcError)}
    assert reasons == {"SEATS_UNAVAILABLE"}


async def test_twenty_equal_requests_with_one_key_make_one_booking_and_equal_answers(house: House) -> None:
    answers = await asyncio.gather(*(house.book(ANN, 0, key="k1") for _ in range(20)))
    assert len({answer.SerializeToString(deterministic=True) for answer in answers}) == 1
    assert len(await house.db.fetch("SELECT FROM bookings")) == 1


async def test_a_key_is_refused_for_another_request_but_free_for_another_user(house: House) -> None:
    await house.book(ANN, 0, key="k1")
    assert (await refused(house.book(ANN, 1, key="k1"))).reason == "IDEMPOTENCY_KEY_REUSED"
    await house.book(BOB, 1, key="k1")


async def test_a_refused_request_may_be_tried_again_under_its_key(house: House) -> None:
    other = await house.book(BOB, 0)
    await refused(house.book(ANN, 0, key="k1"))
    await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=other.id, user_id=str(BOB)))
    await house.relay()
    await house.book(ANN, 0, key="k1")


async def test_captured_money_confirms_the_booking_however_often_it_is_told(house: House) -> None:
    booking, payment = await house.book(ANN, 0), uuid4()
    results = await asyncio.gather(*(house.capture(booking, payment=payment) for _ in range(20)))
    assert not any(result.HasField("refusal") for result in results)
    assert await house.status(booking.id) == "CONFIRMED"
    await house.relay()
    assert house.payment.refunds == []


async def test_a_second_capture_for_one_booking_is_returned(house: House) -> None:
    booking = await house.book(ANN, 0)
    first, second = uuid4(), uuid4()
    await asyncio.gather(house.capture(booking, payment=first), house.capture(booking, payment=second))
    await house.relay()
    [refund] = house.payment.refunds
    assert (refund.cause, refund.amount) == (Refund.DUPLICATE, booking.total_amount)
    kept = await house.db.fetch("SELECT payment_id FROM captures WHERE settlement = 'KEPT'")
    assert {str(row.payment_id) for row in kept} | {refund.payment_id} == {str(first), str(second)}


async def test_a_capture_of_another_amount_never_confirms_and_goes_back(house: House) -> None:
    booking = await house.book(ANN, 0)
    await house.capture(booking, amount=1)
    await house.relay()
    assert [(refund.cause, refund.amount) for refund in house.payment.refunds] == [(Refund.MISMATCH, 1)]
    assert await house.status(booking.id) == "PENDING"


async def test_a_capture_that_was_told_before_with_other_facts_is_refused(house: House) -> None:
    booking, payment = await house.book(ANN, 0), uuid4()
    await house.capture(booking, payment=payment)
    result = await house.capture(booking, payment=payment, amount=1)
    assert result.HasField("refusal")
    unknown = pb.Booking(id=str(new_id()), total_amount=1, final_amount=1, currency="INR")
    assert (await house.capture(unknown)).HasField("refusal")


async def test_money_after_cancel_is_returned_and_seats_are_free(house: House) -> None:
    booking = await house.book(ANN, 0)
    cancelled = await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    assert (cancelled.status, len(cancelled.seats)) == (pb.Booking.CANCELLED, 1)
    await house.relay()
    assert (await house.seat_statuses())[0] == "AVAILABLE"
    assert house.payment.closed == [booking.id]
    await house.capture(booking)
    await house.relay()
    assert [refund.cause for refund in house.payment.refunds] == [Refund.NO_TICKET]
    assert await house.status(booking.id) == "CANCELLED"


async def test_only_its_user_cancels_a_booking_and_only_while_it_is_pending(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    info = await refused(house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=booking.id, user_id=str(BOB))))
    assert info.reason == "BOOKING_NOT_FOUND"
    info = await refused(house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=booking.id, user_id=str(ANN))))
    assert (info.reason, info.metadata["status"]) == ("BOOKING_NOT_PENDING", "CONFIRMED")


@pytest.mark.parametrize(
    ("starts_in", "percentage", "amount"),
    [(timedelta(days=3), 100, 50_002), (timedelta(hours=3), 50, 25_001)],
)
async def test_a_refund_gives_back_what_the_time_left_allows(house: House, percentage: int, amount: int) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    request = pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN))
    answers = await asyncio.gather(*(house.bookings.RefundBooking(request) for _ in range(10)), return_exceptions=True)
    given = [answer for answer in answers if isinstance(answer, pb.RefundBookingResponse)]
    assert {(answer.refund_amount, answer.refund_percentage) for answer in given} == {(amount, percentage)}
    others = [answer for answer in answers if isinstance(answer, grpc.aio.AioRpcError)]
    assert {reason(other).reason for other in others} <= {"BOOKING_NOT_CONFIRMED"}
    [(_, returned)] = {(part.refund_id, part.amount) for part in house.payment.parts}
    assert returned == amount
    assert await house.status(booking.id) == "REFUNDED"
    assert (await house.seat_statuses())[:2] == ["AVAILABLE", "AVAILABLE"]


@pytest.mark.parametrize("starts_in", [timedelta(hours=1)])
async def test_a_refund_too_close_to_the_show_is_refused_and_changes_nothing(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    info = await refused(house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN))))
    assert info.reason == "REFUND_NOT_ALLOWED"
    assert await house.status(booking.id) == "CONFIRMED"


async def test_a_repeated_refund_with_its_key_gives_the_same_answer(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    request = pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN), idempotency_key="r1")
    answers = await asyncio.gather(*(house.bookings.RefundBooking(request) for _ in range(20)))
    answers.append(await house.bookings.RefundBooking(request))
    assert {(a.refund_amount, a.status) for a in answers} == {(25_001, pb.RefundBookingResponse.REFUNDED)}


async def test_a_refund_is_finished_once_payment_is_back(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    house.payment.away = True
    request = pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN))
    answer = await house.bookings.RefundBooking(request)
    assert answer.status == pb.RefundBookingResponse.PROCESSING
    assert (await house.get(booking.id)).status == pb.Booking.CONFIRMED
    house.payment.away = False
    await move_clock(house.db, "1 minute")
    assert await house.saga.recover_once() == 1
    assert await house.status(booking.id) == "REFUNDED"


async def test_a_refund_that_the_bank_has_yet_to_carry_out_is_not_finished(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    house.payment.refund_state = payment_pb2.BatchRefundPaymentsResponse.Result.REQUESTED
    request = pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN))
    assert (await house.bookings.RefundBooking(request)).status == pb.RefundBookingResponse.PROCESSING
    assert await house.status(booking.id) == "CONFIRMED"


async def test_a_refund_that_the_bank_declines_is_shown_as_stuck(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    house.payment.refund_state = payment_pb2.BatchRefundPaymentsResponse.Result.STUCK
    await house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN)))
    [row] = await house.db.fetch("SELECT state, stuck FROM booking_refunds")
    assert (row.state, row.stuck) == ("PROCESSING", True)


async def test_recovery_gives_back_what_a_crashed_create_may_have_taken(house: House) -> None:
    booking = await house.book(ANN, 0)
    # As it stands when the process died between inventory's answer and its own second transaction.
    await house.db.execute("DELETE FROM booking_seats")
    await house.db.execute("DELETE FROM topic_events")
    await house.db.execute(
        "UPDATE bookings SET state = 'RESERVING', version = 1, expires_at = NULL, lease_until = boxoffice_clock()"
    )
    assert (await refused(house.get(booking.id))).reason == "BOOKING_NOT_FOUND"
    assert await house.saga.recover_once() == 1
    assert await house.db.fetch("SELECT FROM bookings") == []
    assert (await house.seat_statuses())[0] == "AVAILABLE"


async def test_recovery_confirms_what_a_crashed_settlement_left(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    await house.db.execute("DELETE FROM tickets")
    await house.db.execute("UPDATE captures SET settlement = 'CONFIRM'")
    await house.db.execute(
        "UPDATE bookings SET ticket_ids = NULL, state = 'CONFIRMING', confirming_from = 'PENDING', confirmed_at = NULL,"
        " lease_until = boxoffice_clock()"
    )
    cancel = pb.CancelBookingRequest(booking_id=booking.id, user_id=str(ANN))
    assert (await refused(house.bookings.CancelBooking(cancel))).reason == "PAYMENT_IN_PROGRESS"
    assert await house.saga.recover_once() == 1
    assert await house.status(booking.id) == "CONFIRMED"
    [row] = await house.db.fetch("SELECT settlement FROM captures")
    assert row.settlement == "KEPT"


async def test_a_booking_is_shown_without_its_payment_while_payment_is_away(house: House) -> None:
    booking = await house.book(ANN, 0)
    assert (await house.get(booking.id)).HasField("payment")
    house.payment.away = True
    assert not (await house.get(booking.id)).HasField("payment")


async def test_a_users_bookings_come_in_pages_newest_first(house: House) -> None:
    made = [(await house.book(ANN, number)).id for number in range(5)]
    listed, token = [], ""
    for _ in range(3):
        page = await house.bookings.ListBookings(
            pb.ListBookingsRequest(user_id=str(ANN), page_size=2, page_token=token)
        )
        listed += [booking.id for booking in page.bookings]
        token = page.next_page_token
    assert (listed, token) == (made[::-1], "")


async def test_holding_and_then_booking_uses_the_held_seats(house: House) -> None:
    hold = inventory_pb2.HoldSeatsRequest(show_id=house.show_id, user_id=str(ANN), show_seat_ids=house.seat_ids[:2])
    await house.seats.HoldSeats(hold)
    assert (await refused(house.book(BOB, 1))).reason == "SEATS_UNAVAILABLE"
    await house.book(ANN, 0, 1)


async def test_a_database_that_fails_after_the_reserve_costs_nobody_a_seat(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> Any:
        raise Interrupted()

    with monkeypatch.context() as broken:
        broken.setattr(steps, "finish_bookings", fail)
        assert (await refused(house.book(ANN, 0))).reason == "UNAVAILABLE"
    await move_clock(house.db, "1 minute")
    await house.saga.recover_once()
    assert (await house.seat_statuses())[0] == "AVAILABLE"
    assert await house.db.fetch("SELECT FROM bookings") == []


async def test_another_request_with_a_key_that_is_under_way_is_told_so_at_once(house: House) -> None:
    await house.book(ANN, 0, key="k1")
    await house.db.execute("DELETE FROM idempotency_keys")  # as it stands before the first has finished
    assert (await refused(house.book(ANN, 1, key="k1"))).reason == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        (payment_pb2.BatchRefundPaymentsResponse.Result.STUCK, None),
        (payment_pb2.BatchRefundPaymentsResponse.Result.STATE_UNSPECIFIED, FailedPrecondition("never")),
    ],
)
async def test_a_refund_that_is_refused_for_good_is_shown_as_stuck_and_told_once(
    house: House, caplog: pytest.LogCaptureFixture, state: Any, refusal: Failure | None
) -> None:
    booking = await house.confirmed(ANN, 0)
    house.payment.refund_state, house.payment.refund_refusal = state, refusal
    request = pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN))
    for _ in range(3):
        await house.bookings.RefundBooking(request)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["refund stuck"]
    [row] = await house.db.fetch("SELECT state, stuck FROM booking_refunds")
    assert (row.state, row.stuck) == ("PROCESSING", True)


def test_every_move_in_sql_is_one_that_the_domain_allows() -> None:
    moves = {
        (State.RESERVING, State.PENDING): FINISH_BOOKINGS,
        (State.PENDING, State.CONFIRMING): BEGIN_CONFIRMING,
        (State.EXPIRED, State.CONFIRMING): BEGIN_CONFIRMING,
        (State.PENDING, State.CANCELLED): CANCEL_BOOKINGS,
        (State.EXPIRED, State.CANCELLED): CANCEL_BOOKINGS,
        (State.PENDING, State.EXPIRED): EXPIRE,
        (State.CONFIRMING, State.CONFIRMED): CONFIRM,
        (State.CONFIRMING, State.EXPIRED): FAIL_CONFIRMING,
        (State.CONFIRMED, State.REFUNDED): END_BOOKINGS,
        (State.REFUNDING, State.REFUNDED): FINISH_REFUNDING,
    }
    assert set(moves) == {(source, target) for source, targets in NEXT.items() for target in targets}
    for (source, target), statement in moves.items():
        assert f"state = '{target}'" in statement
        assert f"'{source}'" in statement.partition("WHERE")[2]
