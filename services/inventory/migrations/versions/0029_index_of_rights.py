"""What is had by an access code is found by it.

Expand only.
"""

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Add the index, while others write."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS show_seats_right_idx")
        op.execute(
            "CREATE INDEX CONCURRENTLY show_seats_right_idx ON show_seats (show_id, right_id)"
            " WHERE right_id IS NOT NULL"
        )
