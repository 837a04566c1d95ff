"""The first schema: bookings, their seats, captures, declines."""

from alembic import op

revision = "0001"
down_revision = None

SCHEMA = """
CREATE TABLE bookings (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    state TEXT NOT NULL,
    version INTEGER DEFAULT '1' NOT NULL,
    confirming_from TEXT,
    lease_until TIMESTAMP WITH TIME ZONE,
    total_amount INTEGER DEFAULT '0' NOT NULL,
    currency TEXT DEFAULT '' NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    payment_id UUID,
    refund_amount INTEGER,
    refund_percentage INTEGER,
    refund_stuck BOOLEAN DEFAULT 'false' NOT NULL,
    idempotency_key TEXT,
    request_hash BYTEA,
    show_id UUID NOT NULL,
    event_id UUID NOT NULL,
    is_movie BOOLEAN NOT NULL,
    title TEXT NOT NULL,
    theatre TEXT NOT NULL,
    city TEXT NOT NULL,
    screen TEXT NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seat_labels TEXT[] DEFAULT '{}' NOT NULL,
    CONSTRAINT bookings_pkey PRIMARY KEY (id),
    CONSTRAINT bookings_shape_check CHECK (CASE state
            WHEN 'RESERVING' THEN lease_until IS NOT NULL AND expires_at IS NULL AND payment_id IS NULL
            WHEN 'PENDING' THEN expires_at IS NOT NULL AND payment_id IS NULL AND refund_amount IS NULL
            WHEN 'CONFIRMING' THEN lease_until IS NOT NULL AND payment_id IS NOT NULL AND refund_amount IS NULL
            WHEN 'CONFIRMED' THEN payment_id IS NOT NULL AND refund_amount IS NULL
            WHEN 'REFUNDING' THEN lease_until IS NOT NULL AND payment_id IS NOT NULL AND refund_amount > 0
            WHEN 'REFUNDED' THEN payment_id IS NOT NULL AND refund_amount > 0
            WHEN 'CANCELLED' THEN payment_id IS NULL AND refund_amount IS NULL
            WHEN 'EXPIRED' THEN payment_id IS NULL AND refund_amount IS NULL
            ELSE false
        END),
    CONSTRAINT bookings_confirming_from_check CHECK ((state = 'CONFIRMING') = (confirming_from IS NOT NULL)),
    CONSTRAINT bookings_price_check CHECK (state = 'RESERVING' OR (total_amount > 0 AND currency <> '')),
    CONSTRAINT bookings_refund_check CHECK (refund_amount <= total_amount)
);

COMMENT ON COLUMN bookings.version IS 'counts moves; fences late workers off';
COMMENT ON COLUMN bookings.confirming_from IS 'what callers see while CONFIRMING';
COMMENT ON COLUMN bookings.lease_until IS 'when recovery takes an unfinished step over';
COMMENT ON COLUMN bookings.total_amount IS 'minor units; frozen when reserved';
COMMENT ON COLUMN bookings.expires_at IS 'by inventory''s clock';
COMMENT ON COLUMN bookings.payment_id IS 'the payment that buys the ticket';
COMMENT ON COLUMN bookings.refund_amount IS 'minor units';
COMMENT ON COLUMN bookings.refund_stuck IS 'declined for good by the bank';
COMMENT ON COLUMN bookings.seat_labels IS 'kept when seat rows are archived';
CREATE INDEX bookings_archive_idx ON bookings (updated_at) WHERE state IN ('CANCELLED', 'EXPIRED');
CREATE INDEX bookings_due_idx ON bookings (expires_at) WHERE state = 'PENDING';
CREATE UNIQUE INDEX bookings_idempotency_idx ON bookings (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX bookings_unfinished_idx ON bookings (lease_until) WHERE state IN ('RESERVING', 'CONFIRMING', 'REFUNDING');
CREATE INDEX bookings_user_idx ON bookings (user_id, id);

CREATE TABLE commit_markers (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT commit_markers_pkey PRIMARY KEY (id)
);

CREATE INDEX commit_markers_created_at_idx ON commit_markers (created_at);

CREATE TABLE idempotency_keys (
    user_id UUID NOT NULL,
    method TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    answer BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, method, key)
);

CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

CREATE TABLE outbox (
    id UUID NOT NULL,
    topic TEXT NOT NULL,
    payload BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    next_attempt_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    refusals INTEGER DEFAULT '0' NOT NULL,
    dead_at TIMESTAMP WITH TIME ZONE,
    dead_reason TEXT,
    CONSTRAINT outbox_pkey PRIMARY KEY (id)
);

COMMENT ON COLUMN outbox.attempts IS 'deliveries tried';
COMMENT ON COLUMN outbox.refusals IS 'definite refusals among them';
COMMENT ON COLUMN outbox.dead_at IS 'given up, until somebody redrives it';
CREATE INDEX outbox_next_attempt_at_idx ON outbox (next_attempt_at);

CREATE TABLE booking_seats (
    booking_id UUID NOT NULL,
    position INTEGER NOT NULL,
    seat_id UUID NOT NULL,
    section TEXT NOT NULL,
    row TEXT NOT NULL,
    number INTEGER NOT NULL,
    tier TEXT NOT NULL,
    price INTEGER NOT NULL,
    CONSTRAINT booking_seats_pkey PRIMARY KEY (booking_id, position),
    CONSTRAINT booking_seats_booking_id_fkey FOREIGN KEY(booking_id) REFERENCES bookings (id) ON DELETE CASCADE
);

COMMENT ON COLUMN booking_seats.price IS 'minor units, frozen';

CREATE TABLE captures (
    payment_id UUID NOT NULL,
    booking_id UUID NOT NULL,
    session_id TEXT NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    settlement TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT captures_pkey PRIMARY KEY (payment_id),
    CONSTRAINT captures_settlement_check CHECK (settlement IN ('CONFIRM', 'KEPT', 'NO_TICKET', 'DUPLICATE', 'MISMATCH')),
    CONSTRAINT captures_booking_id_fkey FOREIGN KEY(booking_id) REFERENCES bookings (id)
);

COMMENT ON TABLE captures IS 'money that was taken for bookings, and what it came to';
COMMENT ON COLUMN captures.settlement IS 'CONFIRM until it is known which';
CREATE INDEX captures_booking_id_idx ON captures (booking_id);
CREATE UNIQUE INDEX captures_kept_idx ON captures (booking_id) WHERE settlement IN ('CONFIRM', 'KEPT');

CREATE TABLE declines (
    payment_id UUID NOT NULL,
    booking_id UUID NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT declines_pkey PRIMARY KEY (payment_id),
    CONSTRAINT declines_booking_id_fkey FOREIGN KEY(booking_id) REFERENCES bookings (id)
);

COMMENT ON TABLE declines IS 'declined payments that were heard of: each extends its booking once';

CREATE FUNCTION boxoffice_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN clock_timestamp();
"""


def upgrade() -> None:
    """Begin the schema."""
    op.execute(SCHEMA)
