"""An index of payments by their users: whose account is to be deleted must have none under way.

Expand only: it is built beside the traffic.
"""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Build the index."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS payments_user_id_id_idx")
        op.execute("CREATE INDEX CONCURRENTLY payments_user_id_id_idx ON payments (user_id, id)")
