"""The first schema: payments, refunds, the inbox."""

from alembic import op

revision = "0001"
down_revision = None

SCHEMA = """
CREATE FUNCTION boxoffice_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN clock_timestamp();

CREATE TABLE booking_accounts (
    booking_id UUID NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT booking_accounts_pkey PRIMARY KEY (booking_id)
);

COMMENT ON TABLE booking_accounts IS 'the lock for the opening of a booking''s sessions, and its tombstone';
COMMENT ON COLUMN booking_accounts.closed_at IS 'since when no session may open any more';

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

CREATE TABLE webhook_events (
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    payment_id UUID NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT webhook_events_pkey PRIMARY KEY (id)
);

COMMENT ON TABLE webhook_events IS 'the inbox: every event that was taken; rows stay for ever';
COMMENT ON COLUMN webhook_events.id IS 'the bank''s name for it';

CREATE TABLE payments (
    id UUID NOT NULL,
    booking_id UUID NOT NULL,
    user_id UUID NOT NULL,
    session_id TEXT NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    refunded_amount INTEGER DEFAULT '0' NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_poll_at TIMESTAMP WITH TIME ZONE,
    polls INTEGER DEFAULT '0' NOT NULL,
    CONSTRAINT payments_pkey PRIMARY KEY (id),
    CONSTRAINT payments_amount_check CHECK (amount > 0),
    CONSTRAINT payments_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT payments_state_check CHECK (CASE state
            WHEN 'PENDING' THEN refunded_amount = 0 AND next_poll_at IS NOT NULL
            WHEN 'SUCCESS' THEN refunded_amount = 0 AND next_poll_at IS NULL
            WHEN 'FAILED' THEN refunded_amount = 0 AND next_poll_at IS NULL
            WHEN 'EXPIRED' THEN refunded_amount = 0 AND next_poll_at IS NULL
            WHEN 'REFUNDED' THEN refunded_amount = amount AND next_poll_at IS NULL
            WHEN 'PARTIALLY_REFUNDED' THEN
                refunded_amount > 0 AND refunded_amount < amount AND next_poll_at IS NULL
            ELSE false
        END),
    CONSTRAINT payments_booking_id_fkey FOREIGN KEY(booking_id) REFERENCES booking_accounts (booking_id),
    CONSTRAINT payments_session_id_key UNIQUE (session_id)
);

COMMENT ON COLUMN payments.session_id IS 'the bank''s checkout session, named by us';
COMMENT ON COLUMN payments.amount IS 'minor units';
COMMENT ON COLUMN payments.refunded_amount IS 'minor units';
COMMENT ON COLUMN payments.expires_at IS 'the session''s';
COMMENT ON COLUMN payments.updated_at IS 'when it came to its state';
COMMENT ON COLUMN payments.next_poll_at IS 'when the bank is asked about it';
CREATE INDEX payments_booking_id_id_idx ON payments (booking_id, id);
CREATE UNIQUE INDEX payments_live_key ON payments (booking_id) WHERE state = 'PENDING';
CREATE INDEX payments_poll_idx ON payments (next_poll_at) WHERE state = 'PENDING';

CREATE TABLE refunds (
    id UUID NOT NULL,
    payment_id UUID NOT NULL,
    cause TEXT NOT NULL,
    amount INTEGER NOT NULL,
    state TEXT NOT NULL,
    stuck_reason TEXT,
    attempts INTEGER DEFAULT '0' NOT NULL,
    next_attempt_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
    CONSTRAINT refunds_pkey PRIMARY KEY (id),
    CONSTRAINT refunds_payment_id_cause_key UNIQUE (payment_id, cause),
    CONSTRAINT refunds_amount_check CHECK (amount > 0),
    CONSTRAINT refunds_cause_check CHECK (cause IN ('REQUESTED', 'NO_TICKET', 'DUPLICATE', 'MISMATCH')),
    CONSTRAINT refunds_state_check CHECK (CASE state
            WHEN 'REQUESTED' THEN stuck_reason IS NULL
            WHEN 'SUCCEEDED' THEN stuck_reason IS NULL
            WHEN 'STUCK' THEN stuck_reason IS NOT NULL
            ELSE false
        END),
    CONSTRAINT refunds_payment_id_fkey FOREIGN KEY(payment_id) REFERENCES payments (id)
);

COMMENT ON COLUMN refunds.id IS 'also the bank''s name for it';
COMMENT ON COLUMN refunds.amount IS 'minor units';
COMMENT ON COLUMN refunds.stuck_reason IS 'why the bank declined it for good';
COMMENT ON COLUMN refunds.attempts IS 'tries after the first';
CREATE INDEX refunds_due_idx ON refunds (next_attempt_at) WHERE state = 'REQUESTED';
"""


def upgrade() -> None:
    """Begin the schema."""
    op.execute(SCHEMA)
