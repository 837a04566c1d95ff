"""Refunds count how often they failed after they were carried out.

Expand only: the version before leaves it at 0, and hears of none.
"""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE booking_refunds ADD COLUMN undone INTEGER DEFAULT '0' NOT NULL")
    op.execute("COMMENT ON COLUMN booking_refunds.undone IS 'how often it failed after it was carried out'")
