"""An index of the guests whose names are to be forgotten after their shows.

Expand only: it is built beside the traffic.
"""

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Build the index."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS bookings_guests_idx")
        op.execute("CREATE INDEX CONCURRENTLY bookings_guests_idx ON bookings (starts_at) WHERE guest_name <> ''")
