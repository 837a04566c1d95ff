"""Invoices: one for each ticket, numbered without a gap, with dates that never go back; and what corrects them."""

import asyncio
import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from boxoffice.booking.v1 import booking_pb2
from boxoffice.booking.v1 import invoices_pb2 as pb
from google.protobuf.timestamp_pb2 import Timestamp

from services.booking.captures.operation import FinishConfirming
from services.chassis.store.database import READ_CLOCK
from tests.booking.house import ANN, BOB, House, move_clocks, refused
from tests.booking.sellers import seller_request, sold_by

PRICE = 25_001
EVER = {"from": Timestamp(seconds=946_684_801), "to": Timestamp(seconds=4_102_444_799)}


async def bought(house: House, user: UUID, *numbers: int) -> booking_pb2.Booking:
    booking = await house.book(user, *numbers)
    await house.capture(booking, amount=booking.final_amount)
    assert await house.status(booking.id) == "CONFIRMED"
    return booking


async def documents(house: House, booking: booking_pb2.Booking) -> pb.GetInvoiceResponse:
    return await house.invoices.GetInvoice(pb.GetInvoiceRequest(booking_id=booking.id, user_id=booking.user_id))


async def refund(house: House, booking: booking_pb2.Booking) -> Any:
    request = booking_pb2.RefundBookingRequest(booking_id=booking.id, user_id=booking.user_id)
    return await house.bookings.RefundBooking(request)


def taxes(document: pb.Invoice) -> list[tuple[str, int, int, int]]:
    return [
        (pb.Invoice.TaxKind.Name(tax.kind), tax.basis_points, tax.taxable_amount, tax.amount) for tax in document.taxes
    ]


async def test_a_confirmed_booking_has_an_invoice_with_its_lines_and_the_tax_by_kind(house: House) -> None:
    seller = await sold_by(house)
    booking = await bought(house, ANN, 0, 1)
    found = await documents(house, booking)
    invoice = found.invoice
    assert pb.Invoice.Kind.Name(invoice.kind) == "INVOICE"
    assert invoice.number.startswith("I/") and invoice.number.endswith("/1") and len(invoice.number) <= 16
    assert (invoice.seller, invoice.place_of_supply, invoice.currency) == (seller, "27", "INR")
    assert taxes(invoice) == [("CGST", 900, 2 * PRICE, 4_500), ("SGST", 900, 2 * PRICE, 4_500)]
    assert [(line.description, line.sac_code, line.total_amount) for line in invoice.lines] == [
        ("Stalls A1", "999614", PRICE + 4_500),
        ("Stalls A2", "999614", PRICE + 4_500),
    ]
    assert (invoice.taxable_amount, invoice.tax_amount) == (2 * PRICE, 9_000)
    assert invoice.total_amount == booking.final_amount == 2 * PRICE + 9_000
    assert list(found.corrections) == []
    # A name of later is on later documents.
    await house.taxes.SetSeller(seller_request(seller.id, legal_name="Regal Limited"))
    assert (await documents(house, booking)).invoice == invoice
    assert (await documents(house, await bought(house, BOB, 2))).invoice.seller.legal_name == "Regal Limited"


async def test_in_another_state_the_invoice_has_igst_and_without_a_number_it_is_a_receipt(house: House) -> None:
    await sold_by(house, place="29")
    assert taxes((await documents(house, await bought(house, ANN, 0))).invoice) == [("IGST", 1800, PRICE, 4_500)]
    await sold_by(house, tax_number="")
    receipt = (await documents(house, await bought(house, BOB, 1))).invoice
    assert (pb.Invoice.Kind.Name(receipt.kind), taxes(receipt), receipt.total_amount) == ("RECEIPT", [], PRICE)
    assert receipt.number.startswith("R/")


async def test_there_is_no_invoice_before_a_ticket_nor_where_nobody_sells_nor_for_others(house: House) -> None:
    free = await bought(house, ANN, 0)
    await sold_by(house)
    pending = await house.book(ANN, 1)
    for booking in (free, pending):
        assert (await refused(documents(house, booking))).reason == "INVOICE_NOT_FOUND"
    sold = await bought(house, ANN, 2)
    others = pb.GetInvoiceRequest(booking_id=sold.id, user_id=str(BOB))
    assert (await refused(house.invoices.GetInvoice(others))).reason == "BOOKING_NOT_FOUND"
    [row] = await house.db.fetch("SELECT count(*) AS invoices FROM invoices")
    assert row.invoices == 1


async def test_many_at_once_have_numbers_without_a_gap_and_dates_in_their_order(house: House) -> None:
    await sold_by(house)
    booked = [await house.book(uuid4(), number) for number in range(12)]
    await asyncio.gather(*(house.capture(booking, amount=booking.final_amount) for booking in booked))
    rows = await house.db.fetch("SELECT sequence, issued_at, number FROM invoices ORDER BY sequence")
    assert [row.sequence for row in rows] == list(range(1, 13))
    assert [row.issued_at for row in rows] == sorted(row.issued_at for row in rows)
    assert [row.number.split("/")[2] for row in rows] == [str(number) for number in range(1, 13)]


