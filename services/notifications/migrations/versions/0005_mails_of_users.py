"""Mails are found by their user, for whoever wants to have what is kept of them.

Expand only: an index, built beside the traffic.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Build the index; an attempt that failed may have left one that is not valid."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS mails_user_id_id_idx")
        op.execute("CREATE INDEX CONCURRENTLY mails_user_id_id_idx ON mails (user_id, id)")
