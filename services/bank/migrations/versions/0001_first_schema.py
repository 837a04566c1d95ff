"""The first schema: sessions, ledger, refunds, deliveries."""

from alembic import op

revision = "0001"
down_revision = None

SCHEMA = """
CREATE FUNCTION boxoffice_clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN clock_timestamp();

CREATE TABLE commit_markers (
    id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT commit_markers_pkey PRIMARY KEY (id)
);

CREATE INDEX commit_markers_created_at_idx ON commit_markers (created_at);

CREATE TABLE sessions (
    id TEXT NOT NULL,
    payment_id UUID NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    description TEXT NOT NULL,
    items TEXT[] NOT NULL,
    status TEXT NOT NULL,
    refunded_amount INTEGER DEFAULT '0' NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_amount_check CHECK (amount > 0),
    CONSTRAINT sessions_status_check CHECK (status IN ('OPEN', 'CAPTURED', 'DECLINED', 'EXPIRED', 'CLOSED')),
    CONSTRAINT sessions_end_check CHECK ((status = 'OPEN') = (ended_at IS NULL)),
    CONSTRAINT sessions_refunded_check CHECK (CASE status
            WHEN 'CAPTURED' THEN refunded_amount BETWEEN 0 AND amount
            ELSE refunded_amount = 0
        END)
);

COMMENT ON COLUMN sessions.id IS 'made by the merchant: sess_ and a UUID';
COMMENT ON COLUMN sessions.payment_id IS 'the merchant''s name for the payment';
COMMENT ON COLUMN sessions.amount IS 'minor units';
COMMENT ON COLUMN sessions.refunded_amount IS 'minor units';
CREATE INDEX sessions_expiry_idx ON sessions (expires_at) WHERE status = 'OPEN';

CREATE TABLE deliveries (
    id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    type TEXT NOT NULL,
    payload BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    next_attempt_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    attempts INTEGER DEFAULT '0' NOT NULL,
    last_error TEXT,
    delivered_at TIMESTAMP WITH TIME ZONE,
    dead_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT deliveries_pkey PRIMARY KEY (id),
    CONSTRAINT deliveries_end_check CHECK (delivered_at IS NULL OR dead_at IS NULL),
    CONSTRAINT deliveries_session_id_fkey FOREIGN KEY(session_id) REFERENCES sessions (id)
);

COMMENT ON TABLE deliveries IS 'webhooks, delivered and not';
COMMENT ON COLUMN deliveries.id IS 'the event''s id, the same in every try';
COMMENT ON COLUMN deliveries.payload IS 'the body, to the byte';
COMMENT ON COLUMN deliveries.dead_at IS 'given up';
CREATE INDEX deliveries_due_idx ON deliveries (next_attempt_at) WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX deliveries_session_id_idx ON deliveries (session_id);

CREATE TABLE refunds (
    id UUID NOT NULL,
    session_id TEXT NOT NULL,
    amount INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
    CONSTRAINT refunds_pkey PRIMARY KEY (id),
    CONSTRAINT refunds_amount_check CHECK (amount > 0),
    CONSTRAINT refunds_status_check CHECK (status IN ('PENDING', 'SUCCEEDED', 'DECLINED')),
    CONSTRAINT refunds_session_id_fkey FOREIGN KEY(session_id) REFERENCES sessions (id)
);

COMMENT ON COLUMN refunds.id IS 'made by the merchant';
COMMENT ON COLUMN refunds.amount IS 'minor units';
CREATE INDEX refunds_session_id_idx ON refunds (session_id);

CREATE TABLE ledger (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    session_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    currency TEXT NOT NULL,
    refund_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
    CONSTRAINT ledger_pkey PRIMARY KEY (id),
    CONSTRAINT ledger_entry_check CHECK (CASE kind
            WHEN 'CAPTURE' THEN amount > 0 AND refund_id IS NULL
            WHEN 'REFUND' THEN amount < 0 AND refund_id IS NOT NULL
            ELSE false
        END),
    CONSTRAINT ledger_session_id_fkey FOREIGN KEY(session_id) REFERENCES sessions (id),
    CONSTRAINT ledger_refund_id_key UNIQUE (refund_id),
    CONSTRAINT ledger_refund_id_fkey FOREIGN KEY(refund_id) REFERENCES refunds (id)
);

COMMENT ON TABLE ledger IS 'every movement of money; rows are never changed';
COMMENT ON COLUMN ledger.amount IS 'minor units; what came in counts up, what went out down';
CREATE UNIQUE INDEX ledger_capture_key ON ledger (session_id) WHERE kind = 'CAPTURE';
CREATE INDEX ledger_session_id_idx ON ledger (session_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is never changed, only added to';
END $$;

CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Begin the schema."""
    op.execute(SCHEMA)
