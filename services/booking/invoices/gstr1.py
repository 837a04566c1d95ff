"""Documents as rows for India's return GSTR-1, as a file for spreadsheets. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from services.booking.invoices.domain import DocumentKind
from services.booking.taxes.gstin import STATES
from services.chassis.values import sheets
from services.chassis.values.currencies import DIGITS

COLUMNS = (
    "Document Type",
    "Document Number",
    "Document Date",
    "Original Invoice Number",
    "Original Invoice Date",
    "Supplier GSTIN",
    "Place Of Supply",
    "Reverse Charge",
    "SAC",
    "Description",
    "Currency",
    "Rate",
    "Taxable Value",
    "Integrated Tax Amount",
    "Central Tax Amount",
    "State/UT Tax Amount",
    "Cess Amount",
    "Document Value",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """All that one document has of one service at one rate."""

    kind: DocumentKind
    number: str
    issued_at: datetime
    corrects: str | None
    corrects_at: datetime | None
    tax_number: str
    time_zone: str
    place_of_supply: str
    sac_code: str
    title: str
    currency: str
    basis_points: int
    taxable_amount: int
    igst_amount: int
    cgst_amount: int
    sgst_amount: int
    total_amount: int
    """Of the whole document."""


def export(entries: Sequence[Entry]) -> bytes:
    """Return the file: a header, a row for each entry, and how many rows there are."""
    return sheets.BEGINNING + sheets.lines([COLUMNS, *map(_row, entries)]) + sheets.end(len(entries))


def _row(entry: Entry) -> list[str]:
    digits = DIGITS[entry.currency] or 0
    return [
        {DocumentKind.INVOICE: "Invoice", DocumentKind.CREDIT_NOTE: "Credit Note"}.get(entry.kind, "Receipt"),
        entry.number,
        _date(entry.issued_at, entry.time_zone),
        entry.corrects or "",
        _date(entry.corrects_at, entry.time_zone) if entry.corrects_at else "",
        entry.tax_number,
        f"{entry.place_of_supply}-{STATES[entry.place_of_supply]}" if entry.place_of_supply in STATES else "",
        "N",
        entry.sac_code,
        entry.title,
        entry.currency,
        sheets.decimal(entry.basis_points, 2),
        *(
            sheets.decimal(amount, digits)
            for amount in (entry.taxable_amount, entry.igst_amount, entry.cgst_amount, entry.sgst_amount, 0)
        ),
        sheets.decimal(entry.total_amount, digits),
    ]


def _date(at: datetime, zone: str) -> str:
    """Write a day as the return does: 05-Apr-2026."""
    local = at.astimezone(ZoneInfo(zone))
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{local.day:02}-{months[local.month - 1]}-{local.year:04}"
