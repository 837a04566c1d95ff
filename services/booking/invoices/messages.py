"""Documents as messages, and as entries of an export."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from boxoffice.booking.v1 import invoices_pb2 as pb

from services.booking.invoices.domain import InvoiceLine
from services.booking.invoices.look import Document, Period
from services.booking.taxes.messages import render_seller
from services.chassis.errors import InvalidField
from services.chassis.wire.times import to_timestamp

Tax = pb.Invoice.Tax


def response(documents: Sequence[Document]) -> pb.GetInvoiceResponse:
    """Render a booking's documents; the first is what the others correct."""
    first, *corrections = map(render, documents)
    return pb.GetInvoiceResponse(invoice=first, corrections=corrections)


def render(document: Document) -> pb.Invoice:
    """Render a document."""
    return pb.Invoice(
        id=str(document.id),
        kind=pb.Invoice.Kind.Value(document.kind),
        number=document.number,
        issued_at=to_timestamp(document.issued_at),
        booking_id=str(document.booking_id),
        corrects=str(document.corrects or ""),
        seller=render_seller(document.seller),
        place_of_supply=document.place_of_supply,
        currency=document.currency,
        lines=map(_line, document.lines),
        taxes=_sums(document.lines),
        taxable_amount=document.taxable_amount,
        tax_amount=document.tax_amount,
        total_amount=document.total_amount,
    )


def _line(line: InvoiceLine) -> pb.Invoice.Line:
    return pb.Invoice.Line(
        description=line.description,
        sac_code=line.sac_code,
        taxable_amount=line.taxable_amount,
        taxes=_taxes(line),
        total_amount=line.total_amount,
    )


def _taxes(line: InvoiceLine) -> Iterator[Tax]:
    """Yield the parts of a line's tax that are not nothing."""
    half = line.basis_points // 2
    for kind, rate, amount in (
        (pb.Invoice.CGST, half, line.cgst_amount),
        (pb.Invoice.SGST, half, line.sgst_amount),
        (pb.Invoice.IGST, line.basis_points, line.igst_amount),
        (pb.Invoice.TAX, line.basis_points, line.other_tax_amount),
    ):
        if amount:
            yield Tax(kind=kind, basis_points=rate, taxable_amount=line.taxable_amount, amount=amount)


def _sums(lines: Sequence[InvoiceLine]) -> list[Tax]:
    """Return the tax of all lines, by kind and rate."""
    sums: dict[tuple[int, int], Tax] = {}
    for tax in (tax for line in lines for tax in _taxes(line)):
        whole = sums.setdefault((tax.kind, tax.basis_points), Tax(kind=tax.kind, basis_points=tax.basis_points))
        whole.taxable_amount += tax.taxable_amount
        whole.amount += tax.amount
    return [sums[key] for key in sorted(sums)]


def parse_period(request: pb.ExportInvoicesRequest) -> Period:
    """Return the period that a request asks for; raise InvalidField."""
    begin, end = (_time(request, name) for name in ("from", "to"))
    if end <= begin:
        raise InvalidField(("to", "must be after from"))
    return Period(UUID(request.seller_id), begin, end)


def _time(request: pb.ExportInvoicesRequest, name: str) -> datetime:
    time: datetime = getattr(request, name).ToDatetime(UTC)
    return time
