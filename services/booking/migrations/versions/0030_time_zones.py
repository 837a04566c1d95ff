"""A booking keeps the time zone of its venue.

Expand only: what the version before books has none, and answers say none.
"""

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE bookings ADD COLUMN time_zone TEXT")
    op.execute(
        "COMMENT ON COLUMN bookings.time_zone IS 'the venue''s, IANA''s name of it; null where code from before wrote the row'"
    )
