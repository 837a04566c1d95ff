"""The index by which the bookings of a show are found, beside the traffic.

Expand only.
"""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Build the index, after an attempt that may have failed."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS bookings_show_idx")
        op.execute("CREATE INDEX CONCURRENTLY bookings_show_idx ON bookings (show_id, id)")
