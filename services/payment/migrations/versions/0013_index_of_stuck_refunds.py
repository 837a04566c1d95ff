"""An index of refunds that are stuck, which admins list: built beside the traffic, expand."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Build the index."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS refunds_stuck_idx")
        op.execute("CREATE INDEX CONCURRENTLY refunds_stuck_idx ON refunds (id) WHERE state = 'STUCK'")
