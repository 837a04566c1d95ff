"""An index for the declines of a booking, which are looked for whenever a booking is dropped.

Expand only: the version before goes on beside it.
"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the index, while others write."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS declines_booking_id_idx")
        op.execute("CREATE INDEX CONCURRENTLY declines_booking_id_idx ON declines (booking_id)")
