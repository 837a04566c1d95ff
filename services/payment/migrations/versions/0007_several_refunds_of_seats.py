"""A payment may have several refunds of seats.

Expand only: code from before asks for one refund of all seats under the payment's lock, and needs no constraint for it.
"""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Drop what forbade them; an index of 0006 keeps the other causes single."""
    op.execute("ALTER TABLE refunds DROP CONSTRAINT refunds_payment_id_cause_key")
    op.execute("COMMENT ON COLUMN refunds.id IS 'also the bank''s name for it; of REQUESTED ones booking''s, too'")
