"""Invoices, receipts and what corrects them, with their lines and series.

Expand only: tables that code from before does not know. Sellers that are there get their series.
"""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add them."""
    op.execute("""
        CREATE TABLE invoice_series (
            seller_id UUID NOT NULL,
            kind TEXT NOT NULL,
            year INTEGER DEFAULT '0' NOT NULL,
            last_number INTEGER DEFAULT '0' NOT NULL,
            last_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT invoice_series_pkey PRIMARY KEY (seller_id, kind),
            CONSTRAINT invoice_series_seller_id_fkey FOREIGN KEY(seller_id) REFERENCES sellers (id),
            CONSTRAINT invoice_series_kind_check CHECK (kind IN ('INVOICE', 'CREDIT_NOTE', 'RECEIPT', 'REFUND_RECEIPT'))
        )
    """)
    op.execute("""
        COMMENT ON TABLE invoice_series IS
        'how far the numbers of a seller''s documents have come; locked by whoever takes the next'
    """)
    op.execute("COMMENT ON COLUMN invoice_series.year IS 'in which its financial year began'")
    op.execute("""
        CREATE TABLE invoices (
            id UUID NOT NULL,
            seller_id UUID NOT NULL,
            kind TEXT NOT NULL,
            year INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            number TEXT NOT NULL,
            booking_id UUID NOT NULL,
            corrects UUID,
            refund_id UUID,
            issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
            legal_name TEXT NOT NULL,
            address TEXT NOT NULL,
            place_of_supply TEXT NOT NULL,
            currency TEXT NOT NULL,
            taxable_amount INTEGER NOT NULL,
            tax_amount INTEGER NOT NULL,
            total_amount INTEGER NOT NULL,
            CONSTRAINT invoices_pkey PRIMARY KEY (id),
            CONSTRAINT invoices_seller_id_kind_fkey FOREIGN KEY(seller_id, kind)
                REFERENCES invoice_series (seller_id, kind),
            CONSTRAINT invoices_booking_id_fkey FOREIGN KEY(booking_id) REFERENCES bookings (id),
            CONSTRAINT invoices_refund_id_key UNIQUE (refund_id),
            CONSTRAINT invoices_amounts_check CHECK (taxable_amount >= 0 AND tax_amount >= 0
                AND total_amount = taxable_amount::bigint + tax_amount),
            CONSTRAINT invoices_seller_id_kind_year_sequence_key UNIQUE (seller_id, kind, year, sequence),
            CONSTRAINT invoices_corrects_check CHECK ((corrects IS NOT NULL) =
                (kind IN ('CREDIT_NOTE', 'REFUND_RECEIPT'))),
            CONSTRAINT invoices_corrects_fkey FOREIGN KEY(corrects) REFERENCES invoices (id),
            CONSTRAINT invoices_number_check CHECK (number ~ '^[A-Z0-9/-]{1,16}$' AND sequence > 0)
        )
    """)
    op.execute("COMMENT ON COLUMN invoices.sequence IS 'in its series and year, from 1'")
    op.execute("COMMENT ON COLUMN invoices.number IS 'as people read it'")
    op.execute("COMMENT ON COLUMN invoices.corrects IS 'the invoice or receipt it takes back of'")
    op.execute("COMMENT ON COLUMN invoices.refund_id IS 'of what is given back'")
    op.execute("CREATE INDEX invoices_booking_id_idx ON invoices (booking_id)")
    op.execute("""
        CREATE UNIQUE INDEX invoices_booking_once_idx
        ON invoices (booking_id) WHERE kind IN ('INVOICE', 'RECEIPT')
    """)
    op.execute("CREATE INDEX invoices_corrects_idx ON invoices (corrects)")
    op.execute("CREATE INDEX invoices_issued_idx ON invoices (seller_id, issued_at)")
    op.execute("""
        CREATE TABLE invoice_lines (
            invoice_id UUID NOT NULL,
            position INTEGER NOT NULL,
            description TEXT NOT NULL,
            sac_code TEXT NOT NULL,
            basis_points INTEGER NOT NULL,
            taxable_amount INTEGER NOT NULL,
            cgst_amount INTEGER NOT NULL,
            sgst_amount INTEGER NOT NULL,
            igst_amount INTEGER NOT NULL,
            other_tax_amount INTEGER NOT NULL,
            CONSTRAINT invoice_lines_pkey PRIMARY KEY (invoice_id, position),
            CONSTRAINT invoice_lines_amounts_check
                CHECK (least(taxable_amount, cgst_amount, igst_amount, other_tax_amount) >= 0
                AND cgst_amount = sgst_amount),
            CONSTRAINT invoice_lines_invoice_id_fkey FOREIGN KEY(invoice_id) REFERENCES invoices (id)
        )
    """)
    op.execute("COMMENT ON COLUMN invoice_lines.position IS 'of the seat in its booking'")
    op.execute("COMMENT ON COLUMN invoice_lines.other_tax_amount IS 'outside India'")
    op.execute("""
        INSERT INTO invoice_series (seller_id, kind)
        SELECT id, unnest(CASE WHEN tax_number = '' THEN ARRAY['RECEIPT', 'REFUND_RECEIPT']
            ELSE ARRAY['INVOICE', 'CREDIT_NOTE'] END)
        FROM sellers
    """)
