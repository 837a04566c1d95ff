"""Documents, as they are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.booking.errors import ExportTooLarge, InvoiceNotFound
from services.booking.invoices import statements as sql
from services.booking.invoices.domain import DocumentKind, InvoiceLine
from services.booking.invoices.gstr1 import Entry
from services.booking.taxes.domain import Seller
from services.chassis.store.database import Database, retried
from services.chassis.store.rows import Row, read


@dataclass(frozen=True, slots=True)
class Document:
    """A document, whole."""

    id: UUID
    kind: DocumentKind
    number: str
    issued_at: datetime
    booking_id: UUID
    corrects: UUID | None
    seller: Seller
    """As it was then."""
    place_of_supply: str
    currency: str
    taxable_amount: int
    tax_amount: int
    total_amount: int
    lines: Sequence[InvoiceLine]


@retried
async def documents_of(db: Database, booking_id: UUID) -> list[Document]:
    """Return a booking's invoice or receipt, and then what corrects it; raise InvoiceNotFound."""
    named = {"booking_id": booking_id}
    found, lines = await db.fetch_all((sql.DOCUMENTS_OF_BOOKING, named), (sql.LINES_OF_DOCUMENTS, named))
    if not found:
        raise InvoiceNotFound()
    of: dict[UUID, list[InvoiceLine]] = {row.id: [] for row in found}
    for row, line in zip(lines, read(InvoiceLine, lines), strict=True):
        if row.invoice_id in of:
            of[row.invoice_id].append(line)
    return [_document(row, of[row.id]) for row in found]


MAX_ROWS = 10_000
"""Of one export: with the longest titles they are less than what gRPC's clients read."""


@dataclass(frozen=True, slots=True)
class Period:
    """A seller's documents that are asked for: issued from `begin` on, and before `end`."""

    seller_id: UUID
    begin: datetime
    end: datetime


@retried
async def entries_of(db: Database, period: Period) -> list[Entry]:
    """Return the entries of a period, in the order of their documents' kinds and numbers; raise ExportTooLarge."""
    named = {"seller_id": period.seller_id, "begin": period.begin, "end": period.end, "limit": MAX_ROWS + 1}
    found = read(Entry, await db.fetch(sql.ENTRIES, named))
    if len(found) > MAX_ROWS:
        raise ExportTooLarge(limit=str(MAX_ROWS))
    return found


def _document(row: Row, lines: Sequence[InvoiceLine]) -> Document:
    return Document(
        id=row.id,
        kind=DocumentKind(row.kind),
        number=row.number,
        issued_at=row.issued_at,
        booking_id=row.booking_id,
        corrects=row.corrects,
        seller=Seller(
            id=row.seller_id,
            legal_name=row.legal_name,
            address=row.address,
            country=row.country,
            state=row.state,
            tax_number=row.tax_number,
            time_zone=row.time_zone,
            organization_id=row.organization_id,
        ),
        place_of_supply=row.place_of_supply,
        currency=row.currency,
        taxable_amount=row.taxable_amount,
        tax_amount=row.tax_amount,
        total_amount=row.total_amount,
        lines=lines,
    )
