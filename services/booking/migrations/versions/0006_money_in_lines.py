"""Money in lines: discount, fee and tax of each seat and of the booking, what is paid, and when it was confirmed.

Expand only: code from before writes none of it, and reads as what it wrote, that nothing is taken off or added. It must
not run any more when the first rule of prices is set. The constraints hold for what is written from now on; the next
migration has them hold for all rows.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

LINES = """
ALTER TABLE booking_seats
    ADD COLUMN discount INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN fee INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN tax INTEGER DEFAULT '0' NOT NULL,
    ADD CONSTRAINT booking_seats_line_check CHECK (discount BETWEEN 0 AND price AND fee >= 0 AND tax >= 0) NOT VALID;
COMMENT ON COLUMN booking_seats.price IS 'minor units, frozen, as are discount, fee and tax';
"""

AMOUNTS = """
ALTER TABLE bookings
    ADD COLUMN discount_amount INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN fee_amount INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN tax_amount INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN final_amount INTEGER,
    ADD COLUMN prices_include_tax BOOLEAN DEFAULT 'false' NOT NULL,
    ADD COLUMN confirmed_at TIMESTAMP WITH TIME ZONE,
    ADD CONSTRAINT bookings_amounts_check CHECK (
        discount_amount BETWEEN 0 AND total_amount AND fee_amount >= 0 AND tax_amount >= 0
        AND coalesce(final_amount, total_amount) = total_amount::bigint - discount_amount + fee_amount
            + CASE WHEN prices_include_tax THEN 0 ELSE tax_amount END
    ) NOT VALID,
    ADD CONSTRAINT bookings_confirmed_at_check CHECK (
        confirmed_at IS NULL OR state IN ('CONFIRMED', 'REFUNDING', 'REFUNDED')
    ) NOT VALID,
    DROP CONSTRAINT bookings_refund_check,
    ADD CONSTRAINT bookings_refund_check CHECK (refund_amount <= coalesce(final_amount, total_amount)) NOT VALID;
COMMENT ON COLUMN bookings.discount_amount IS 'minor units, as are fee and tax';
COMMENT ON COLUMN bookings.final_amount IS 'what is paid, minor units; null: total_amount, by code from before';
COMMENT ON COLUMN bookings.confirmed_at IS 'null, by code from before: updated_at of a CONFIRMED one';
"""


def upgrade() -> None:
    """Widen the schema."""
    op.execute(LINES)
    op.execute(AMOUNTS)
