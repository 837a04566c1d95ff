"""Refunds that failed after the bank had carried them out: they are on their way again, and their booking says so."""

from typing import Any
from uuid import UUID, uuid4

import grpc
from boxoffice.booking.v1 import booking_pb2 as pb

from services.booking.refunds.finish import FinishRefund, FinishRefunds
from tests.booking.house import ANN, BOB, House, RefundState
from tests.booking.test_booking_events import kinds, published
from tests.booking.test_refunds_of_seats import PRICE, refund
from tests.booking.watchers import replica

DUE = "UPDATE booking_refunds SET lease_until = boxoffice_clock() WHERE state = 'PROCESSING'"


async def undone(house: House, booking: pb.Booking, refund_id: str) -> Any:
    """Tell booking, as payment does, that a refund failed after all; return the result."""
    message = pb.BatchRecordUndoneRefundsRequest.Refund(refund_id=refund_id, booking_id=booking.id)
    request = pb.BatchRecordUndoneRefundsRequest(refunds=[message])
    return (await house.bookings.BatchRecordUndoneRefunds(request)).results[0]


async def rows(house: House) -> list[tuple[str, bool]]:
    found = await house.db.fetch("SELECT state, stuck FROM booking_refunds ORDER BY number")
    return [(row.state, row.stuck) for row in found]


async def test_a_refund_that_failed_after_all_is_stuck_and_ends_with_the_money(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    answer = await refund(house, booking)
    house.payment.refund_state = RefundState.STUCK
    assert not (await undone(house, booking, answer.refund_id)).HasField("refusal")
    await house.saga.recover_once()
    assert await rows(house) == [("PROCESSING", True)]
    seen = await house.get(booking.id)
    assert (seen.status, seen.refunded_amount, seen.refund.completed) == (pb.Booking.REFUNDED, 0, False)
    assert [one.completed for one in seen.refunds] == [False]
    # Its seats are others' to buy all the while.
    assert (await house.book(BOB, 0)).seats[0].id == house.seat_ids[0]

    house.payment.refund_state = RefundState.SUCCEEDED
    await house.db.execute(DUE)
    await house.saga.recover_once()
    seen = await house.get(booking.id)
    assert (seen.status, seen.refunded_amount, seen.refund.completed) == (pb.Booking.REFUNDED, 2 * PRICE, True)
    assert await rows(house) == [("REFUNDED", False)]
    told = [one for one in await published(house) if one.booking_id == booking.id]
    assert await kinds(house, booking) == ["CREATED", "CONFIRMED", "REFUNDED", "REFUND_UNDONE", "REFUNDED"]
    assert [one.refund_amount for one in told[2:]] == [2 * PRICE, 0, 2 * PRICE]


async def test_a_part_that_failed_after_all_holds_up_no_other(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1, 2)
    first = await refund(house, booking, 0)
    house.payment.stuck = {PRICE}
    await undone(house, booking, first.refund_id)
    await house.saga.recover_once()
    house.payment.stuck = set()
    assert (await refund(house, booking, 1, 2)).status == pb.RefundBookingResponse.REFUNDED
    seen = await house.get(booking.id)
    assert (seen.status, seen.refunded_amount) == (pb.Booking.CONFIRMED, 2 * PRICE)
    assert [one.completed for one in seen.refunds] == [False, True]
    await house.db.execute(DUE)
    await house.saga.recover_once()
    assert (await house.get(booking.id)).status == pb.Booking.REFUNDED


async def test_who_has_heard_before_that_it_was_carried_out_does_not_write_it_down_any_more(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    house.payment.refund_state = RefundState.REQUESTED
    answer = await refund(house, booking)
    assert answer.status == pb.RefundBookingResponse.PROCESSING
    await undone(house, booking, answer.refund_id)
    await FinishRefunds(house.db).alone(FinishRefund(UUID(booking.id), UUID(answer.refund_id), 0))
    assert await rows(house) == [("PROCESSING", False)]
    house.payment.refund_state = RefundState.SUCCEEDED
    await house.saga.recover_once()
    assert await rows(house) == [("REFUNDED", False)]


async def test_being_told_again_later_changes_nothing_in_the_end(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    answer = await refund(house, booking)
    for _ in range(2):
        await undone(house, booking, answer.refund_id)
    await house.saga.recover_once()
    assert await rows(house) == [("REFUNDED", False)]
    seen = await house.get(booking.id)
    assert (seen.status, seen.refunded_amount) == (pb.Booking.REFUNDED, PRICE)


async def test_a_refund_that_booking_has_no_row_of_is_left_alone_and_an_unknown_booking_refused(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    assert not (await undone(house, booking, str(uuid4()))).HasField("refusal")
    assert await house.status(booking.id) == "CONFIRMED"
    assert (await undone(house, pb.Booking(id=str(uuid4())), str(uuid4()))).HasField("refusal")


async def test_who_watches_is_told_of_refunds_that_are_decided_carried_out_and_failed_after_all(house: House) -> None:
    booking = await house.confirmed(ANN, 0, 1)
    async with replica(house.db) as other:
        stream = other.stub.WatchBooking(pb.WatchBookingRequest(booking_id=booking.id), timeout=60)
        seen = [(await stream.read()).booking.refunded_amount]
        answer = await refund(house, booking, 0)
        while (now := (await stream.read()).booking).refunded_amount != PRICE:
            assert not now.refund.completed
        house.payment.refund_state = RefundState.STUCK
        await undone(house, booking, answer.refund_id)
        seen.append((await stream.read()).booking.refunded_amount)
        assert seen == [0, 0]
        stream.cancel()


async def test_a_refunded_booking_is_watched_until_its_money_is_back(house: House) -> None:
    booking = await house.confirmed(ANN, 0)
    answer = await refund(house, booking)
    house.payment.refund_state = RefundState.STUCK
    await undone(house, booking, answer.refund_id)
    await house.saga.recover_once()
    async with replica(house.db) as other:
        stream = other.stub.WatchBooking(pb.WatchBookingRequest(booking_id=booking.id), timeout=60)
        assert not (await stream.read()).booking.refund.completed
        house.payment.refund_state = RefundState.SUCCEEDED
        await house.db.execute(DUE)
        await house.saga.recover_once()
        assert (await stream.read()).booking.refund.completed
        assert await stream.read() is grpc.aio.EOF
