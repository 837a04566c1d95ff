"""Sellers, rules of taxes, and by whom each show is sold; bookings and their seats keep what they were taxed.

Expand only: code from before reads none of it, and what it writes is sold by nobody and without tax.
"""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add them."""
    op.execute("""
        CREATE TABLE sellers (
            id UUID NOT NULL,
            legal_name TEXT NOT NULL,
            address TEXT NOT NULL,
            country TEXT NOT NULL,
            state TEXT NOT NULL,
            tax_number TEXT NOT NULL,
            time_zone TEXT NOT NULL,
            CONSTRAINT sellers_pkey PRIMARY KEY (id)
        )
    """)
    op.execute("COMMENT ON COLUMN sellers.state IS 'in India two digits; else empty'")
    op.execute("COMMENT ON COLUMN sellers.tax_number IS 'in India the GSTIN; empty: no tax is taken'")
    op.execute("COMMENT ON COLUMN sellers.time_zone IS 'of its books'")
    op.execute("CREATE UNIQUE INDEX sellers_tax_number_idx ON sellers (tax_number) WHERE tax_number <> ''")
    op.execute("""
        CREATE TABLE tax_rules (
            id UUID NOT NULL,
            country TEXT NOT NULL,
            currency TEXT NOT NULL,
            category TEXT NOT NULL,
            up_to INTEGER,
            basis_points INTEGER NOT NULL,
            sac_code TEXT NOT NULL,
            valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
            valid_until TIMESTAMP WITH TIME ZONE,
            CONSTRAINT tax_rules_pkey PRIMARY KEY (id),
            CONSTRAINT tax_rules_rate_check CHECK (basis_points BETWEEN 0 AND 10000 AND up_to >= 0),
            CONSTRAINT tax_rules_validity_check CHECK (valid_until > valid_from)
        )
    """)
    op.execute("COMMENT ON COLUMN tax_rules.up_to IS 'minor units; null: tickets at any price'")
    op.execute("CREATE INDEX tax_rules_category_idx ON tax_rules (country, category)")
    op.execute("""
        CREATE TABLE show_taxes (
            show_id UUID NOT NULL,
            seller_id UUID NOT NULL,
            place_of_supply TEXT NOT NULL,
            category TEXT NOT NULL,
            prices_include_tax BOOLEAN NOT NULL,
            CONSTRAINT show_taxes_pkey PRIMARY KEY (show_id),
            CONSTRAINT show_taxes_seller_id_fkey FOREIGN KEY(seller_id) REFERENCES sellers (id)
        )
    """)
    op.execute("CREATE INDEX show_taxes_seller_id_idx ON show_taxes (seller_id)")
    op.execute("""
        COMMENT ON TABLE show_taxes IS
        'by whom shows are sold, and how their tickets are taxed; others are sold without tax'
    """)
    op.execute("COMMENT ON COLUMN show_taxes.place_of_supply IS 'the venue''s state, in India; else empty'")
    op.execute("ALTER TABLE booking_seats ADD COLUMN tax_basis_points INTEGER DEFAULT '0' NOT NULL")
    op.execute("COMMENT ON COLUMN booking_seats.tax_basis_points IS 'the rate of the tax'")
    op.execute("ALTER TABLE booking_seats ADD COLUMN sac_code TEXT DEFAULT '' NOT NULL")
    op.execute("ALTER TABLE bookings ADD COLUMN seller_id UUID")
    op.execute("""
        COMMENT ON COLUMN bookings.seller_id IS
        'by whom it is sold; null: nobody has said so, and there is no invoice'
    """)
    op.execute("ALTER TABLE bookings ADD COLUMN place_of_supply TEXT DEFAULT '' NOT NULL")
