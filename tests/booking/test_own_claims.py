"""Whoever meets a claim of their own is told so: which booking it is, on the map, and in the list of bookings."""

from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2
from boxoffice.inventory.v1.seat_pb2 import ShowSeat
from google.rpc import error_details_pb2

from tests.booking.house import House, move_clocks, reason, refused

ANN, BOB = uuid4(), uuid4()


def hold(house: House, user: UUID, *numbers: int) -> Any:
    seats = [house.seat_ids[number] for number in numbers]
    return house.seats.HoldSeats(
        inventory_pb2.HoldSeatsRequest(show_id=house.show_id, user_id=str(user), show_seat_ids=seats)
    )


async def refusal_of(call: Any) -> tuple[error_details_pb2.ErrorInfo, str]:
    """Await a call that must be refused; return why, for programs and for people."""
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return reason(error.value), error.value.details() or ""


async def cancel(house: House, booking: pb.Booking) -> None:
    await house.bookings.CancelBooking(pb.CancelBookingRequest(booking_id=booking.id, user_id=booking.user_id))


@pytest.mark.parametrize("ask", [hold, House.book])
async def test_a_user_who_wants_the_seats_of_an_own_booking_again_is_sent_there(house: House, ask: Any) -> None:
    booking = await house.book(ANN, 0, 1, 2)
    for wanted in ((0, 1), (2, 3)):
        info, message = await refusal_of(ask(house, ANN, *wanted))
        assert (info.reason, info.metadata["booking_id"]) == ("SEATS_UNAVAILABLE", booking.id)
        own = [house.seat_ids[number] for number in wanted if number < 3]
        assert info.metadata["seat_ids"] == ",".join(own)
        assert "your own booking, which waits for its payment" in message
    assert len(await house.db.fetch("SELECT FROM bookings")) == 1


@pytest.mark.parametrize("ask", [hold, House.book])
async def test_nobody_is_told_of_the_booking_of_another(house: House, ask: Any) -> None:
    await house.book(ANN, 0)
    await house.confirmed(ANN, 1)
    await hold(house, ANN, 2)
    for wanted in (0, 1, 2):
        info, message = await refusal_of(ask(house, BOB, wanted))
        assert dict(info.metadata) == {"seat_ids": house.seat_ids[wanted]}
        assert message == "Some of these seats are taken: choose others."


async def test_where_others_have_seats_too_all_are_named_and_the_own_booking(house: House) -> None:
    mine, others = await house.book(ANN, 0), await house.confirmed(BOB, 1)
    info, message = await refusal_of(house.book(ANN, 0, 1, 2))
    assert info.metadata["seat_ids"] == ",".join(house.seat_ids[:2])
    assert info.metadata["booking_id"] == mine.id != others.id
    assert "waits for its payment" in message


async def test_a_booking_that_waits_comes_before_one_that_is_paid(house: House) -> None:
    paid, waiting = await house.confirmed(ANN, 0), await house.book(ANN, 1)
    assert (await refused(house.book(ANN, 0, 1))).metadata["booking_id"] == waiting.id
    info, message = await refusal_of(house.book(ANN, 0, 2))
    assert info.metadata["booking_id"] == paid.id
    assert "your own booking, which is paid" in message


async def test_an_own_booking_that_has_ended_keeps_no_seat_from_its_user(house: House) -> None:
    lapsed, cancelled = await house.book(ANN, 0), await house.book(ANN, 1)
    await cancel(house, cancelled)
    await house.relay()
    await move_clocks(house, "16 minutes")
    again = await house.book(ANN, 0, 1)
    assert again.id not in (lapsed.id, cancelled.id)


async def seat_map(house: House, user: UUID | None) -> inventory_pb2.SeatMap:
    request = inventory_pb2.GetSeatMapRequest(show_id=house.show_id, user_id=str(user) if user else "")
    seats: inventory_pb2.SeatMap = await house.seats.GetSeatMap(request)
    summary = seats.summary
    others = (summary.available, summary.booked, summary.held, summary.held_by_me, summary.blocked)
    assert summary.total == sum(others) + summary.reserved_by_me == len(seats.seats)
    return seats


