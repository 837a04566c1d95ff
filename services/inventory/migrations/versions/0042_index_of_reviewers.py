"""An index of reviews by their users: of whoever deletes the account the words are forgotten.

Expand only: it is built beside the traffic.
"""

from alembic import op

revision = "0042"
down_revision = "0041"


def upgrade() -> None:
    """Build the index."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS reviews_user_id_idx")
        op.execute("CREATE INDEX CONCURRENTLY reviews_user_id_idx ON reviews (user_id)")
