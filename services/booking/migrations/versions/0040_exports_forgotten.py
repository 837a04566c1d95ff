"""Who has had bookings as a file is forgotten after a while: the table no longer says that its rows are kept.

Expand only: the version before keeps them until a process of this one comes.
"""

from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Say what the table is."""
    op.execute("COMMENT ON TABLE booking_exports IS 'who has had which bookings as a file'")
