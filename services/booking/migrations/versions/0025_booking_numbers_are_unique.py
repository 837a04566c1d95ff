"""No two bookings have one number.

Expand only. The index also finds the bookings that have none yet.
"""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Add the index, while others write."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS bookings_number_idx")
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY bookings_number_idx ON bookings (booking_number)")
