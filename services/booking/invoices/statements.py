"""Statements about documents: their series, their lines, and what is read of them."""

from services.booking.bookings.statements import SEAT_IN_WORDS
from services.booking.invoices.domain import InvoiceLine
from services.chassis.store.rows import selected

LOCK_SERIES = """
    SELECT s.seller_id, s.kind, seller.time_zone, s.year, s.last_number, s.last_at
    FROM invoice_series s JOIN sellers seller ON seller.id = s.seller_id
    WHERE s.seller_id = ANY(%(seller_ids)s) AND s.kind = ANY(%(kinds)s)
    ORDER BY s.seller_id, s.kind FOR UPDATE OF s
"""
"""Lock series in the order of their keys. The clock is read by a later statement: dates follow the numbers."""

ADVANCE_SERIES = """
    UPDATE invoice_series s SET year = new.year, last_number = new.last_number, last_at = new.last_at
    FROM unnest(%(seller_id)s::uuid[], %(kind)s::text[], %(year)s::int[], %(last_number)s::int[],
        %(last_at)s::timestamptz[]) AS new (seller_id, kind, year, last_number, last_at)
    WHERE s.seller_id = new.seller_id AND s.kind = new.kind
"""

_NEW = """
    unnest(%(id)s::uuid[], %(booking_id)s::uuid[], %(kind)s::text[], %(year)s::int[], %(sequence)s::int[],
        %(number)s::text[], %(issued_at)s::timestamptz[])
        AS new (id, booking_id, kind, year, sequence, number, issued_at)
"""

ISSUE = f"""
    INSERT INTO invoices (id, seller_id, kind, year, sequence, number, booking_id, issued_at, legal_name, address,
        place_of_supply, currency, taxable_amount, tax_amount, total_amount)
    SELECT new.id, seller.id, new.kind, new.year, new.sequence, new.number, new.booking_id, new.issued_at,
        seller.legal_name, seller.address, b.place_of_supply, b.currency,
        coalesce(b.final_amount, b.total_amount) - b.tax_amount, b.tax_amount, coalesce(b.final_amount, b.total_amount)
    FROM {_NEW} JOIN bookings b ON b.id = new.booking_id JOIN sellers seller ON seller.id = b.seller_id
"""
"""Write invoices and receipts of bookings, for what was paid."""

ISSUE_LINES = f"""
    INSERT INTO invoice_lines (invoice_id, position, description, sac_code, basis_points, taxable_amount, cgst_amount,
        sgst_amount, igst_amount, other_tax_amount)
    SELECT new.id, s.position, {SEAT_IN_WORDS}, s.sac_code, s.tax_basis_points,
        s.price - s.discount + s.fee - CASE WHEN b.prices_include_tax THEN s.tax ELSE 0 END,
        CASE WHEN taxed.halves THEN s.tax / 2 ELSE 0 END, CASE WHEN taxed.halves THEN s.tax / 2 ELSE 0 END,
        CASE WHEN seller.country = 'IN' AND NOT taxed.halves THEN s.tax ELSE 0 END,
        CASE WHEN seller.country = 'IN' THEN 0 ELSE s.tax END
    FROM {_NEW} JOIN bookings b ON b.id = new.booking_id JOIN sellers seller ON seller.id = b.seller_id
    CROSS JOIN LATERAL (SELECT seller.country = 'IN' AND seller.state = b.place_of_supply AS halves) AS taxed
    JOIN booking_seats s ON s.booking_id = b.id
"""
"""Write their lines, one a seat. The halves of a seat's tax are equal: it was computed so."""

LINES_OF_BOOKINGS = f"""
    SELECT i.booking_id, i.id AS invoice_id, {selected(InvoiceLine, of="line")}
    FROM invoices i JOIN invoice_lines line ON line.invoice_id = i.id
    WHERE i.booking_id = ANY(%(booking_ids)s) AND i.kind IN ('INVOICE', 'RECEIPT')
    ORDER BY i.booking_id, line.position
"""

