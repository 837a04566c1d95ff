"""Blocked places of areas are found among few: a hold by an access code looked at all places of its area, under the lock.

Expand only: an index, built beside the traffic.
"""

from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    """Build the index; an attempt that failed may have left one that is not valid."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS show_seats_blocked_place_idx")
        op.execute(
            "CREATE INDEX CONCURRENTLY show_seats_blocked_place_idx ON show_seats (show_id, area_id, number)"
            " WHERE area_id IS NOT NULL AND (blocked_for IS NOT NULL OR status = 'BLOCKED')"
        )
