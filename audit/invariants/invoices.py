"""Invariants of the documents that booking issues."""

from audit.invariants.bookings import PAID
from audit.invariants.invariant import Invariant

INVOICES = (
    Invariant(
        "every-ticket-has-its-invoice",
        "a booking that somebody sells has one invoice or receipt if it was confirmed, for what was paid, else none",
        ("booking.invoices WHERE corrects IS NULL",),
        f"""
        SELECT coalesce(b.id, i.booking_id) AS booking_id, b.state, b.seller_id, i.documents, i.total_amount
        FROM (
            SELECT * FROM booking.bookings
            WHERE seller_id IS NOT NULL AND state IN ('CONFIRMED', 'REFUNDING', 'REFUNDED')
        ) AS b FULL JOIN (
            SELECT booking_id, seller_id, count(*) AS documents, sum(total_amount) AS total_amount,
                sum(tax_amount) AS tax_amount, min(currency) AS currency
            FROM booking.invoices WHERE corrects IS NULL GROUP BY booking_id, seller_id
        ) AS i ON (i.booking_id, i.seller_id) = (b.id, b.seller_id)
        WHERE (i.documents, i.total_amount, i.tax_amount, i.currency)
            IS DISTINCT FROM (1, {PAID}, b.tax_amount, b.currency)
        """,
    ),
    Invariant(
        "documents-are-numbered-without-a-gap",
        "the numbers of a seller's documents of a kind and year are 1, 2, 3 and so on, each once",
        ("booking.invoices",),
        """
        SELECT seller_id, kind, year, count(*) AS documents, min(sequence) AS first, max(sequence) AS last
        FROM booking.invoices GROUP BY seller_id, kind, year
        HAVING (count(*), count(DISTINCT sequence), min(sequence)) IS DISTINCT FROM (max(sequence), max(sequence), 1)
        """,
    ),
    Invariant(
        "series-are-where-their-documents-are",
        "a series knows the number and the instant of its last document",
        ("booking.invoice_series",),
        """
        SELECT s.seller_id, s.kind, s.year, s.last_number, s.last_at, last.sequence, last.issued_at
        FROM booking.invoice_series s FULL JOIN (
            SELECT DISTINCT ON (seller_id, kind) * FROM booking.invoices
            ORDER BY seller_id, kind, year DESC, sequence DESC
        ) AS last ON (last.seller_id, last.kind) = (s.seller_id, s.kind)
        WHERE (s.year, s.last_number, s.last_at)
            IS DISTINCT FROM (coalesce(last.year, 0), coalesce(last.sequence, 0), last.issued_at)
        """,
    ),
    Invariant(
        "dates-of-documents-never-go-back",
        "of two documents of a series, the one with the higher number was not issued before the other",
        ("booking.invoices",),
        """
        SELECT seller_id, kind, number, issued_at, before FROM (
            SELECT *, lag(issued_at) OVER (PARTITION BY seller_id, kind ORDER BY year, sequence) AS before
            FROM booking.invoices
        ) AS document
        WHERE issued_at IS NULL OR issued_at < before
        """,
    ),
    Invariant(
        "documents-bear-their-numbers",
        "a document's number is made of its kind, its financial year and its place in the series",
        ("booking.invoices",),
        """
        SELECT id, kind, year, sequence, number FROM booking.invoices
        WHERE number IS DISTINCT FROM CASE kind WHEN 'INVOICE' THEN 'I' WHEN 'CREDIT_NOTE' THEN 'C'
                WHEN 'RECEIPT' THEN 'R' WHEN 'REFUND_RECEIPT' THEN 'F' END
            || '/' || lpad((year % 100)::text, 2, '0') || lpad(((year + 1) % 100)::text, 2, '0') || '/' || sequence
        """,
    ),
    Invariant(
        "what-is-invoiced-is-what-is-kept",
        "an invoice less its credit notes is what was paid less what is given back",
        ("booking.invoices WHERE corrects IS NOT NULL",),
        f"""
        SELECT i.booking_id, i.number, i.total_amount, c.given_back, {PAID} AS paid, b.refund_amount
        FROM booking.invoices i LEFT JOIN booking.bookings b ON b.id = i.booking_id
        LEFT JOIN (
            SELECT corrects, sum(total_amount) AS given_back FROM booking.invoices GROUP BY corrects
        ) AS c ON c.corrects = i.id
        WHERE i.corrects IS NULL
            AND i.total_amount - coalesce(c.given_back, 0) IS DISTINCT FROM {PAID} - coalesce(b.refund_amount, 0)
        """,
    ),
    Invariant(
        "lines-of-documents-add-up",
        "a document is the sum of its lines, and the centre's and the state's half of a tax are equal",
        ("booking.invoices", "booking.invoice_lines"),
        """
        SELECT coalesce(i.id, l.invoice_id) AS invoice_id, i.number, i.taxable_amount, i.tax_amount, i.total_amount,
            l.taxable, l.tax, l.halves
        FROM booking.invoices i FULL JOIN (
            SELECT invoice_id, sum(taxable_amount) AS taxable,
                sum(cgst_amount + sgst_amount + igst_amount + other_tax_amount) AS tax,
                bool_and(cgst_amount = sgst_amount) AS halves
            FROM booking.invoice_lines GROUP BY invoice_id
        ) AS l ON l.invoice_id = i.id
        WHERE (i.taxable_amount, i.tax_amount, i.total_amount, true)
            IS DISTINCT FROM (l.taxable, l.tax, l.taxable + l.tax, l.halves)
        """,
    ),
)
