"""By whom shows are sold and how their tickets are taxed, each time that it was said.

Expand only: code from before writes show_taxes alone. What it said counts until it is said by code that writes both.
"""

from alembic import op

revision = "0023"
down_revision = "0022"

VERSIONS = """
CREATE TABLE show_tax_versions (
    show_id UUID NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    seller_id UUID NOT NULL,
    place_of_supply TEXT NOT NULL,
    category TEXT NOT NULL,
    prices_include_tax BOOLEAN NOT NULL,
    CONSTRAINT show_tax_versions_pkey PRIMARY KEY (show_id, valid_from),
    CONSTRAINT show_tax_versions_seller_id_fkey FOREIGN KEY (seller_id) REFERENCES sellers (id)
);
COMMENT ON TABLE show_tax_versions IS 'the same, each time that it was said; kept as show_fees are';
COMMENT ON COLUMN show_tax_versions.valid_from IS 'until the next one of the show';
CREATE INDEX show_tax_versions_seller_id_idx ON show_tax_versions (seller_id);
"""


def upgrade() -> None:
    """Widen the schema."""
    op.execute(VERSIONS)
