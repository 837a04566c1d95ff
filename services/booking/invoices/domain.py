"""Documents about money that was kept or given back: their kinds, their numbers, their lines. No I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from services.booking.pricing.domain import share


class DocumentKind(StrEnum):
    """What a document is. Each seller has a series of each kind."""

    INVOICE = "INVOICE"
    """Of a seller with a tax number, when a booking is confirmed."""
    CREDIT_NOTE = "CREDIT_NOTE"
    """Of what of an invoice is given back."""
    RECEIPT = "RECEIPT"
    """Instead of an invoice where the seller has no tax number: without tax."""
    REFUND_RECEIPT = "REFUND_RECEIPT"
    """Of what of a receipt is given back."""

    @property
    def letter(self) -> str:
        """With what its numbers begin."""
        return {"INVOICE": "I", "CREDIT_NOTE": "C", "RECEIPT": "R", "REFUND_RECEIPT": "F"}[self.value]

    @property
    def correction(self) -> "DocumentKind":
        """The kind that takes some of this one back."""
        return DocumentKind.CREDIT_NOTE if self == DocumentKind.INVOICE else DocumentKind.REFUND_RECEIPT


MAX_NUMBER = 999_999_999
"""More would not fit: a number has 16 characters at most, seven of which are its kind and year."""


def financial_year(at: datetime, zone: str) -> int:
    """Return the year in which the financial year of an instant began: April to March, by the zone's calendar."""
    local = at.astimezone(ZoneInfo(zone))
    return local.year if local.month >= 4 else local.year - 1


def number(kind: DocumentKind, year: int, sequence: int) -> str:
    """Return the number that a document bears, such as I/2627/1 for the first invoice from April 2026 to March 2027."""
    assert 1 <= sequence <= MAX_NUMBER
    return f"{kind.letter}/{year % 100:02}{(year + 1) % 100:02}/{sequence}"


@dataclass(frozen=True, slots=True)
class Series:
    """How far the numbers of a seller's documents of a kind have come. Its row is locked by whoever takes the next."""

    seller_id: UUID
    kind: DocumentKind
    time_zone: str
    year: int
    """The financial year of the last number; 0 before the first."""
    last_number: int
    last_at: datetime | None

    def next(self, now: datetime) -> "Series":
        """Return the series with one number more, taken at `now`.

        Where the clock was set back, the instant of the number before counts: dates of a series never go back.
        """
        at = now if self.last_at is None else max(now, self.last_at)
        year = financial_year(at, self.time_zone)
        following = self.last_number + 1 if year == self.year else 1
        return replace(self, year=year, last_number=following, last_at=at)


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line of a document: what a seat comes to, or what of that is given back."""

    position: int
    description: str
    sac_code: str
    basis_points: int
    taxable_amount: int
    cgst_amount: int
    sgst_amount: int
    igst_amount: int
    other_tax_amount: int

    @property
    def tax_amount(self) -> int:
        """All kinds of tax on the line."""
        return self.cgst_amount + self.sgst_amount + self.igst_amount + self.other_tax_amount

    @property
    def total_amount(self) -> int:
        """What is paid for it."""
        return self.taxable_amount + self.tax_amount

    def of_part(self, amount: int, before: int = 0) -> "InvoiceLine":
        """Return the line of a document that gives `amount` of this one back, where so much was given back `before`.

        Of each kind of tax so much goes back that its share of all that is given back has, rounded by itself, half up:
        all of it where the whole line goes back. Where these would be more than `amount`, as with a few minor units,
        each is rounded down instead, and where that is still more, none goes back.
        """
        whole = self.total_amount
        assert 0 <= before <= before + amount <= whole, f"{amount} of {whole} after {before}"
        kinds = (self.cgst_amount, self.sgst_amount, self.igst_amount, self.other_tax_amount)
        upto = before + amount
        taxes = [share(kind, upto, of=whole) - share(kind, before, of=whole) if whole else 0 for kind in kinds]
        if sum(taxes) > amount:
            taxes = [kind * upto // whole - kind * before // whole for kind in kinds]
        if sum(taxes) > amount:
            taxes = [0 for _ in kinds]
        cgst, sgst, igst, other = taxes
        return replace(
            self,
            taxable_amount=amount - cgst - sgst - igst - other,
            cgst_amount=cgst,
            sgst_amount=sgst,
            igst_amount=igst,
            other_tax_amount=other,
        )


def lines_of_parts(lines: Sequence[InvoiceLine], amounts: Sequence[int], before: Sequence[int]) -> list[InvoiceLine]:
    """Return the lines of a document that gives back so much of each line after what was given back of it `before`.

    Lines of nothing are left out.
    """
    parts = zip(lines, amounts, before, strict=True)
    return [line.of_part(amount, given_back) for line, amount, given_back in parts if amount]
