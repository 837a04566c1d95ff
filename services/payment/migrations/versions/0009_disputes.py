"""Disputes, a ledger of what gateways did with money, and what they have kept.

Expand only: the version before writes none of it. The check of payments holds for what is written from now on; the next
migration has it hold for all rows.
"""

from alembic import op

revision = "0009"
down_revision = "0008"

DISPUTES = """
CREATE TABLE disputes (
    id TEXT NOT NULL,
    payment_id UUID NOT NULL,
    state TEXT NOT NULL,
    amount INTEGER NOT NULL,
    lost_amount INTEGER NOT NULL,
    respond_by TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
    CONSTRAINT disputes_pkey PRIMARY KEY (id),
    CONSTRAINT disputes_amount_check CHECK (amount > 0),
    CONSTRAINT disputes_payment_id_fkey FOREIGN KEY(payment_id) REFERENCES payments (id),
    CONSTRAINT disputes_state_check CHECK (CASE state
            WHEN 'OPEN' THEN lost_amount = 0
            WHEN 'WON' THEN lost_amount = 0
            WHEN 'LOST' THEN lost_amount > 0
            WHEN 'CLOSED' THEN lost_amount = 0
            ELSE false
        END)
);
COMMENT ON TABLE disputes IS 'payments that customers'' banks want back';
COMMENT ON COLUMN disputes.id IS 'the gateway''s name for it';
COMMENT ON COLUMN disputes.amount IS 'minor units';
COMMENT ON COLUMN disputes.lost_amount IS 'what was taken, minor units';
COMMENT ON COLUMN disputes.respond_by IS 'until when the gateway takes an answer';
CREATE INDEX disputes_payment_id_idx ON disputes (payment_id);
"""

LEDGER = """
CREATE TABLE ledger (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    movement_id UUID NOT NULL,
    payment_id UUID NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    account TEXT NOT NULL,
    amount INTEGER NOT NULL,
    booked_at TIMESTAMP WITH TIME ZONE DEFAULT boxoffice_clock() NOT NULL,
    CONSTRAINT ledger_pkey PRIMARY KEY (id),
    CONSTRAINT ledger_kind_check CHECK (kind IN ('CAPTURE', 'FEE', 'REFUND', 'REFUND_UNDONE', 'DISPUTE')),
    CONSTRAINT ledger_account_check CHECK (account IN ('BALANCE', 'CUSTOMERS', 'FEES', 'TAXES', 'DISPUTES')),
    CONSTRAINT ledger_amount_check CHECK (amount <> 0),
    CONSTRAINT ledger_payment_id_fkey FOREIGN KEY(payment_id) REFERENCES payments (id)
);
COMMENT ON TABLE ledger
    IS 'what gateways did with money, but for the bank, which has a ledger; rows are only added';
COMMENT ON COLUMN ledger.movement_id IS 'entries of one movement add up to 0';
COMMENT ON COLUMN ledger.reference IS 'the refund or dispute; else empty';
COMMENT ON COLUMN ledger.amount IS 'minor units of the payment''s currency';
CREATE INDEX ledger_payment_id_idx ON ledger (payment_id);
"""

PAYMENTS = """
ALTER TABLE payments
    ADD COLUMN fee_amount INTEGER,
    ADD COLUMN fee_tax INTEGER,
    ADD COLUMN next_fee_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN disputed_amount INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN lost_amount INTEGER DEFAULT '0' NOT NULL,
    ADD COLUMN refunded_by_disputes INTEGER DEFAULT '0' NOT NULL,
    ADD CONSTRAINT payments_disputes_check CHECK (
        disputed_amount >= 0 AND refunded_by_disputes BETWEEN 0 AND least(lost_amount, refunded_amount)
    ) NOT VALID;
COMMENT ON COLUMN payments.fee_amount
    IS 'what the gateway has kept of it, with tax; null: not known, or the bank''s';
COMMENT ON COLUMN payments.fee_tax IS 'the tax on that';
COMMENT ON COLUMN payments.next_fee_at IS 'when another gateway than the bank is asked for its fee';
COMMENT ON COLUMN payments.disputed_amount IS 'what the customer''s bank wants back';
COMMENT ON COLUMN payments.lost_amount IS 'what it has taken back';
COMMENT ON COLUMN payments.refunded_by_disputes
    IS 'of refunds, what lost disputes had given customers before';
ALTER TABLE refunds ADD COLUMN by_dispute BOOLEAN DEFAULT 'false' NOT NULL;
COMMENT ON COLUMN refunds.by_dispute IS 'a lost dispute had paid it before';
"""


def upgrade() -> None:
    """Widen the schema."""
    for statement in (DISPUTES, LEDGER, PAYMENTS):
        op.execute(statement)
