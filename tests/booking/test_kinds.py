"""Kinds of tickets: what they cost, how many of a booking may have them, and where they are shown."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest
from boxoffice.booking.v1 import booking_pb2, invoices_pb2
from boxoffice.booking.v1 import tariffs_pb2 as pb
from boxoffice.inventory.v1 import inventory_pb2, seat_pb2

from tests.booking.house import ANN, BOB, House, move_clocks, refused
from tests.booking.sellers import sold_by
from tests.cases import all_cases

PRICE = 25_001
CHILD = pb.Kind(kind="CHILD", basis_points=5_000, at_most=2)
STUDENT = pb.Kind(kind="STUDENT", price=9_900)


async def set_kinds(house: House, *kinds: pb.Kind) -> pb.ShowKinds:
    return await house.tariffs.SetShowKinds(pb.SetShowKindsRequest(show_id=house.show_id, kinds=kinds))


def asked(house: House, user: UUID, kinds: Sequence[str], *numbers: int) -> dict[str, Any]:
    seats = [house.seat_ids[number] for number in numbers]
    return {"user_id": str(user), "show_id": house.show_id, "show_seat_ids": seats, "kinds": kinds}


async def quoted(house: House, kinds: Sequence[str], *numbers: int, **more: Any) -> booking_pb2.QuoteBookingResponse:
    request = booking_pb2.QuoteBookingRequest(**asked(house, ANN, kinds, *numbers), **more)
    return await house.bookings.QuoteBooking(request)


async def booked(house: House, user: UUID, kinds: Sequence[str], *numbers: int, **more: Any) -> booking_pb2.Booking:
    request = booking_pb2.CreateBookingRequest(**asked(house, user, kinds, *numbers), **more)
    return await house.bookings.CreateBooking(request)


async def hold(house: House, *numbers: int) -> None:
    seats = [house.seat_ids[number] for number in numbers]
    await house.seats.HoldSeats(
        inventory_pb2.HoldSeatsRequest(user_id=str(ANN), show_id=house.show_id, show_seat_ids=seats)
    )


async def test_kinds_are_set_anew_and_read_as_they_were_set_last(house: House) -> None:
    request = pb.GetShowKindsRequest(show_id=house.show_id)
    assert await house.tariffs.GetShowKinds(request) == pb.ShowKinds(show_id=house.show_id)
    for_vips = pb.Kind(kind="CHILD", tier=seat_pb2.Seat.VIP, price=0)
    made = await set_kinds(house, CHILD, for_vips, STUDENT)
    assert list(made.kinds) == [CHILD, for_vips, STUDENT]
    assert await house.tariffs.GetShowKinds(request) == made
    await set_kinds(house)
    assert not (await house.tariffs.GetShowKinds(request)).kinds


async def test_what_is_no_kind_is_refused_with_its_field(house: House) -> None:
    with all_cases() as case:
        for field, kinds in (
            ("kinds[0].kind", [pb.Kind(kind="ADULT", price=1)]),
            ("kinds[0].kind", [pb.Kind(kind="child", price=1)]),
            ("kinds[0]", [pb.Kind(kind="CHILD")]),
            ("kinds[0]", [pb.Kind(kind="CHILD", price=1, basis_points=1)]),
            ("kinds[0].basisPoints", [pb.Kind(kind="CHILD", basis_points=10_001)]),
            ("kinds[0].atMost", [pb.Kind(kind="CHILD", price=1, at_most=0)]),
            ("kinds[1]", [CHILD, CHILD]),
        ):
            with case(field):
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await set_kinds(house, *kinds)
                assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
                assert (error.value.details() or "").startswith(field)
        for method, request in (
            ("SetShowKinds", pb.SetShowKindsRequest(show_id=str(uuid4()))),
            ("GetShowKinds", pb.GetShowKindsRequest(show_id=str(uuid4()))),
        ):
            with case(method):
                assert (await refused(getattr(house.tariffs, method)(request))).reason == "SHOW_NOT_FOUND"
    assert await house.db.fetch("SELECT FROM show_kinds") == []


async def test_each_seat_costs_what_its_kind_does_and_the_line_says_so(house: House) -> None:
    await set_kinds(house, CHILD, STUDENT)
    kinds = ["CHILD", "ADULT", "STUDENT"]
    quote = await quoted(house, kinds, 0, 1, 2)
    # Half of 250.01 is rounded up.
    assert [(seat.kind, seat.price) for seat in quote.seats] == [
        ("CHILD", 12_501),
        ("ADULT", PRICE),
        ("STUDENT", 9_900),
    ]
    assert quote.total_amount == quote.final_amount == 12_501 + PRICE + 9_900
    booking = await booked(house, ANN, kinds, 0, 1, 2, expected_total=quote.final_amount)
    assert list(booking.seats) == list(quote.seats)
    await set_kinds(house)
    await house.capture(booking, amount=quote.final_amount)
    seen = await house.get(booking.id)
    [listed] = (await house.bookings.ListBookings(booking_pb2.ListBookingsRequest(user_id=str(ANN)))).bookings
    for seat in (*seen.seats, *listed.seats):
        seat.ClearField("ticket_id")
    assert (seen.status, list(seen.seats)) == (booking_pb2.Booking.CONFIRMED, list(quote.seats))
    assert list(listed.seats) == list(quote.seats)
    request = booking_pb2.RefundBookingRequest(
        booking_id=booking.id, user_id=str(ANN), show_seat_ids=[house.seat_ids[0]]
    )
    assert (await house.bookings.RefundBooking(request)).refund_amount == 12_501


async def test_who_chooses_no_kind_has_tickets_for_adults(house: House) -> None:
    await set_kinds(house, CHILD)
    booking = await house.book(ANN, 0)
    assert [(seat.kind, seat.price) for seat in booking.seats] == [("ADULT", PRICE)]


async def test_the_price_of_the_tier_counts_before_that_of_all_tiers(house: House) -> None:
    regular = pb.Kind(kind="CHILD", tier=seat_pb2.Seat.REGULAR, price=777)
    await set_kinds(house, CHILD, regular, pb.Kind(kind="SENIOR", tier=seat_pb2.Seat.VIP, price=1))
    assert (await quoted(house, ["CHILD"], 0)).total_amount == 777
    refusal = await refused(quoted(house, ["SENIOR"], 0))
    assert (refusal.reason, refusal.metadata["kind"], refusal.metadata["seat_id"]) == (
        "KIND_NOT_OFFERED",
        "SENIOR",
        house.seat_ids[0],
    )


async def test_what_cannot_be_had_is_refused_before_seats_are_taken_and_holds_stay(house: House) -> None:
    await set_kinds(house, CHILD)
    await hold(house, 0, 1, 2)
    for call in (quoted(house, ["CHILD"] * 3, 0, 1, 2), booked(house, ANN, ["CHILD"] * 3, 0, 1, 2)):
        refusal = await refused(call)
        assert (refusal.reason, refusal.metadata["limit"]) == ("KIND_LIMIT_EXCEEDED", "2")
    assert (await refused(booked(house, ANN, ["CREW"], 0))).reason == "KIND_NOT_OFFERED"
    for call in (quoted(house, ["CHILD"], 0, 1), booked(house, ANN, ["CHILD"], 0, 1)):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await call
        assert (error.value.details() or "").startswith("kinds: must name a kind for each seat")
    assert (await house.seat_statuses())[:4] == ["HELD"] * 3 + ["AVAILABLE"]
    assert await house.db.fetch("SELECT FROM bookings") == []
    assert (await booked(house, ANN, ["CHILD", "CHILD", "ADULT"], 0, 1, 2)).total_amount == 2 * 12_501 + PRICE


async def test_the_kinds_of_the_instant_of_the_hold_count(house: House) -> None:
    await set_kinds(house, CHILD)
    await hold(house, 0)
    await move_clocks(house, "1 minute")
    await set_kinds(house, pb.Kind(kind="CHILD", price=20_000))
    assert (await booked(house, ANN, ["CHILD"], 0)).final_amount == 12_501
    assert (await booked(house, BOB, ["CHILD"], 1)).final_amount == 20_000


async def test_discount_fees_and_tax_are_of_what_the_kind_costs_and_the_invoice_names_it(house: House) -> None:
    await sold_by(house)
    await set_kinds(house, CHILD)
    fee = pb.Fee(name="Fee", per=pb.Fee.TICKET, basis_points=1_000, refundable=True)
    await house.tariffs.SetShowFees(pb.SetShowFeesRequest(show_id=house.show_id, fees=[fee]))
    booking = await booked(house, ANN, ["CHILD", "ADULT"], 0, 1)
    assert [seat.fee for seat in booking.seats] == [1_250, 2_500]
    # 9 % of 412.52, twice.
    assert booking.tax_amount == 2 * 3_713
    await house.capture(booking)
    found = await house.invoices.GetInvoice(invoices_pb2.GetInvoiceRequest(booking_id=booking.id, user_id=str(ANN)))
    assert [line.description for line in found.invoice.lines] == ["Stalls A1 (CHILD)", "Stalls A2"]
