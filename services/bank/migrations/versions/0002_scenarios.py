"""Scenarios: orders, payment methods, payments under way, failing refunds, repeated webhooks and lies.

Expand only: the version before goes on beside it.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

SCENARIOS = """
ALTER TABLE sessions ADD COLUMN order_id TEXT DEFAULT '' NOT NULL;
ALTER TABLE sessions ADD COLUMN payment_method TEXT;
ALTER TABLE sessions ADD COLUMN decides_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE sessions ADD CONSTRAINT sessions_under_way_check
    CHECK (decides_at IS NULL OR payment_method IS NOT NULL);
COMMENT ON COLUMN sessions.order_id IS 'the merchant''s name for what is paid for';
COMMENT ON COLUMN sessions.payment_method IS 'the scenario that was chosen or drawn';
COMMENT ON COLUMN sessions.decides_at IS 'when the payment that is under way is decided';
CREATE INDEX sessions_due_idx ON sessions (COALESCE(decides_at, expires_at)) WHERE status = 'OPEN';
CREATE INDEX sessions_declined_idx ON sessions (order_id) WHERE status = 'DECLINED';
DROP INDEX sessions_expiry_idx;

ALTER TABLE refunds ADD COLUMN failures INTEGER DEFAULT '0' NOT NULL;
COMMENT ON COLUMN refunds.failures IS 'how often it failed';

ALTER TABLE deliveries ADD COLUMN repeats TEXT;
ALTER TABLE deliveries ADD COLUMN is_lie BOOLEAN DEFAULT false NOT NULL;
ALTER TABLE deliveries ADD COLUMN redriven_at TIMESTAMP WITH TIME ZONE;
COMMENT ON COLUMN deliveries.id IS 'the event''s id, the same in every try, unless it repeats another';
COMMENT ON COLUMN deliveries.dead_at IS 'given up, until somebody redrives it';
COMMENT ON COLUMN deliveries.repeats IS 'the event whose id it carries instead of its own';
COMMENT ON COLUMN deliveries.is_lie IS 'any answer will do';
COMMENT ON COLUMN deliveries.redriven_at IS 'when it was given another life';
"""


def upgrade() -> None:
    """Widen the schema."""
    op.execute(SCENARIOS)
