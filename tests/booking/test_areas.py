"""Bookings of places of areas: priced, booked, paid, even late, and given back as seats are."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2 as pb
from boxoffice.booking.v1 import invoices_pb2, tariffs_pb2
from boxoffice.inventory.v1 import inventory_pb2
from boxoffice.inventory.v1.seat_pb2 import AreaPlaces

from tests.booking.house import House, move_clocks, refused
from tests.booking.sellers import sold_by
from tests.booking.test_own_claims import refusal_of

ANN, BOB = uuid4(), uuid4()
FLOOR = str(uuid4())
PRICE = 25_001


@pytest.fixture
async def floor(house: House) -> House:
    """Have all seats but the first two be places of an area."""
    await house.inventory_db.execute(
        "UPDATE show_seats SET area_id = %s, section = 'Floor', row = '', number = number - 2 WHERE number > 2",
        (UUID(FLOOR),),
    )
    return house


def places(quantity: int, area: str = FLOOR) -> list[AreaPlaces]:
    return [AreaPlaces(area_id=area, quantity=quantity)]


async def book(house: House, user: UUID, quantity: int, *seats: int, **more: Any) -> pb.Booking:
    request = pb.CreateBookingRequest(
        user_id=str(user),
        show_id=house.show_id,
        show_seat_ids=[house.seat_ids[number] for number in seats],
        areas=places(quantity),
        **more,
    )
    return await house.bookings.CreateBooking(request)


async def test_seats_and_places_are_quoted_and_booked_together(floor: House) -> None:
    quote = pb.QuoteBookingRequest(
        user_id=str(ANN), show_id=floor.show_id, show_seat_ids=floor.seat_ids[:1], areas=places(2)
    )
    quoted = await floor.bookings.QuoteBooking(quote)
    said = [("Stalls", "A", 1, "1"), ("Floor", "", 0, ""), ("Floor", "", 0, "")]
    assert [(seat.section, seat.row, seat.number, seat.label) for seat in quoted.seats] == said
    assert quoted.final_amount == 3 * PRICE
    booking = await book(floor, ANN, 2, 0, expected_total=quoted.final_amount)
    assert list(booking.seat_labels) == ["Stalls A1", "Floor", "Floor"]
    for found in (booking, await floor.get(booking.id)):
        assert [(seat.section, seat.row, seat.number, seat.label) for seat in found.seats] == said
    [listed] = (await floor.bookings.ListBookings(pb.ListBookingsRequest(user_id=str(ANN)))).bookings
    assert [seat.section for seat in listed.seats] == ["Stalls", "Floor", "Floor"]


async def test_each_place_has_its_kind_of_ticket(floor: House) -> None:
    kind = tariffs_pb2.Kind(kind="CHILD", basis_points=5_000)
    kinds = tariffs_pb2.SetShowKindsRequest(show_id=floor.show_id, kinds=[kind])
    await floor.tariffs.SetShowKinds(kinds)
    booking = await book(floor, ANN, 2, 0, kinds=["ADULT", "CHILD", "ADULT"])
    assert [(seat.section, seat.kind, seat.price) for seat in booking.seats] == [
        ("Stalls", "ADULT", PRICE),
        ("Floor", "CHILD", 12_501),
        ("Floor", "ADULT", PRICE),
    ]
    _, message = await refusal_of(book(floor, BOB, 2, kinds=["ADULT"]))
    assert "then for each place, in the order of areas" in message


async def test_an_invoice_names_the_area(floor: House) -> None:
    await sold_by(floor)
    booking = await book(floor, ANN, 1, 0)
    await floor.capture(booking)
    request = invoices_pb2.GetInvoiceRequest(booking_id=booking.id)
    lines = (await floor.invoices.GetInvoice(request)).invoice.lines
    assert [line.description for line in lines] == ["Stalls A1", "Floor"]


async def test_money_that_comes_late_buys_other_places_which_are_given_back(floor: House) -> None:
    booking = await book(floor, ANN, 2, 0)
    await move_clocks(floor, "20 minutes")
    assert await floor.status(booking.id) == "EXPIRED"
    hold = inventory_pb2.HoldSeatsRequest(show_id=floor.show_id, user_id=str(BOB), areas=places(5))
    held = {seat.id for seat in (await floor.seats.HoldSeats(hold)).seats}
    # The claim has lapsed, and of its places one is taken, as nobody has had only eight of the ten.
    hold.user_id, hold.areas[0].quantity = str(uuid4()), 4
    held |= {seat.id for seat in (await floor.seats.HoldSeats(hold)).seats}
    release = inventory_pb2.ReleaseHoldsRequest(user_id=str(BOB))
    assert held & {seat.id for seat in booking.seats}
    await floor.capture(booking)
    assert await floor.status(booking.id) == "EXPIRED", "one place is left, and two were booked"
    await floor.seats.ReleaseHolds(release)

    late = await book(floor, ANN, 2)
    await move_clocks(floor, "40 minutes")
    by_id = inventory_pb2.HoldSeatsRequest(show_id=floor.show_id, user_id=str(BOB), show_seat_ids=[late.seats[1].id])
    taken = {seat.id for seat in (await floor.seats.HoldSeats(by_id)).seats}
    await floor.capture(late)
    confirmed = await floor.get(late.id)
    assert pb.Booking.Status.Name(confirmed.status) == "CONFIRMED"
    assert not taken & {seat.id for seat in confirmed.seats}
    assert {seat.id for seat in confirmed.seats} != {seat.id for seat in late.seats}
    refund = pb.RefundBookingRequest(
        booking_id=late.id, user_id=str(ANN), show_seat_ids=[confirmed.seats[0].id], idempotency_key="one"
    )
    await floor.bookings.RefundBooking(refund)
    [row] = await floor.inventory_db.fetch(
        "SELECT status FROM show_seats WHERE id = %s", (UUID(confirmed.seats[0].id),)
    )
    assert row.status == "AVAILABLE"


async def test_guests_get_blocked_places(floor: House) -> None:
    block = inventory_pb2.BlockSeatsRequest(show_id=floor.show_id, areas=places(2), reason="friends")
    await floor.seats.BlockSeats(block)
    request = pb.BookGuestsRequest(
        show_id=floor.show_id, guest_user_id=str(ANN), guest_name="Ann", areas=places(2), idempotency_key="guests"
    )
    booking = await floor.bookings.BookGuests(request)
    assert (pb.Booking.Status.Name(booking.status), booking.final_amount) == ("CONFIRMED", 0)
    assert [seat.section for seat in booking.seats] == ["Floor"] * 2


async def test_areas_that_cannot_be_booked_are_named(floor: House) -> None:
    for areas, field in (
        (places(1, str(uuid4())), "areas[0].areaId"),
        (places(11), "areas[0].quantity"),
        ([*places(1), *places(2)], "areas[1].areaId"),
        ([], "showSeatIds"),
    ):
        for method, kind in (
            (floor.bookings.CreateBooking, pb.CreateBookingRequest),
            (floor.bookings.QuoteBooking, pb.QuoteBookingRequest),
        ):
            info, message = await refusal_of(method(kind(user_id=str(ANN), show_id=floor.show_id, areas=areas)))
            assert info.reason == "INVALID_FIELD" and field in message, message
    assert (await refused(book(floor, ANN, 7))).reason == "SEAT_LIMIT_EXCEEDED"
    assert not await floor.db.fetch("SELECT FROM bookings")
