"""Fees of shows, and what of them bookings have in their lines.

Expand only: code from before writes none of it, and reads as what it wrote, that no fee is in what was paid. It would
give fees back that stay, so it must not run any more when the first fees are set. The constraints hold for what is
written from now on; the next migration has them hold for all rows.
"""

from alembic import op

revision = "0015"
down_revision = "0014"

FEES = """
CREATE TABLE show_fees (
    show_id UUID NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    names TEXT[] NOT NULL,
    pers TEXT[] NOT NULL,
    amounts INTEGER[] NOT NULL,
    basis_points INTEGER[] NOT NULL,
    payers TEXT[] NOT NULL,
    refundables BOOLEAN[] NOT NULL,
    CONSTRAINT show_fees_pkey PRIMARY KEY (show_id, valid_from),
    CONSTRAINT show_fees_lists_check CHECK (
        cardinality(names) = ALL (ARRAY[cardinality(pers), cardinality(amounts), cardinality(basis_points),
            cardinality(payers), cardinality(refundables)])
    ),
    CONSTRAINT show_fees_words_check CHECK (
        pers <@ ARRAY['TICKET', 'ORDER'] AND payers <@ ARRAY['BUYER', 'ORGANIZER']
    ),
    CONSTRAINT show_fees_amounts_check CHECK (
        0 <= ALL (amounts) AND 0 <= ALL (basis_points) AND 10000 >= ALL (basis_points)
    )
);
COMMENT ON TABLE show_fees IS
    'the fees of shows, each time that they were set; those of the last day are kept for holds of then';
COMMENT ON COLUMN show_fees.valid_from IS 'until the next one of the show';
COMMENT ON COLUMN show_fees.names IS 'an element for each fee, as in all lists here';
COMMENT ON COLUMN show_fees.amounts IS 'minor units of the show''s currency';
"""

LINES = """
ALTER TABLE booking_seats
    ADD COLUMN order_amount INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN unrefundable_amount INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN organizer_fee INTEGER DEFAULT '0' NOT NULL,
    ADD CONSTRAINT booking_seats_fees_check CHECK (
        least(order_amount, unrefundable_amount, organizer_fee) >= 0
        AND order_amount::bigint + unrefundable_amount <= fee::bigint + tax
    ) NOT VALID;
COMMENT ON COLUMN booking_seats.order_amount IS
    'of what is paid for it: fees of the order with their tax, which come back with the last seat';
COMMENT ON COLUMN booking_seats.unrefundable_amount IS
    'of what is paid for it: fees with their tax that never come back';
COMMENT ON COLUMN booking_seats.organizer_fee IS 'not in what is paid for it';
"""

REFUNDS = """
ALTER TABLE booking_refunds
    ADD COLUMN order_amount INTEGER DEFAULT '0' NOT NULL,
    ADD CONSTRAINT booking_refunds_order_amount_check CHECK (order_amount BETWEEN 0 AND amount) NOT VALID;
COMMENT ON COLUMN booking_refunds.amount IS 'minor units: its seats'' amounts and order_amount';
COMMENT ON COLUMN booking_refunds.order_amount IS 'of the order''s fees; the last one''s';
"""


def upgrade() -> None:
    """Widen the schema."""
    for statements in (FEES, LINES, REFUNDS):
        op.execute(statements)
