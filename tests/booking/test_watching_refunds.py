"""Who watches a booking is told of refunds of some of its seats."""

from __future__ import annotations

from boxoffice.booking.v1 import booking_pb2 as pb

from tests.booking.house import House, RefundState
from tests.booking.test_watching import ANN, _whole, status, waiting
from tests.booking.test_watching import other as other
from tests.booking.watchers import Replica, Watcher
from tests.databases import move_clock


async def test_who_watches_is_told_of_refunds_of_seats_and_who_waits_for_a_status_is_not(
    house: House, other: Replica
) -> None:
    booking = await house.confirmed(ANN, 0, 1, 2)
    watcher = Watcher(other, booking.id)
    assert await watcher.status() == "CONFIRMED"
    wait = await waiting(other, booking.id, while_status=pb.Booking.CONFIRMED)
    request = pb.RefundBookingRequest(booking_id=booking.id, user_id=str(ANN), show_seat_ids=house.seat_ids[:1])
    house.payment.refund_state = RefundState.REQUESTED
    await house.bookings.RefundBooking(request)
    decided = await watcher.next()
    assert decided is not None
    assert [(one.amount, one.completed) for one in decided.refunds] == [(25_001, False)]
    house.payment.refund_state = RefundState.SUCCEEDED
    await move_clock(house.db, "1 minute")
    await house.saga.recover_once()
    carried_out = await watcher.next()
    assert carried_out is not None
    assert (status(carried_out), carried_out.refunded_amount) == ("CONFIRMED", 25_001)
    assert _whole(carried_out) == _whole(await other.get(booking.id))
    assert not wait.done()
    del request.show_seat_ids[:]
    await house.bookings.RefundBooking(request)
    assert status(await wait) == "REFUNDED"
