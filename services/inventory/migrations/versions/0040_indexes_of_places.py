"""Places of areas are found by their areas.

Expand only.
"""

from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Add the indexes, while others write."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS show_seats_place_idx")
        op.execute(
            "CREATE INDEX CONCURRENTLY show_seats_place_idx ON show_seats (show_id, area_id, number)"
            " WHERE area_id IS NOT NULL"
        )
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS show_seats_free_place_idx")
        op.execute(
            "CREATE INDEX CONCURRENTLY show_seats_free_place_idx ON show_seats (show_id, area_id, number)"
            " WHERE area_id IS NOT NULL AND status = 'AVAILABLE'"
        )
