"""The seats of a booking keep what people read on them, and what is special about them.

Expand only: the version before writes none, and shows the seats by their numbers.
"""

from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Add the columns."""
    op.execute("ALTER TABLE booking_seats ADD COLUMN label TEXT")
    op.execute("COMMENT ON COLUMN booking_seats.label IS 'what people read on it; null: its number'")
    op.execute("ALTER TABLE booking_seats ADD COLUMN features TEXT")
    op.execute("COMMENT ON COLUMN booking_seats.features IS 'what is special about it, commas between; null: nothing'")
