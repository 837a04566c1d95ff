"""The indexes by which jobs find the bookings and refunds of code from before, whose tickets are to be seen to.

Expand only: built beside the traffic.
"""

from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Build the indexes, after an attempt that may have failed."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS bookings_without_tickets_idx")
        op.execute(
            "CREATE INDEX CONCURRENTLY bookings_without_tickets_idx ON bookings (id)"
            " WHERE state = 'CONFIRMED' AND ticket_ids IS NULL"
        )
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS booking_refunds_of_before_idx")
        op.execute(
            "CREATE INDEX CONCURRENTLY booking_refunds_of_before_idx ON booking_refunds (id) WHERE NOT tickets_revoked"
        )
