"""Invoices, and what corrects them, as papers: what they say. No I/O, no clock."""

from collections.abc import Sequence

from boxoffice.booking.v1 import invoices_pb2 as pb

from services.booking.bookings.domain import Booking
from services.booking.invoices.look import Document
from services.booking.invoices.messages import render
from services.booking.papers.words import LABELS, visible
from services.booking.papers.workshop import Paper
from services.booking.taxes.domain import INDIA
from services.booking.taxes.gstin import STATES
from services.chassis.values.currencies import money
from services.chassis.values.spoken import day, spoken

_GIVEN_BACK = (pb.Invoice.CREDIT_NOTE, pb.Invoice.REFUND_RECEIPT)


def paper(booking: Booking, document: Document, corrected: Document | None, language: str) -> Paper:
    """Return a document as a paper, with the number of the one that it corrects."""
    said, told = LABELS[language], render(document)
    heading = said[document.kind]
    kinds = sorted({tax.kind for tax in told.taxes})
    codes = any(line.sac_code for line in told.lines)
    columns = [said["DESCRIPTION"], *([said["SAC"]] if codes else []), said["TAXABLE"]]
    columns += [*(_tax(kind, language) for kind in kinds), said["AMOUNT"]]
    sums = [(said["TAXABLE"], money(told.taxable_amount, told.currency))] if told.taxes else []
    sums += [
        (f"{_tax(tax.kind, language)} {_rate(tax.basis_points)}", money(tax.amount, told.currency))
        for tax in told.taxes
    ]
    total = said["REFUNDED"] if told.kind in _GIVEN_BACK else said["TOTAL"]
    return Paper(
        template="invoice",
        data={
            "title": f"{heading} {document.number}",
            "language": language,
            "heading": heading,
            "seller": _seller(document, language),
            "facts": _facts(booking, document, corrected, language),
            "columns": columns,
            "lines": [_line(line, kinds, codes, told.currency) for line in told.lines],
            "sums": sums,
            "total": (total, money(told.total_amount, told.currency)),
            "footer": f"{heading} {document.number}",
        },
        at=document.issued_at,
    )


def _seller(document: Document, language: str) -> list[str]:
    seller = document.seller
    number = "GSTIN" if seller.country == INDIA else LABELS[language]["TAX_NUMBER"]
    lines = [
        seller.legal_name,
        seller.address,
        *([STATES[seller.state]] if seller.state in STATES else []),
    ]
    return [visible(each) for each in lines] + ([f"{number}: {seller.tax_number}"] if seller.tax_number else [])


def _facts(booking: Booking, document: Document, corrected: Document | None, language: str) -> list[tuple[str, str]]:
    said, show, place = LABELS[language], booking.show, document.place_of_supply
    facts = [
        (said["NUMBER"], document.number),
        (said["DATE"], _day(document, language)),
        (said["CORRECTS"], f"{corrected.number}, {_day(corrected, language)}" if corrected else ""),
        (said["PLACE_OF_SUPPLY"], f"{place} {STATES[place]}" if place in STATES else ""),
        (said["BOOKING"], booking.booking_number),
        (said["SHOW"], visible(show.title)),
        (said["PLACE"], ", ".join(visible(part) for part in (show.theatre, show.city) if part)),
        (said["TIME"], spoken(show.starts_at, show.time_zone or "", language)),
    ]
    return [(label, it) for label, it in facts if it]


def _day(document: Document, language: str) -> str:
    return day(document.issued_at, document.seller.time_zone, language)


def _line(
    line: pb.Invoice.Line, kinds: Sequence[pb.Invoice.TaxKind.ValueType], codes: bool, currency: str
) -> list[str]:
    taxes = {tax.kind: tax.amount for tax in line.taxes}
    return [
        visible(line.description),
        *([line.sac_code] if codes else []),
        money(line.taxable_amount, currency),
        *(money(taxes.get(kind, 0), currency) for kind in kinds),
        money(line.total_amount, currency),
    ]


def _tax(kind: pb.Invoice.TaxKind.ValueType, language: str) -> str:
    """Return what a kind of tax is called: those of India have their names in every language."""
    return LABELS[language]["TAX"] if kind == pb.Invoice.TAX else pb.Invoice.TaxKind.Name(kind)


def _rate(basis_points: int) -> str:
    return f"{basis_points / 100:g} %"
