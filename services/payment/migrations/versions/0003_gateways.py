"""Each payment remembers its gateway.

Expand only: the version before begins its payments at the bank, as the default says.
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE payments ADD COLUMN gateway TEXT DEFAULT 'bank' NOT NULL")
    op.execute("COMMENT ON COLUMN payments.gateway IS 'where it was begun, and stays'")
