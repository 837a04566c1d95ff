"""Seats on which there is no claim cost what their show's list says; claims remember what they were made for.

Expand only: the version before takes and frees seats as ever, and charges what their rows say, which is what the list says
as long as no list is set. As long as it may run, a trigger copies the prices of the shows that it makes into the list. The
next release drops it (docs/adr/0043-list-prices.md).
"""

from alembic import op

revision = "0013"
down_revision = "0012"

SCHEMA = """
CREATE TABLE list_prices (
    show_id UUID NOT NULL,
    version INTEGER NOT NULL,
    tier TEXT NOT NULL,
    price INTEGER NOT NULL,
    CONSTRAINT list_prices_pkey PRIMARY KEY (show_id, version, tier),
    CONSTRAINT list_prices_tier_check CHECK (tier IN ('REGULAR', 'PREMIUM', 'VIP')),
    CONSTRAINT list_prices_price_check CHECK (price >= 0)
);
COMMENT ON TABLE list_prices IS 'what a seat costs on which there is no claim: each list that a show has had';
COMMENT ON COLUMN list_prices.version IS 'from 1';
COMMENT ON COLUMN list_prices.price IS 'minor units';
ALTER TABLE show_counters ADD COLUMN prices_version INTEGER DEFAULT '1' NOT NULL;
COMMENT ON COLUMN show_counters.prices_version IS 'which list of prices is valid';
ALTER TABLE reservations ADD COLUMN prices INTEGER[];
COMMENT ON COLUMN reservations.prices IS 'of its seats, frozen, in minor units; null where code from before wrote the row';
COMMENT ON COLUMN show_seats.price IS 'of the claim on it, in minor units; says nothing where none is';
"""

COPY = """
CREATE FUNCTION copy_prices_to_lists() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO list_prices (show_id, version, tier, price)
    SELECT show_id, 1, tier, price FROM made
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER copy_prices_to_lists AFTER INSERT ON show_prices
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION copy_prices_to_lists();
"""


def upgrade() -> None:
    """Widen the schema."""
    op.execute(SCHEMA)
    op.execute(COPY)
