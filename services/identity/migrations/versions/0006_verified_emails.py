"""Since when it is known that an e-mail address is its user's.

Expand only: code from before leaves it null, and signs tokens that do not tell it.
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE users ADD COLUMN email_verified_at TIMESTAMP WITH TIME ZONE")
    op.execute("COMMENT ON COLUMN users.email_verified_at IS 'since when the address is known to be the user''s'")