CORRECT = """
    INSERT INTO invoices (id, seller_id, kind, year, sequence, number, booking_id, corrects, refund_id, issued_at,
        legal_name, address, place_of_supply, currency, taxable_amount, tax_amount, total_amount)
    SELECT new.id, i.seller_id, new.kind, new.year, new.sequence, new.number, i.booking_id, i.id, new.refund_id,
        new.issued_at, seller.legal_name, seller.address, i.place_of_supply, i.currency,
        new.taxable_amount, new.tax_amount, new.taxable_amount + new.tax_amount
    FROM unnest(%(id)s::uuid[], %(corrects)s::uuid[], %(kind)s::text[], %(year)s::int[], %(sequence)s::int[],
        %(number)s::text[], %(refund_id)s::uuid[], %(issued_at)s::timestamptz[], %(taxable_amount)s::int[],
        %(tax_amount)s::int[])
        AS new (id, corrects, kind, year, sequence, number, refund_id, issued_at, taxable_amount, tax_amount)
    JOIN invoices i ON i.id = new.corrects JOIN sellers seller ON seller.id = i.seller_id
"""

CORRECT_LINES = """
    INSERT INTO invoice_lines (invoice_id, position, description, sac_code, basis_points, taxable_amount, cgst_amount,
        sgst_amount, igst_amount, other_tax_amount)
    SELECT * FROM unnest(%(invoice_id)s::uuid[], %(position)s::int[], %(description)s::text[], %(sac_code)s::text[],
        %(basis_points)s::int[], %(taxable_amount)s::int[], %(cgst_amount)s::int[], %(sgst_amount)s::int[],
        %(igst_amount)s::int[], %(other_tax_amount)s::int[])
"""

_DOCUMENT = """
    i.id, i.kind, i.number, i.issued_at, i.booking_id, i.corrects, i.seller_id, i.legal_name, i.address,
    seller.country, seller.state, seller.tax_number, seller.time_zone, seller.organization_id,
    i.place_of_supply, i.currency, i.taxable_amount, i.tax_amount, i.total_amount
"""

DOCUMENTS_OF_BOOKING = f"""
    SELECT {_DOCUMENT} FROM invoices i JOIN sellers seller ON seller.id = i.seller_id
    WHERE i.booking_id = %(booking_id)s ORDER BY i.corrects NULLS FIRST, i.year, i.sequence
"""

LINES_OF_DOCUMENTS = f"""
    SELECT invoice_id, {selected(InvoiceLine)} FROM invoice_lines
    WHERE invoice_id IN (SELECT id FROM invoices WHERE booking_id = %(booking_id)s) ORDER BY invoice_id, position
"""

ENTRIES = """
    SELECT i.kind, i.number, i.issued_at, o.number AS corrects, o.issued_at AS corrects_at, seller.tax_number,
        seller.time_zone, i.place_of_supply, line.sac_code, b.title, i.currency, line.basis_points,
        line.taxable_amount, line.igst_amount, line.cgst_amount, line.sgst_amount, i.total_amount
    FROM (
        SELECT * FROM invoices
        WHERE seller_id = %(seller_id)s AND issued_at >= %(begin)s AND issued_at < %(end)s
        ORDER BY kind, year, sequence LIMIT %(limit)s
    ) AS i
    JOIN sellers seller ON seller.id = i.seller_id JOIN bookings b ON b.id = i.booking_id
    LEFT JOIN invoices o ON o.id = i.corrects
    CROSS JOIN LATERAL (
        SELECT sac_code, basis_points, sum(taxable_amount)::int AS taxable_amount, sum(igst_amount)::int AS igst_amount,
            sum(cgst_amount)::int AS cgst_amount, sum(sgst_amount)::int AS sgst_amount
        FROM invoice_lines WHERE invoice_id = i.id GROUP BY sac_code, basis_points
    ) AS line
    ORDER BY i.kind, i.year, i.sequence, line.basis_points, line.sac_code LIMIT %(limit)s
"""
"""A seller's documents of a period, a row for each rate and service code."""
