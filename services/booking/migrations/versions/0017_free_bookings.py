"""Free bookings: tickets without a payment, and how many of them a user has made on a day.

Expand only: code from before never writes a booking of which nothing is paid. The constraints hold for what is written
from now on; the next migration has them hold for all rows.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

MADE = """
CREATE TABLE free_bookings (
    user_id UUID NOT NULL,
    day DATE NOT NULL,
    made INTEGER NOT NULL,
    CONSTRAINT free_bookings_pkey PRIMARY KEY (user_id),
    CONSTRAINT free_bookings_made_check CHECK (made >= 0)
);
COMMENT ON TABLE free_bookings IS 'how many free bookings users have made; the lock under which they are counted';
COMMENT ON COLUMN free_bookings.day IS 'by UTC';
COMMENT ON COLUMN free_bookings.made IS 'on that day, whatever has become of them';
CREATE INDEX free_bookings_day_idx ON free_bookings (day);
"""

BOOKINGS = """
ALTER TABLE bookings
    DROP CONSTRAINT bookings_price_check,
    ADD CONSTRAINT bookings_price_check CHECK (
        state = 'RESERVING' OR (total_amount >= 0 AND currency <> '')
    ) NOT VALID,
    DROP CONSTRAINT bookings_shape_check,
    ADD CONSTRAINT bookings_shape_check CHECK (
        CASE state
            WHEN 'RESERVING' THEN lease_until IS NOT NULL AND expires_at IS NULL AND payment_id IS NULL
            WHEN 'PENDING' THEN expires_at IS NOT NULL AND payment_id IS NULL AND refund_amount IS NULL
            WHEN 'CONFIRMING' THEN lease_until IS NOT NULL AND refund_amount IS NULL
                AND (payment_id IS NULL) = (coalesce(final_amount, total_amount) = 0)
            WHEN 'CONFIRMED' THEN (payment_id IS NULL) = (coalesce(final_amount, total_amount) = 0)
                AND (refund_amount IS NOT NULL) = (refund_count > 0)
            WHEN 'REFUNDING' THEN lease_until IS NOT NULL AND payment_id IS NOT NULL AND refund_amount > 0
                AND refund_count = 0
            WHEN 'REFUNDED' THEN (payment_id IS NULL) = (coalesce(final_amount, total_amount) = 0)
                AND refund_amount IS NOT NULL AND (refund_amount > 0 OR refund_count > 0)
            WHEN 'CANCELLED' THEN payment_id IS NULL AND refund_amount IS NULL
            WHEN 'EXPIRED' THEN payment_id IS NULL AND refund_amount IS NULL
            ELSE false
        END
    ) NOT VALID;
COMMENT ON COLUMN bookings.payment_id IS 'the payment that buys the ticket; null: nothing is paid for it';
"""


def upgrade() -> None:
    """Widen the schema."""
    op.execute(MADE)
    op.execute(BOOKINGS)
