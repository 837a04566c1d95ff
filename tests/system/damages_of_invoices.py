"""Damages to the documents that booking issues."""

from __future__ import annotations

from tests.system.damage import NEW, Damage, bookings

TICKET, GAP, SERIES, DATES, NUMBER, KEPT, LINES = (
    "every-ticket-has-its-invoice",
    "documents-are-numbered-without-a-gap",
    "series-are-where-their-documents-are",
    "dates-of-documents-never-go-back",
    "documents-bear-their-numbers",
    "what-is-invoiced-is-what-is-kept",
    "lines-of-documents-add-up",
)


def invoices(change: str, where: str = "corrects IS NULL") -> str:
    return f"UPDATE booking.invoices SET {change} WHERE {where}"


LAST = "sequence = 2"
COLUMNS = (
    "seller_id, kind, year, sequence, number, booking_id, issued_at, currency, taxable_amount, tax_amount, total_amount"
)
TWICE = f"INSERT INTO booking.invoices (id, {COLUMNS}) SELECT {NEW}, {COLUMNS} FROM booking.invoices WHERE {LAST}"

INVOICES = (
    Damage("a ticket without an invoice", TICKET, f"DELETE FROM booking.invoices WHERE {LAST}"),
    Damage("a ticket with two invoices", TICKET, TWICE),
    Damage("an invoice of a ticket that nobody sells", TICKET, bookings("CONFIRMED", "seller_id = NULL")),
    Damage("an invoice of what is not confirmed", TICKET, bookings("CONFIRMED", "state = 'PENDING'")),
    Damage("an invoice of another seller", TICKET, invoices(f"seller_id = {NEW}")),
    Damage("an invoice of too much", TICKET, invoices("total_amount = total_amount + 1")),
    Damage("an invoice with another tax", TICKET, invoices("tax_amount = tax_amount + 1")),
    Damage("an invoice in another currency", TICKET, invoices("currency = 'USD'")),
    Damage("a ticket that is sold after the fact", TICKET, bookings("REFUNDED", f"seller_id = {NEW}")),
    Damage(
        "a refund under way whose invoice is gone",
        TICKET,
        bookings("REFUNDED", "state = 'REFUNDING'") + "; DELETE FROM booking.invoices WHERE sequence = 2",
    ),
    Damage("a number left out", GAP, invoices("sequence = 3", LAST)),
    Damage("a number twice", GAP, TWICE),
    Damage("numbers that begin with nothing", GAP, invoices("sequence = 0", "sequence = 1 AND corrects IS NULL")),
    Damage("a series that is behind", SERIES, "UPDATE booking.invoice_series SET last_number = last_number - 1"),
    Damage("a series of another year", SERIES, "UPDATE booking.invoice_series SET year = year - 1 WHERE year > 0"),
    Damage("a series without its instant", SERIES, "UPDATE booking.invoice_series SET last_at = NULL"),
    Damage("a series that is ahead of nothing", SERIES, "DELETE FROM booking.invoices"),
    Damage("documents without a series", SERIES, "DELETE FROM booking.invoice_series"),
    Damage("a date that goes back", DATES, invoices("issued_at = issued_at - interval '1 day'", LAST)),
    Damage("a document without a date", DATES, invoices("issued_at = NULL", LAST)),
    Damage("a number of another year", NUMBER, invoices("year = year + 1")),
    Damage("a number of another kind", NUMBER, invoices("kind = 'RECEIPT'")),
    Damage("a number of another place", NUMBER, invoices("number = number || '0'")),
    Damage("a document without a number", NUMBER, invoices("number = NULL")),
    Damage("a refund without a credit note", KEPT, "DELETE FROM booking.invoices WHERE corrects IS NOT NULL"),
    Damage("a credit note of too much", KEPT, invoices("total_amount = total_amount + 1", "corrects IS NOT NULL")),
    Damage("a credit note of what is kept", KEPT, bookings("REFUNDED", "refund_amount = NULL")),
    Damage("an invoice of no booking", KEPT, "DELETE FROM booking.bookings"),
    Damage("a document without lines", LINES, "DELETE FROM booking.invoice_lines"),
    Damage("lines without a document", LINES, "DELETE FROM booking.invoices"),
    Damage("a line of too much", LINES, "UPDATE booking.invoice_lines SET taxable_amount = taxable_amount + 1"),
    Damage("a line with another tax", LINES, "UPDATE booking.invoice_lines SET igst_amount = igst_amount + 1"),
    Damage("a line of another country", LINES, "UPDATE booking.invoice_lines SET other_tax_amount = 1"),
    Damage(
        "halves that are not equal",
        LINES,
        "UPDATE booking.invoice_lines SET cgst_amount = cgst_amount + 1, sgst_amount = sgst_amount - 1",
    ),
    Damage("a document that is more than its lines", LINES, invoices("total_amount = total_amount + 1")),
    Damage(
        "tax that counts as none",
        LINES,
        invoices("taxable_amount = taxable_amount + 1, tax_amount = tax_amount - 1"),
    ),
)
