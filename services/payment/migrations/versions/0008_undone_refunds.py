"""Refunds count how often they failed after they were carried out, and how often somebody had them tried again.

Expand only: the version before leaves both at 0.
"""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns."""
    op.execute("ALTER TABLE refunds ADD COLUMN undone INTEGER DEFAULT '0' NOT NULL")
    op.execute("COMMENT ON COLUMN refunds.undone IS 'how often it failed after it was carried out'")
    op.execute("ALTER TABLE refunds ADD COLUMN redriven INTEGER DEFAULT '0' NOT NULL")
    op.execute("COMMENT ON COLUMN refunds.redriven IS 'how often somebody had it tried again'")
