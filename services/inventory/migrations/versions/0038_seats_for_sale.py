"""Whether a show is sold out is found without a look at each of its seats.

Expand only.
"""

from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Add the index, while others write."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS show_seats_for_sale_idx")
        op.execute(
            "CREATE INDEX CONCURRENTLY show_seats_for_sale_idx ON show_seats (show_id, expires_at NULLS FIRST)"
            " WHERE status IN ('AVAILABLE', 'HELD', 'RESERVED') AND blocked_for IS NULL"
        )
