"""The check of sessions' methods holds for all rows."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Look at the rows of before, beside the traffic."""
    op.execute("ALTER TABLE sessions VALIDATE CONSTRAINT sessions_method_check")
