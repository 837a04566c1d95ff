"""Numbers, financial years, lines of what is given back, and the file for GSTR-1: rules alone."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import uuid4

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.booking.invoices.domain import (
    MAX_NUMBER,
    DocumentKind,
    InvoiceLine,
    Series,
    financial_year,
    lines_of_parts,
    number,
)
from services.booking.invoices.gstr1 import COLUMNS, Entry, export
from services.booking.pricing.domain import Rules, TaxRate, quote, split
from services.chassis.values.sheets import decimal, harmless
from tests.booking.drawn import Drawn, holds_for
from tests.booking.test_tax_rules import Seat

APRIL = datetime(2026, 3, 31, 18, 30, tzinfo=UTC)
"""The first instant of the financial year of 2026 in India."""


def series(kind: DocumentKind = DocumentKind.INVOICE, **fields: object) -> Series:
    given: dict[str, object] = {"year": 0, "last_number": 0, "last_at": None, "time_zone": "Asia/Kolkata"}
    return Series(seller_id=uuid4(), kind=kind, **given | fields)  # type: ignore[arg-type]


def test_a_financial_year_begins_on_the_first_of_april_in_the_sellers_zone() -> None:
    before = APRIL - timedelta.resolution
    assert [financial_year(at, "Asia/Kolkata") for at in (before, APRIL)] == [2025, 2026]
    assert [financial_year(APRIL, zone) for zone in ("Europe/London", "Pacific/Auckland")] == [2025, 2026]


def test_a_number_names_its_kind_and_year_and_has_sixteen_characters_at_most() -> None:
    assert [number(kind, 2026, 1) for kind in DocumentKind] == ["I/2627/1", "C/2627/1", "R/2627/1", "F/2627/1"]
    assert number(DocumentKind.INVOICE, 2099, MAX_NUMBER) == "I/9900/999999999"
    assert len(number(DocumentKind.INVOICE, 2099, MAX_NUMBER)) == 16


@settings(max_examples=1_000, deadline=None, database=None)
@given(st.lists(st.timedeltas(timedelta(days=-3), timedelta(days=200)), min_size=1, max_size=12))
def test_numbers_of_a_year_are_consecutive_and_dates_never_go_back(steps: list[timedelta]) -> None:
    now, taken, one = APRIL - timedelta(days=2), [], series()
    for step in steps:
        now += step
        one = one.next(now)
        assert one.last_at is not None
        taken.append((one.year, one.last_number, one.last_at))
        assert one.year == financial_year(one.last_at, "Asia/Kolkata")
    assert [at for _, _, at in taken] == sorted(at for _, _, at in taken)
    for year in {year for year, _, _ in taken}:
        found = [last for of, last, _ in taken if of == year]
        assert found == list(range(1, len(found) + 1))


class Sold(NamedTuple):
    """Seats that are sold with tax, in one part or two, on their prices or in them; and how many per cent come back."""

    prices: list[int]
    basis_points: int
    parts: int
    included: bool
    percentage: int

    def invoiced(self) -> list[InvoiceLine]:
        rate = TaxRate(self.basis_points, None, "999614")
        rules = Rules(tax_rates=(rate,), prices_include_tax=self.included, tax_parts=self.parts)
        lines = []
        for position, line in enumerate(quote([Seat(price) for price in self.prices], rules).lines):
            taxable = line.price - (line.tax if self.included else 0)
            half, whole = (line.tax // 2, 0) if self.parts == 2 else (0, line.tax)
            lines.append(InvoiceLine(position, "Stalls A1", "999614", self.basis_points, taxable, half, half, whole, 0))
        return lines


def sold(drawn: Drawn, *, seats: int = 6, least: int = 1) -> Sold:
    return Sold(
        prices=drawn.several(lambda: drawn.integer(1, 10**6), 1, seats),
        basis_points=drawn.one_of([0, 500, 1200, 1800, 2800, 4000, 777]),
        parts=drawn.integer(1, 2),
        included=drawn.boolean(),
        percentage=drawn.integer(least, 100),
    )


@example([Sold([2, 2], basis_points=4000, parts=2, included=True, percentage=25)])
@holds_for(10_000, sold, size=50)
def test_what_is_given_back_adds_up_line_by_line(given: Sold) -> None:
    lines = given.invoiced()
    totals = [line.total_amount for line in lines]
    back = sum(totals) * given.percentage // 100
    notes = lines_of_parts(lines, split(back, totals), [0] * len(lines))
    assert sum(note.total_amount for note in notes) == back
    by_position = {line.position: line for line in lines}
    for note in notes:
        whole = by_position[note.position]
        assert note.cgst_amount == note.sgst_amount
        assert 0 <= note.taxable_amount <= whole.taxable_amount + 2
        assert 0 <= note.tax_amount <= whole.tax_amount
    if given.percentage == 100:
        assert notes == [line for line in lines if line.total_amount]


@example([Sold([2], basis_points=4000, parts=2, included=True, percentage=50)])
@holds_for(10_000, lambda drawn: sold(drawn, seats=1, least=0), size=20)
def test_a_line_that_is_given_back_in_two_parts_gives_back_no_more_tax_than_it_had(given: Sold) -> None:
    """As a seat that was given back before the fees of its order were."""
    [line] = given.invoiced()
    before = line.total_amount * given.percentage // 100
    notes = [line.of_part(before), line.of_part(line.total_amount - before, before)]
    assert sum(note.total_amount for note in notes) == line.total_amount
    assert min(min(note.taxable_amount, note.tax_amount) for note in notes) >= 0
    assert all(note.cgst_amount == note.sgst_amount for note in notes)
    assert sum(note.tax_amount for note in notes) <= line.tax_amount


def entry(**fields: object) -> Entry:
    given: dict[str, object] = {
        "kind": DocumentKind.INVOICE,
        "number": "I/2627/1",
        "issued_at": APRIL,
        "corrects": None,
        "corrects_at": None,
        "tax_number": "27AAPFU0939F1ZV",
        "time_zone": "Asia/Kolkata",
        "place_of_supply": "27",
        "sac_code": "999614",
        "title": "Monsoon Letters",
        "currency": "INR",
        "basis_points": 1800,
        "taxable_amount": 100_05,
        "igst_amount": 0,
        "cgst_amount": 9_00,
        "sgst_amount": 9_00,
        "total_amount": 118_05,
    }
    return Entry(**given | fields)  # type: ignore[arg-type]


def read(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def test_a_row_says_what_the_return_asks_for() -> None:
    note = entry(kind=DocumentKind.CREDIT_NOTE, number="C/2627/1", corrects="I/2627/1", corrects_at=APRIL)
    header, one, two, end = read(export([entry(), note]))
    row = dict(zip(header, one, strict=True))
    assert tuple(header) == COLUMNS
    assert (row["Document Date"], row["Place Of Supply"], row["Rate"]) == ("01-Apr-2026", "27-Maharashtra", "18.00")
    amounts = ("Taxable Value", "Central Tax Amount", "State/UT Tax Amount", "Cess Amount", "Document Value")
    assert [row[name] for name in amounts] == ["100.05", "9.00", "9.00", "0.00", "118.05"]
    assert two[:5] == ["Credit Note", "C/2627/1", "01-Apr-2026", "I/2627/1", "01-Apr-2026"]
    assert end == ["# end", "2"]


def test_amounts_have_their_currencys_decimals() -> None:
    assert [decimal(1_050, digits) for digits in (0, 2, 3, 4)] == ["1050", "10.50", "1.050", "0.1050"]


@settings(max_examples=3_000, deadline=None, database=None)
@given(st.lists(st.text(max_size=12), max_size=4))
@example(
    [
        "=1+1",
        "+1",
        "-1",
        "@x",
        "\t=1",
        "\r",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff20x",
        "  =1",
        "a\r\nb",
        'a"b,c',
        "# end,9",
    ]
)
def test_no_cell_is_a_formula_and_the_end_is_always_the_last_line(titles: list[str]) -> None:
    titles = [title.encode("utf-8", "ignore").decode() for title in titles]
    body = export([entry(title=title) for title in titles])
    assert body.startswith(b"\xef\xbb\xbf") and body.endswith(f"\r\n# end,{len(titles)}\r\n".encode())
    rows = read(body)
    assert len(rows) == len(titles) + 2
    for title, row in zip(titles, rows[1:-1], strict=True):
        assert len(row) == len(COLUMNS)
        assert row[COLUMNS.index("Description")] in (title, f"'{title}")
        for cell in row:
            assert cell.lstrip(" \u3000")[:1] not in tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def test_a_harmless_cell_stays_as_it_is() -> None:
    assert [harmless(cell) for cell in ("", "Monsoon = Letters", "1-2", "'")] == ["", "Monsoon = Letters", "1-2", "'"]
