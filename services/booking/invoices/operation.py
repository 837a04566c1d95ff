"""Documents: issued in the transaction that keeps the money or decides to give it back.

A series is locked after the bookings, by whoever takes its next number. The clock is read after that lock, so that
dates of a series never go back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.booking.bookings.domain import Booking
from services.booking.invoices import statements as sql
from services.booking.invoices.domain import DocumentKind, InvoiceLine, Series, lines_of_parts, number
from services.booking.pricing.domain import split
from services.chassis.ids import new_id
from services.chassis.store.database import READ_CLOCK, Statement, Transaction
from services.chassis.store.rows import Row, columns, read


@dataclass(frozen=True, slots=True)
class Taken:
    """A document's number."""

    id: UUID
    booking_id: UUID
    kind: DocumentKind
    year: int
    sequence: int
    number: str
    issued_at: datetime


class _Numbers:
    """Series under their locks: they give the next number of each seller, and are written back."""

    def __init__(self, rows: Sequence[Row], now: datetime) -> None:
        self._series = {series.seller_id: series for series in read(Series, rows)}
        self._now = now

    def take(self, seller_id: UUID, booking_id: UUID) -> Taken:
        """Return the seller's next number."""
        series = self._series[seller_id] = self._series[seller_id].next(self._now)
        assert series.last_at is not None, "a number has been taken"
        return Taken(
            id=new_id(),
            booking_id=booking_id,
            kind=series.kind,
            year=series.year,
            sequence=series.last_number,
            number=number(series.kind, series.year, series.last_number),
            issued_at=series.last_at,
        )

    def advanced(self) -> Statement:
        """Return the statement that writes how far the series have come."""
        series = list(self._series.values())
        return sql.ADVANCE_SERIES, columns(series, "seller_id", "kind", "year", "last_number", "last_at")


def _locks(bookings: Sequence[Booking], kinds: Sequence[DocumentKind]) -> tuple[Statement, Statement]:
    sellers = {booking.amounts.seller_id for booking in bookings}
    return (sql.LOCK_SERIES, {"seller_ids": list(sellers), "kinds": list(kinds)}), (READ_CLOCK, ())


async def issue(tx: Transaction, confirmed: Sequence[Booking]) -> None:
    """Write an invoice or a receipt for each booking that somebody sells; without one, this costs nothing."""
    sold = [booking for booking in confirmed if booking.amounts.seller_id]
    if not sold:
        return
    series, [clock] = await tx.fetch_all(*_locks(sold, [DocumentKind.INVOICE, DocumentKind.RECEIPT]))
    numbers = _Numbers(series, clock.now)
    taken = [numbers.take(_seller(booking), booking.id) for booking in sold]
    given = columns(taken, "id", "booking_id", "kind", "year", "sequence", "number", "issued_at")
    await tx.send(sql.ISSUE, given)
    await tx.send(sql.ISSUE_LINES, given)
    await tx.send(*numbers.advanced())


@dataclass(frozen=True, slots=True)
class GivenBack:
    """What a refund gives back of a booking."""

    booking: Booking
    refund_id: UUID | None
    amount: int
    by_position: Mapping[int, int] | None = None
    """How much of each seat; None: of all of them, in proportion to what they cost."""
    before: Mapping[int, int] = field(default_factory=dict)
    """How much of each seat other refunds have given back before."""

    def of_lines(self, lines: Sequence[InvoiceLine]) -> list[InvoiceLine]:
        """Return the lines of the document about it."""
        if self.by_position is None:
            amounts = split(self.amount, [line.total_amount for line in lines])
        else:
            amounts = [self.by_position.get(line.position, 0) for line in lines]
        return lines_of_parts(lines, amounts, [self.before.get(line.position, 0) for line in lines])


async def correct(tx: Transaction, refunds: Sequence[GivenBack]) -> None:
    """Write the credit note of each refund whose booking has an invoice, or what corrects its receipt."""
    sold = [refund for refund in refunds if refund.booking.amounts.seller_id and refund.amount]
    if not sold:
        return
    bookings = [refund.booking for refund in sold]
    lock, clock = _locks(bookings, [DocumentKind.CREDIT_NOTE, DocumentKind.REFUND_RECEIPT])
    of_bookings = (sql.LINES_OF_BOOKINGS, columns(bookings, booking_ids="id"))
    series, [now], rows = await tx.fetch_all(lock, clock, of_bookings)
    numbers = _Numbers(series, now.now)
    lines: dict[UUID, list[InvoiceLine]] = {}
    corrects: dict[UUID, UUID] = {}
    for row, line in zip(rows, read(InvoiceLine, rows), strict=True):
        lines.setdefault(row.booking_id, []).append(line)
        corrects[row.booking_id] = row.invoice_id
    for refund in sold:
        if refund.booking.id in corrects:
            taken = numbers.take(_seller(refund.booking), refund.booking.id)
            await _correct(tx, taken, corrects[refund.booking.id], refund, refund.of_lines(lines[refund.booking.id]))
    await tx.send(*numbers.advanced())


async def _correct(
    tx: Transaction, taken: Taken, corrects: UUID, refund: GivenBack, lines: Sequence[InvoiceLine]
) -> None:
    given = columns([taken], "id", "kind", "year", "sequence", "number", "issued_at")
    amounts = {
        "taxable_amount": [sum(line.taxable_amount for line in lines)],
        "tax_amount": [sum(line.tax_amount for line in lines)],
    }
    await tx.send(sql.CORRECT, given | amounts | {"corrects": [corrects], "refund_id": [refund.refund_id]})
    of_lines = columns(
        lines,
        "position",
        "description",
        "sac_code",
        "basis_points",
        "taxable_amount",
        "cgst_amount",
        "sgst_amount",
        "igst_amount",
        "other_tax_amount",
    )
    await tx.send(sql.CORRECT_LINES, of_lines | {"invoice_id": [taken.id for _ in lines]})


def _seller(booking: Booking) -> UUID:
    assert booking.amounts.seller_id is not None, "others have no documents"
    return booking.amounts.seller_id
