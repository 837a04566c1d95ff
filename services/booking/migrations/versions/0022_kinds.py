"""Kinds of tickets, what they cost at shows, and the kind of each booked seat's.

Expand only: code from before writes no kind, and so books tickets for adults.
"""

from alembic import op

revision = "0022"
down_revision = "0021"

KINDS = """
CREATE TABLE show_kinds (
    show_id UUID NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    kinds TEXT[] NOT NULL,
    tiers TEXT[] NOT NULL,
    prices INTEGER[] NOT NULL,
    basis_points INTEGER[] NOT NULL,
    at_mosts INTEGER[] NOT NULL,
    CONSTRAINT show_kinds_pkey PRIMARY KEY (show_id, valid_from),
    CONSTRAINT show_kinds_lists_check CHECK (
        cardinality(kinds) = ALL (ARRAY[cardinality(tiers), cardinality(prices), cardinality(basis_points),
            cardinality(at_mosts)])
    )
);
COMMENT ON TABLE show_kinds IS
    'what kinds of tickets of shows cost, each time that it was set; kept as show_fees are';
COMMENT ON COLUMN show_kinds.valid_from IS 'until the next one of the show';
COMMENT ON COLUMN show_kinds.kinds IS 'an element for each kind and tier, as in all lists here';
COMMENT ON COLUMN show_kinds.tiers IS 'empty: all that have no other price';
COMMENT ON COLUMN show_kinds.prices IS 'minor units; null: a share of the list''s price';
COMMENT ON COLUMN show_kinds.basis_points IS 'that share; null where there is a price';
COMMENT ON COLUMN show_kinds.at_mosts IS 'how many of a booking; null: any number';
ALTER TABLE booking_seats ADD COLUMN kind TEXT DEFAULT 'ADULT' NOT NULL;
COMMENT ON COLUMN booking_seats.kind IS 'of the ticket: others have prices of their own';
"""


def upgrade() -> None:
    """Widen the schema."""
    op.execute(KINDS)
