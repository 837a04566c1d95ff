"""Users may say a telephone number.

Expand only: the version before goes on beside it, and makes accounts without one.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column. The audit does not see it."""
    op.execute("ALTER TABLE users ADD COLUMN phone TEXT DEFAULT '' NOT NULL")