async def test_a_number_is_taken_with_the_ticket_or_not_at_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await sold_by(house)
    booking = await house.book(ANN, 0)
    write = FinishConfirming.write

    async def fails(self: FinishConfirming, tx: Any, state: Any) -> None:
        await write(self, tx, state)
        raise RuntimeError("before COMMIT")

    with monkeypatch.context() as patched:
        patched.setattr(FinishConfirming, "write", fails)
        await refused(house.capture(booking, amount=booking.final_amount))
    assert await house.db.fetch("SELECT FROM invoices") == []
    await move_clocks(house, "5 minutes")
    await house.saga.recover_once()
    assert await house.status(booking.id) == "CONFIRMED"
    assert (await documents(house, booking)).invoice.number.endswith("/1")


async def test_a_clock_that_is_set_back_changes_neither_dates_nor_numbers(house: House) -> None:
    await sold_by(house)
    first = (await documents(house, await bought(house, ANN, 0))).invoice
    await move_clocks(house, "-1 hour")
    second = (await documents(house, await bought(house, BOB, 1))).invoice
    assert second.issued_at == first.issued_at
    assert [one.number[-2:] for one in (first, second)] == ["/1", "/2"]


async def test_a_new_financial_year_begins_with_one(house: House) -> None:
    await sold_by(house)
    first = (await documents(house, await bought(house, ANN, 0))).invoice
    await house.db.execute("UPDATE invoice_series SET year = year - 1, last_number = 41, last_at = NULL")
    await house.db.execute("UPDATE invoices SET year = year - 1, sequence = 41, number = 'I/0001/41'")
    second = (await documents(house, await bought(house, BOB, 1))).invoice
    assert second.number == first.number


@pytest.mark.parametrize("starts_in", [timedelta(days=3), timedelta(hours=5)])
async def test_a_refund_has_its_credit_note_and_what_is_left_is_what_was_kept(
    house: House, starts_in: timedelta
) -> None:
    await sold_by(house, included=True)
    booking = await bought(house, ANN, 0, 1, 2)
    answer = await refund(house, booking)
    found = await documents(house, booking)
    [note] = found.corrections
    assert (pb.Invoice.Kind.Name(note.kind), note.corrects) == ("CREDIT_NOTE", found.invoice.id)
    assert note.number.startswith("C/") and note.number.endswith("/1")
    assert note.total_amount == answer.refund_amount
    assert sum(line.total_amount for line in note.lines) == note.total_amount
    for kind, _, _, amount in taxes(note):
        [whole] = [one.amount for one in found.invoice.taxes if pb.Invoice.TaxKind.Name(one.kind) == kind]
        if answer.refund_percentage == 100:
            assert amount == whole
        else:
            assert abs(2 * amount - whole) <= 2 * len(note.lines)
    kept = found.invoice.total_amount - note.total_amount
    assert kept == booking.final_amount - answer.refund_amount


async def test_a_receipt_is_corrected_by_a_receipt_of_the_refund(house: House) -> None:
    await sold_by(house, tax_number="")
    booking = await bought(house, ANN, 0)
    await refund(house, booking)
    [note] = (await documents(house, booking)).corrections
    assert (pb.Invoice.Kind.Name(note.kind), note.number[:2]) == ("REFUND_RECEIPT", "F/")


async def test_an_export_has_a_row_for_each_document_and_says_how_many(house: House) -> None:
    seller = await sold_by(house)
    booking = await bought(house, ANN, 0, 1)
    await refund(house, booking)
    body = await house.invoices.ExportInvoices(pb.ExportInvoicesRequest(seller_id=seller.id, **EVER))
    assert body.content_type == "text/csv; charset=utf-8"
    assert body.data.startswith(b"\xef\xbb\xbf") and body.data.endswith(b"\r\n# end,2\r\n")
    note, invoice = list(csv.DictReader(io.StringIO(body.data.decode("utf-8-sig"), newline="")))[:2]
    number = (await documents(house, booking)).invoice.number
    assert (invoice["Document Number"], note["Original Invoice Number"]) == (number, number)
    assert [row["Document Type"] for row in (invoice, note)] == ["Invoice", "Credit Note"]
    assert invoice["Place Of Supply"] == "27-Maharashtra"
    amounts = ("Rate", "Taxable Value", "Central Tax Amount", "State/UT Tax Amount", "Document Value")
    assert [invoice[name] for name in amounts] == ["18.00", "500.02", "45.00", "45.00", "590.02"]
    [clock] = await house.db.fetch(READ_CLOCK)
    later = Timestamp()
    later.FromDatetime(clock.now + timedelta(days=1))
    empty = pb.ExportInvoicesRequest(seller_id=seller.id, **EVER | {"from": later})
    assert (await house.invoices.ExportInvoices(empty)).data.endswith(b"\r\n# end,0\r\n")
    unknown = pb.ExportInvoicesRequest(seller_id=str(uuid4()), **EVER)
    assert (await refused(house.invoices.ExportInvoices(unknown))).reason == "SELLER_NOT_FOUND"


async def test_a_period_with_too_many_rows_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    seller = await sold_by(house)
    for number in range(2):
        await bought(house, uuid4(), number)
    monkeypatch.setattr("services.booking.invoices.look.MAX_ROWS", 1)
    info = await refused(house.invoices.ExportInvoices(pb.ExportInvoicesRequest(seller_id=seller.id, **EVER)))
    assert (info.reason, info.metadata["limit"]) == ("EXPORT_TOO_LARGE", "1")