def shown(seats: inventory_pb2.SeatMap, *numbers: int) -> list[str]:
    return [ShowSeat.Status.Name(seats.seats[number].status) for number in numbers]


async def test_the_map_shows_its_user_what_is_reserved_to_them_and_nobody_else(house: House) -> None:
    booking = await house.book(ANN, 0, 1)
    await hold(house, ANN, 2)
    await house.confirmed(ANN, 3)
    mine = await seat_map(house, ANN)
    assert shown(mine, 0, 1, 2, 3, 4) == ["RESERVED_BY_ME", "RESERVED_BY_ME", "HELD_BY_ME", "BOOKED", "AVAILABLE"]
    assert (mine.summary.reserved_by_me, mine.summary.held_by_me, mine.summary.booked) == (2, 1, 1)
    assert mine.seats[0].expires_at == booking.expires_at
    for other in (BOB, None):
        seats = await seat_map(house, other)
        assert shown(seats, 0, 1, 2, 3) == ["BOOKED", "BOOKED", "HELD", "BOOKED"]
        assert (seats.summary.reserved_by_me, seats.summary.booked) == (0, 3)


async def test_what_was_reserved_to_a_user_is_so_until_it_is_paid_given_up_or_over(house: House) -> None:
    paid, given_up, _ = [await house.book(ANN, number) for number in range(3)]
    assert shown(await seat_map(house, ANN), 0, 1, 2) == ["RESERVED_BY_ME"] * 3
    await house.capture(paid)
    await cancel(house, given_up)
    await house.relay()
    assert shown(await seat_map(house, ANN), 0, 1, 2) == ["BOOKED", "AVAILABLE", "RESERVED_BY_ME"]
    await move_clocks(house, "16 minutes")
    after = await seat_map(house, ANN)
    assert (shown(after, 0, 1, 2), after.summary.reserved_by_me) == (["BOOKED", "AVAILABLE", "AVAILABLE"], 0)


async def listed(house: House, **filters: Any) -> list[str]:
    """Return the bookings of Ann that are listed, page by page."""
    ids, token = list[str](), ""
    while True:
        request = pb.ListBookingsRequest(user_id=str(ANN), page_size=1, page_token=token, **filters)
        page = await house.bookings.ListBookings(request)
        ids += [booking.id for booking in page.bookings]
        if not (token := page.next_page_token):
            return ids


async def test_bookings_are_listed_by_show_and_by_status(house: House) -> None:
    pending, confirmed, cancelled, refunded = [await house.book(ANN, number) for number in range(4)]
    await house.book(BOB, 5)
    await cancel(house, cancelled)
    for one in (confirmed, refunded):
        await house.capture(one)
    await house.bookings.RefundBooking(pb.RefundBookingRequest(booking_id=refunded.id, user_id=str(ANN)))
    of_status = {
        pb.Booking.PENDING: [pending.id],
        pb.Booking.CONFIRMED: [confirmed.id],
        pb.Booking.CANCELLED: [cancelled.id],
        pb.Booking.REFUNDED: [refunded.id],
        pb.Booking.EXPIRED: [],
    }
    for status, ids in of_status.items():
        assert await listed(house, status=status) == ids
        assert await listed(house, status=status, show_id=house.show_id.upper()) == ids
        assert await listed(house, status=status, show_id=str(uuid4())) == []
    assert await listed(house, show_id=house.show_id) == [refunded.id, cancelled.id, confirmed.id, pending.id]
    page = await house.bookings.ListBookings(pb.ListBookingsRequest(user_id=str(ANN), page_size=1))
    other = pb.ListBookingsRequest(user_id=str(ANN), page_token=page.next_page_token, status=pb.Booking.PENDING)
    assert (await refused(house.bookings.ListBookings(other))).reason == "INVALID_FIELD"
