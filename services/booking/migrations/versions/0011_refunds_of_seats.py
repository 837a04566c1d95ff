"""Refunds of seats: rows of their own, the seats of each, and the sums of all with their booking.

Expand only: code from before refunds all seats of a booking at once, by the state REFUNDING, and writes no row. It cannot
do that to a booking that has rows. The constraints hold for what is written from now on; the next migration has them hold
for all rows.
"""

from alembic import op

revision = "0011"
down_revision = "0010"

REFUNDS = """
CREATE TABLE booking_refunds (
    id UUID NOT NULL,
    booking_id UUID NOT NULL,
    number INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    percentage INTEGER NOT NULL,
    cause TEXT NOT NULL,
    decided_by UUID,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    stuck BOOLEAN DEFAULT 'false' NOT NULL,
    lease_until TIMESTAMP WITH TIME ZONE,
    idempotency_key TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT booking_refunds_pkey PRIMARY KEY (id),
    CONSTRAINT booking_refunds_state_check CHECK (CASE state
            WHEN 'PROCESSING' THEN lease_until IS NOT NULL
            WHEN 'REFUNDED' THEN lease_until IS NULL AND NOT stuck
            ELSE false
        END),
    CONSTRAINT booking_refunds_booking_id_number_key UNIQUE (booking_id, number),
    CONSTRAINT booking_refunds_booking_id_fkey FOREIGN KEY(booking_id) REFERENCES bookings (id),
    CONSTRAINT booking_refunds_cause_check CHECK (CASE cause
            WHEN 'REQUESTED' THEN decided_by IS NOT NULL AND reason = ''
            WHEN 'GRANTED' THEN reason <> ''
            ELSE false
        END),
    CONSTRAINT booking_refunds_amount_check CHECK (number > 0 AND amount >= 0 AND percentage BETWEEN 1 AND 100)
);
COMMENT ON TABLE booking_refunds IS 'refunds of seats of bookings, each with its own way to payment and the bank';
COMMENT ON COLUMN booking_refunds.id IS 'also payment''s and the bank''s name for it';
COMMENT ON COLUMN booking_refunds.number IS 'of the booking, from 1';
COMMENT ON COLUMN booking_refunds.amount IS 'minor units; its seats'' amounts add up to it';
COMMENT ON COLUMN booking_refunds.decided_by IS 'the user, or who of the staff; null: unverified';
COMMENT ON COLUMN booking_refunds.reason IS 'why the staff granted it';
COMMENT ON COLUMN booking_refunds.stuck IS 'declined for good by the bank';
COMMENT ON COLUMN booking_refunds.lease_until IS 'when recovery takes it over';
COMMENT ON COLUMN booking_refunds.idempotency_key IS 'of the request that began it';
COMMENT ON COLUMN booking_refunds.updated_at IS 'when it came to its state';
CREATE INDEX booking_refunds_unfinished_idx ON booking_refunds (lease_until) WHERE state = 'PROCESSING';
"""

SEATS = """
ALTER TABLE booking_seats
    ADD COLUMN refund_id UUID,
    ADD COLUMN refund_amount INTEGER,
    ADD CONSTRAINT booking_seats_refund_check CHECK (
        (refund_id IS NULL) = (refund_amount IS NULL) AND coalesce(refund_amount, 0) >= 0
    ) NOT VALID;
COMMENT ON COLUMN booking_seats.refund_id IS 'the refund by which it was given back; null while it is left';
COMMENT ON COLUMN booking_seats.refund_amount IS 'what comes back of it, minor units';
"""

BOOKINGS = """
ALTER TABLE bookings
    ADD COLUMN refund_count INTEGER DEFAULT '0' NOT NULL,
    DROP CONSTRAINT bookings_shape_check,
    ADD CONSTRAINT bookings_shape_check CHECK (
        CASE state
            WHEN 'RESERVING' THEN lease_until IS NOT NULL AND expires_at IS NULL AND payment_id IS NULL
            WHEN 'PENDING' THEN expires_at IS NOT NULL AND payment_id IS NULL AND refund_amount IS NULL
            WHEN 'CONFIRMING' THEN lease_until IS NOT NULL AND payment_id IS NOT NULL AND refund_amount IS NULL
            WHEN 'CONFIRMED' THEN payment_id IS NOT NULL AND (refund_amount IS NOT NULL) = (refund_count > 0)
            WHEN 'REFUNDING' THEN lease_until IS NOT NULL AND payment_id IS NOT NULL AND refund_amount > 0
                AND refund_count = 0
            WHEN 'REFUNDED' THEN payment_id IS NOT NULL AND refund_amount IS NOT NULL
                AND (refund_amount > 0 OR refund_count > 0)
            WHEN 'CANCELLED' THEN payment_id IS NULL AND refund_amount IS NULL
            WHEN 'EXPIRED' THEN payment_id IS NULL AND refund_amount IS NULL
            ELSE false
        END
    ) NOT VALID;
COMMENT ON COLUMN bookings.refund_count IS '0 with an amount: code from before';
COMMENT ON COLUMN bookings.refund_amount IS 'minor units, of all its refunds';
COMMENT ON COLUMN bookings.refund_percentage IS 'how much of what was paid that is';
COMMENT ON COLUMN bookings.refund_stuck IS 'of code from before';
"""


def upgrade() -> None:
    """Widen the schema."""
    for statement in (REFUNDS, SEATS, BOOKINGS):
        op.execute(statement)
