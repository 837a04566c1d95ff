"""An event may say how many seats of each of its shows a user may have.

Expand only: the version before makes shows that go by the setting. So let an event say it when the roll is over.
"""

from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE events ADD COLUMN seat_limit SMALLINT")
    op.execute("COMMENT ON COLUMN events.seat_limit IS 'of its shows that do not say it; null: what the setting says'")
