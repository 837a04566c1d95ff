"""A show may say how many of its seats a user may have.

Expand only: the version before does not know of it and goes by the setting. So let a show say it when the roll is over.
"""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Add the columns."""
    op.execute("ALTER TABLE shows ADD COLUMN seat_limit SMALLINT")
    op.execute("COMMENT ON COLUMN shows.seat_limit IS 'how many seats a user may have; null: what the setting says'")
    op.execute("ALTER TABLE show_counters ADD COLUMN seat_limit SMALLINT")
    op.execute("COMMENT ON COLUMN show_counters.seat_limit IS 'the show''s; null: what the setting says'")
