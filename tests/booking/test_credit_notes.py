"""Credit notes of single seats: each refund of some seats has one, of these seats alone, and all of them add up."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.booking.v1 import invoices_pb2 as pb

from tests.booking.house import ANN, House, move_clocks
from tests.booking.sellers import sold_by
from tests.booking.test_invoices import PRICE, bought, documents, taxes


async def give_back(house: House, booking: booking_pb2.Booking, *numbers: int) -> booking_pb2.RefundBookingResponse:
    seats = [house.seat_ids[number] for number in numbers]
    request = booking_pb2.RefundBookingRequest(booking_id=booking.id, user_id=booking.user_id, show_seat_ids=seats)
    return await house.bookings.RefundBooking(request)


def by_kind(*found: pb.Invoice) -> Counter[tuple[str, int]]:
    """Return the tax of documents by kind and rate, and what is taxed."""
    sums: Counter[tuple[str, int]] = Counter()
    for document in found:
        for kind, rate, taxable, amount in taxes(document):
            sums[kind, rate] += amount
            sums[f"taxable by {kind}", rate] += taxable
    return sums


async def test_a_seat_that_is_given_back_has_a_note_of_its_line_alone(house: House) -> None:
    await sold_by(house)
    booking = await bought(house, ANN, 0, 1, 2)
    answer = await give_back(house, booking, 1)
    found = await documents(house, booking)
    [note] = found.corrections
    assert (pb.Invoice.Kind.Name(note.kind), note.corrects, note.booking_id) == (
        "CREDIT_NOTE",
        found.invoice.id,
        booking.id,
    )
    assert list(note.lines) == [found.invoice.lines[1]]
    assert note.total_amount == answer.refund_amount == PRICE + 4_500
    assert taxes(note) == [("CGST", 900, PRICE, 2_250), ("SGST", 900, PRICE, 2_250)]


@pytest.mark.parametrize("included", [False, True])
@pytest.mark.parametrize("place", ["27", "29"])
async def test_notes_of_all_seats_one_by_one_take_back_the_whole_invoice_in_every_kind_of_tax(
    house: House, included: bool, place: str
) -> None:
    await sold_by(house, included=included, place=place)
    booking = await bought(house, ANN, 0, 1, 2)
    for number in (2, 0, 1):
        await give_back(house, booking, number)
    found = await documents(house, booking)
    assert [note.number.rpartition("/")[2] for note in found.corrections] == ["1", "2", "3"]
    assert sorted(note.lines[0].description for note in found.corrections) == [f"Stalls A{n}" for n in (1, 2, 3)]
    assert by_kind(*found.corrections) == by_kind(found.invoice)
    assert sum(note.total_amount for note in found.corrections) == found.invoice.total_amount == booking.final_amount


@pytest.mark.parametrize("starts_in", [timedelta(days=2)])
async def test_notes_at_several_percentages_leave_what_was_kept(house: House) -> None:
    await sold_by(house)
    booking = await bought(house, ANN, 0, 1, 2)
    whole = await give_back(house, booking, 0)
    await move_clocks(house, "1 day 12 hours")
    halves = [await give_back(house, booking, number) for number in (1, 2)]
    assert [answer.refund_percentage for answer in (whole, *halves)] == [100, 50, 50]
    found = await documents(house, booking)
    amounts = [answer.refund_amount for answer in (whole, *halves)]
    assert [note.total_amount for note in found.corrections] == amounts
    for note in found.corrections:
        assert note.total_amount == note.taxable_amount + note.tax_amount == sum(it.total_amount for it in note.lines)
        assert [amount for _, _, _, amount in taxes(note)] in ([2_250, 2_250], [1_125, 1_125])
    kept = booking.final_amount - sum(amounts)
    assert found.invoice.total_amount - sum(note.total_amount for note in found.corrections) == kept
    assert kept == sum(refund.kept_amount for refund in (await house.get(booking.id)).refunds)


async def test_of_overlapping_wishes_at_once_only_those_that_win_have_notes(house: House) -> None:
    await sold_by(house)
    booking = await bought(house, ANN, 0, 1, 2)
    wishes = [(0, 1), (1, 2), (2,), (0,), (1,)] * 3
    await asyncio.gather(*(give_back(house, booking, *wish) for wish in wishes), return_exceptions=True)
    if await house.status(booking.id) == "CONFIRMED":
        await give_back(house, booking)
    found = await documents(house, booking)
    refunds = await house.db.fetch("SELECT id, amount FROM booking_refunds ORDER BY number")
    noted = await house.db.fetch("SELECT refund_id, total_amount FROM invoices WHERE corrects IS NOT NULL")
    assert {(row.refund_id, row.total_amount) for row in noted} == {(row.id, row.amount) for row in refunds}
    described = Counter(line.description for note in found.corrections for line in note.lines)
    assert described == {f"Stalls A{n}": 1 for n in (1, 2, 3)}
    rows = await house.db.fetch("SELECT sequence FROM invoices WHERE kind = 'CREDIT_NOTE' ORDER BY sequence")
    assert [row.sequence for row in rows] == list(range(1, len(found.corrections) + 1))
