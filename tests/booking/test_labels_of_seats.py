"""A booking says of its seats what people read on them, and what is special about them."""

from typing import Any
from uuid import uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.inventory.v1.seat_pb2 import Seat

from tests.booking.house import House
from tests.booking.test_own_claims import hold, refusal_of

ANN = uuid4()
SAY = """
    UPDATE show_seats s SET
        label = CASE number WHEN 1 THEN '12A' WHEN 2 THEN '14' END,
        features = CASE number WHEN 1 THEN '{WHEELCHAIR,RESTRICTED_VIEW}'::text[] WHEN 2 THEN '{COMPANION}' END,
        companion_of = CASE number WHEN 2 THEN (SELECT id FROM show_seats w WHERE w.number = 1) END
"""


def told(seats: Any) -> list[Any]:
    return [(seat.number, seat.label, list(seat.features)) for seat in seats]


async def test_a_booking_keeps_labels_and_features_of_its_seats(house: House) -> None:
    await house.inventory_db.execute(SAY)
    said = [(1, "12A", [Seat.WHEELCHAIR, Seat.RESTRICTED_VIEW]), (2, "14", [Seat.COMPANION]), (3, "3", [])]
    request = pb.QuoteBookingRequest(show_id=house.show_id, show_seat_ids=house.seat_ids[:3], user_id=str(ANN))
    assert told((await house.bookings.QuoteBooking(request)).seats) == said
    booking = await house.book(ANN, 0, 1, 2)
    assert told(booking.seats) == said
    assert list(booking.seat_labels) == ["Stalls A12A", "Stalls A14", "Stalls A3"]
    await house.capture(booking)
    assert told((await house.get(booking.id)).seats) == said
    [listed] = (await house.bookings.ListBookings(pb.ListBookingsRequest(user_id=str(ANN)))).bookings
    assert told(listed.seats) == said


@pytest.mark.parametrize("ask", [hold, House.book])
async def test_a_companions_seat_alone_is_neither_held_nor_booked(house: House, ask: Any) -> None:
    await house.inventory_db.execute(SAY)
    info, message = await refusal_of(ask(house, ANN, 1, 2))
    assert (info.reason, dict(info.metadata)) == ("COMPANION_SEAT_ALONE", {"seat_ids": house.seat_ids[1]})
    assert "take them with the wheelchair seat" in message
    assert not await house.db.fetch("SELECT FROM bookings")
